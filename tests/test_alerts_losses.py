from datetime import UTC, datetime, timedelta

import pytest

from alerts.losses import ONLINE_PATIENCE, Situation, decide_losses
from storage.health import Outage, WatchedSource
from storage.model import AlertKind, FaultKind, Reason, Verdict

NOW = datetime(2026, 3, 18, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
EVERY = HOUR


def source(number, fault=FaultKind.CONNECT, **changes):
    """A source asked every five minutes; at fault for a quarter of an hour, lost since a moment ago, told to nobody."""
    from dataclasses import replace

    one = WatchedSource(
        id=number,
        name=f"Wire {number}",
        host=f"wire{number}.example",
        watched=True,
        fault=fault,
        fault_detail="refused" if fault else None,
        fault_since=NOW - 15 * MINUTE,
        last_poll_at=NOW - MINUTE,
        due_at=NOW + 4 * MINUTE,
        last_ok_at=NOW - 20 * MINUTE,
        recovered_at=None if fault else NOW - MINUTE,
        lost_at=NOW - MINUTE if fault else None,
        told_at=None,
    )
    return replace(one, **changes)


def back(number, **changes):
    return source(number, None, told_at=NOW - 3 * HOUR, last_ok_at=NOW - MINUTE, **changes)


def situation(*sources, watched=40, last_ok_at=NOW - timedelta(seconds=5), outage=None, last_told_at=None):
    return Situation(sources, watched, last_ok_at, outage, last_told_at)


def tell(found, now=NOW, channels=("desk",)):
    return decide_losses(found, channels, EVERY, now)


def reasons(telling):
    return [(one.verdict, one.reason) for one in telling.decisions]


# ---------------------------------------------------------------- lost and back


def test_promise_40_a_lost_source_is_told_once_with_class_since_when_and_what_to_do():
    told = tell(situation(source(1)))
    assert told.alert.title == "Source lost: Wire 1"
    assert told.alert.kind is AlertKind.SOURCE
    assert told.alert.channels == ("desk",)
    first, advice = told.alert.detail.splitlines()
    assert first == (
        "Wire 1: no connection could be made (refused) since 18 March 2026 11:45 UTC, last read 18 March 2026 11:40 UTC"
    )
    assert "tried again by itself" in advice
    assert told.lost == (1,)
    assert reasons(told) == [(Verdict.ALERT, Reason.SOURCE_LOST)]
    assert told.decisions[0].alert_key == told.alert.key
    assert tell(situation(source(1, told_at=NOW))).alert is None


def test_one_that_only_fails_so_far_is_named_beside_but_not_told():
    failing = source(2, lost_at=NOW + MINUTE)
    assert tell(situation(failing)).alert is None
    told = tell(situation(source(1), failing))
    assert told.alert.title == "Source lost: Wire 1"
    assert told.alert.detail.endswith("Failing, but not lost yet: Wire 2")
    assert told.lost == (1,)


def test_while_a_poll_is_due_its_outcome_is_waited_for():
    assert tell(situation(source(1, due_at=NOW))).alert is None


def test_many_are_one_message_by_class_with_the_advice_once():
    told = tell(situation(source(1), source(2, FaultKind.GONE), source(3), source(4, FaultKind.GONE), back(5), back(6)))
    assert told.alert.title == "4 sources lost: Wire 1, Wire 2, Wire 3 and 1 more; 2 sources back: Wire 5, Wire 6"
    lines = [line.partition(":")[0] for line in told.alert.detail.splitlines()]
    assert lines[:2] == ["Wire 1", "Wire 3"]
    assert lines[3:5] == ["Wire 2", "Wire 4"]
    assert told.alert.detail.count("tried again by itself") == 1
    assert (told.lost, told.back) == ((1, 2, 3, 4), (5, 6))


def test_hundreds_are_counted_after_the_first():
    told = tell(situation(*(source(n, FaultKind.GONE) for n in range(300))))
    assert "and 280 more" in told.alert.detail
    assert len(told.lost) == 300
    assert len(told.decisions) == 21


def test_one_that_is_read_again_is_told_as_back():
    told = tell(situation(back(1)))
    assert told.alert.title == "Source back: Wire 1"
    assert told.alert.detail == "Wire 1: read again since 18 March 2026 11:59 UTC"
    assert told.back == (1,)
    assert reasons(told) == [(Verdict.ALERT, Reason.SOURCE_BACK)]


def test_one_that_nobody_was_told_of_comes_back_unsaid():
    assert tell(situation()).alert is None
    assert tell(situation(source(1, None))).alert is None


def test_of_one_that_was_paused_or_removed_nothing_is_told_any_more():
    assert tell(situation(source(1, watched=False))).alert is None
    told = tell(situation(source(1, watched=False, told_at=NOW - HOUR)))
    assert told.alert is None
    assert told.back == (1,)


def test_at_most_one_message_goes_out_in_an_hour_and_what_waits_is_decided_with_its_reason():
    found = situation(source(1), last_told_at=NOW - 59 * MINUTE)
    held = tell(found)
    assert held.alert is None
    assert held.lost == ()
    assert reasons(held) == [(Verdict.QUIET, Reason.TOLD_THIS_HOUR)]
    assert "Wire 1" in held.decisions[0].detail
    assert tell(found, NOW + MINUTE).alert.title == "Source lost: Wire 1"


def test_strange_names_and_answers_stay_on_their_line():
    strange = source(1, name="A\r\nBcc: x@y.z", fault_detail="no\nway \x1b[31m https://a.example/?token=s3cret")
    told = tell(situation(strange))
    assert len(told.alert.detail.splitlines()) == 2
    assert len(told.alert.title.splitlines()) == 1
    assert "\x1b" not in told.alert.detail
    assert "s3cret" not in told.alert.detail


# ---------------------------------------------------------------- offline

SILENCE = {"last_ok_at": NOW - 16 * MINUTE}


def test_when_nothing_answers_any_more_the_machine_is_offline_and_none_is_named():
    told = tell(situation(source(1), source(2, FaultKind.NAME), source(3, lost_at=NOW + HOUR), **SILENCE))
    assert told.alert.title == "This machine seems offline: no source answers since 18 March 2026 11:44 UTC"
    assert "Wire" not in told.alert.detail
    assert "3 of 40 sources" in told.alert.detail
    assert told.lost == (1, 2)
    assert told.outage == Outage(NOW - 16 * MINUTE, NOW)
    assert reasons(told) == [(Verdict.ALERT, Reason.OFFLINE)]


@pytest.mark.parametrize(
    "found",
    [
        situation(source(1), source(2), source(3)),  # others are read
        situation(source(1), source(2), source(3, FaultKind.GONE), **SILENCE),  # an answer is an answer
        situation(source(1), source(2, lost_at=NOW + HOUR), source(3, FaultKind.SERVER, lost_at=NOW + HOUR), **SILENCE),
        situation(*(source(n, host="one.example") for n in range(3)), **SILENCE),  # it is that server
        situation(source(1), source(2), **SILENCE),  # too few of forty to say so
        situation(source(1), watched=1, **SILENCE),
    ],
)
def test_else_the_lost_ones_are_named(found):
    assert "lost: Wire" in tell(found).alert.title


def test_all_of_two_sources_on_two_servers_are_enough():
    assert "offline" in tell(situation(source(1), source(2), watched=2, **SILENCE)).alert.title


def test_nothing_ever_read_is_offline_too():
    never = [source(n, last_ok_at=None) for n in range(3)]
    assert (
        "offline: no source answers since 18 March 2026 11:45" in tell(situation(*never, last_ok_at=None)).alert.title
    )


OUTAGE = Outage(NOW - HOUR, NOW - 50 * MINUTE)


def test_during_an_outage_no_more_is_told():
    found = situation(source(1, told_at=NOW - 50 * MINUTE), source(2), outage=OUTAGE, last_ok_at=NOW - HOUR)
    told = tell(found, NOW + 5 * HOUR)
    assert told.alert is None
    assert told.outage == OUTAGE
    told = tell(found)
    assert told.lost == (2,)
    assert reasons(told) == [(Verdict.QUIET, Reason.OFFLINE)]


def test_the_first_good_poll_ends_it_and_has_all_asked_again():
    told = tell(situation(source(1, told_at=NOW - HOUR), outage=OUTAGE))
    assert told.alert is None
    assert told.wake
    assert told.outage == Outage(NOW - HOUR, NOW - 50 * MINUTE, NOW)


def test_once_all_were_asked_again_it_says_who_is_back_and_names_those_who_are_not():
    online = Outage(NOW - HOUR, NOW - 50 * MINUTE, NOW - 5 * MINUTE)
    told_at = NOW - 50 * MINUTE
    late = source(3, told_at=told_at, last_poll_at=NOW - 6 * MINUTE)
    rest = (back(1), source(2, told_at=told_at), source(4, FaultKind.GONE))
    waiting = tell(situation(*rest, late, outage=online))
    assert (waiting.alert, waiting.outage, waiting.wake) == (None, online, False)
    assert tell(situation(*rest, late, outage=online), NOW - 5 * MINUTE + ONLINE_PATIENCE).alert
    held = tell(situation(*rest, outage=online, last_told_at=NOW - 50 * MINUTE))
    assert (held.alert, held.outage) == (None, online)
    told = tell(situation(*rest, outage=online))
    assert told.alert.title == "This machine is online again: 38 of 40 sources are read"
    assert told.alert.detail.startswith("Nothing was read from 18 March 2026 11:00 UTC to 18 March 2026 11:55 UTC.\n")
    assert "Wire 2" in told.alert.detail
    assert "Wire 1" not in told.alert.detail
    assert (told.lost, told.back, told.outage) == ((4, 2), (1,), None)
    assert reasons(told) == [(Verdict.ALERT, Reason.ONLINE)] + [(Verdict.ALERT, Reason.SOURCE_LOST)] * 2
