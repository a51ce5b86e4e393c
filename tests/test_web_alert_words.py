import re
from dataclasses import replace
from datetime import date

import pytest

from alerts import absence_words as words
from alerts.coverage import cover
from alerts.words import LEVEL
from config.vocabulary import Level, Role
from envoywatch.web.alert_words import Line, detail_of, title_of
from envoywatch.web.languages import ENGLISH, Languages
from storage.model import AlertKind, Change, FaultKind
from storage.views import list_alerts
from storage.views_coverage import ReadSource
from tests.mission_database import seed

LANGUAGES = Languages()
GERMAN = LANGUAGES.get("de")
DAY = date(2023, 5, 24)


@pytest.fixture(scope="module")
def alert(tmp_path_factory):
    """One that is about something that did not happen."""
    from storage.database import open_reader

    path = tmp_path_factory.mktemp("absences") / "envoywatch.db"
    seed(path)
    reader = open_reader(path)
    found = next(one for one in list_alerts(reader, limit=100) if one.kind is AlertKind.OVERDUE)
    reader.close()
    return found


def told(alert, *lines):
    return [line.text for line in detail_of(GERMAN, replace(alert, detail="\n".join(lines)))]


def test_that_a_guest_left_unreceived_is_told_in_the_language_of_the_page(alert):
    left = replace(alert, title=words.LEFT.say(guest="Li Hui", place="Berlin", leader="Olaf Scholz"))
    said = "Li Hui hat Berlin verlassen, ohne von Olaf Scholz empfangen worden zu sein, soweit berichtet wird"
    assert title_of(GERMAN, left) == Line(said, "de")
    host = words.HOSTS.say(people="A and B", level=LEVEL[Level.DEPUTY], day=DAY)
    other = words.HOSTS.say(people="C", level=LEVEL[Level.MINISTER], day=DAY)
    assert told(alert, words.RECEIVED.say(hosts=f"{host}; {other}"), words.NEXT_SEEN.say(day=DAY)) == [
        "dort empfangen von: A und B (Stellvertreterebene, 24. Mai 2023); C (Ministerebene, 24. Mai 2023)",
        "danach gesehen am 24. Mai 2023",
    ]


def test_a_change_of_a_meeting_is_told_in_the_language_of_the_page_unless_its_title_is_another(alert):
    held = replace(
        alert,
        kind=AlertKind.MEETING,
        change=Change.CONFIRMED,
        title="A: B – C: confirmed by an official source, leader level, Kyiv, 2023-05-17",
        place="Kyiv",
        date=date(2023, 5, 17),
    )
    said = "A: B – C: von einer amtlichen Quelle bestätigt, höchste Ebene, Kyiv, 17. Mai 2023"
    assert title_of(GERMAN, held) == Line(said, "de")
    bare = replace(held, title="B – C: confirmed by an official source, other level", place=None, date=None)
    assert title_of(GERMAN, bare).text == "B – C: von einer amtlichen Quelle bestätigt, andere Ebene"
    for other in (replace(held, title="Corrected: B – C"), replace(held, change=None)):
        assert title_of(GERMAN, other) == Line(other.title, "en")


def test_a_list_of_sources_is_one_line_again_with_roles_faults_and_numbers_in_that_language(alert):
    read = [ReadSource(f"Bulletin {n}", Role.STATE_MEDIA, "uk", "UA", read=True) for n in range(41)]
    lost = ReadSource("Ministry", Role.OFFICIAL, None, "CN", read=False, fault=FaultKind.TIMEOUT)
    lines = cover([*read, lost], {"UA"}, 1041, 1042).lines
    assert len(lines) > 4
    assert told(alert, *lines) == [
        "gelesen: " + ", ".join(f"Bulletin {n} (Staatsmedium, uk)" for n in range(40)) + " und 1 weitere",
        "nicht lesbar: Ministry (amtlich): die Antwort dauerte zu lange",
        "insgesamt 1.041 von 1.042 Quellen gelesen",
    ]


@pytest.mark.parametrize(
    ("age", "said"), [("1 hour", "1 Stunde"), ("36 hours", "36 Stunden"), ("90 minutes", "90 Minuten")]
)
def test_how_long_ago_it_was_reported_is_counted_in_that_language(alert, age, said):
    silent = replace(alert, title=words.SILENT.say(people="A and B", age=age))
    assert title_of(GERMAN, silent).text == f"A und B: vor {said} gemeldet, und keine amtliche Quelle bestätigt es"


def test_what_is_none_of_the_sentences_and_what_is_told_in_english_stays_as_it_was_sent(alert):
    assert title_of(GERMAN, replace(alert, title="Corrected: so it is")) == Line("Corrected: so it is", "en")
    assert told(alert, "a late report", "read by nobody") == ["a late report", "read by nobody"]
    for line in (title_of(ENGLISH, alert), *detail_of(ENGLISH, alert)):
        assert line.lang == "en"
        assert line.text in f"{alert.title}\n{alert.detail}"
    source = replace(alert, kind=AlertKind.SOURCE)
    assert title_of(GERMAN, source) == Line(alert.title, "en")
    match = replace(alert, kind=AlertKind.MATCH)
    assert [title_of(GERMAN, match).lang, *(line.lang for line in detail_of(GERMAN, match))] == [None] * 3


@pytest.mark.parametrize("tag", LANGUAGES.tags[1:])
def test_every_language_tells_all_parts_of_every_sentence(alert, tag):
    parts = {"day": DAY, "time": "18:00 UTC", "age": "36 hours", "n": 7, "num": 23, "level": LEVEL[Level.LEADER]}
    for sentence in words.TITLES + words.DETAILS:
        names = re.findall(r"%\((\w+)\)s", sentence.text)
        free = {name: name.upper() for name in names if name not in parts}
        line = sentence.say(**{name: value for name, value in parts.items() if name in names}, **free)
        is_title = sentence in words.TITLES
        text = (
            title_of(LANGUAGES.get(tag), replace(alert, title=line))
            if is_title
            else detail_of(LANGUAGES.get(tag), replace(alert, detail=line))[0]
        )
        assert text.lang == tag
        assert all(name in text.text for name in free.values()), text
        assert "%(" not in text.text
