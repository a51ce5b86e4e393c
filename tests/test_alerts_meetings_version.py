from alerts.meetings.version import detector_version
from config.model import PersonEntry


def test_the_version_of_the_detector_changes_with_the_configured_people_alone():
    more = (PersonEntry(name="Arda Lin", forms={"zh": ["林达"]}),)
    assert detector_version() == detector_version(())
    assert detector_version(more) == detector_version(more) != detector_version()
    assert 0 <= detector_version(more) < 2**63
