from datetime import UTC, date, datetime

import pytest

from alerts.meetings.reader import MeetingReader
from config.departures import load_departures
from config.people import load_people
from config.vocabulary import LANGUAGES
from storage.model import Field

SUNDAY = datetime(2023, 5, 28, 8, 0, tzinfo=UTC)
SATURDAY = date(2023, 5, 27)


@pytest.fixture(scope="module")
def reader():
    return MeetingReader(load_people((), {}))


def left(reader, language, text, title=""):
    return [(one.person, one.place, one.date) for one in reader.departures(title, text, language, SUNDAY)]


def test_every_language_tells_of_departures():
    assert set(load_departures()) == set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_finds_its_example_and_not_its_counterexample(reader, language):
    words = load_departures()[language]
    assert left(reader, language, words.example) == [("Li Hui", "Moscow", SATURDAY)]
    assert left(reader, language, words.wrong) == []


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Li Hui, who had met Lavrov on Friday, flew out of Moscow on Saturday."),
        ("en", "Li Hui met Sergei Lavrov on Friday. He left Moscow on Saturday."),
        ("en", "On Saturday Li Hui ended his visit to Moscow."),
        ("ru", "Спецпредставитель Ли Хуэй в субботу вылетел из Москвы в Пекин."),
        ("uk", "У суботу Лі Хуей вилетів із Москви до Пекіна."),
        ("zh", "中国特使李辉27日结束对莫斯科的访问。"),
        ("pl", "W sobotę Li Hui wyleciał z Moskwy."),
        ("de", "Am Samstag verließ der Sondergesandte Li Hui Moskau."),
        ("de", "Li Hui ist am Samstag aus Moskau abgereist."),
        ("fr", "Li Hui est reparti samedi de Moscou."),
        ("es", "El enviado chino Li Hui salió el sábado de Moscú."),
    ],
)
def test_who_left_is_the_guest_nearest_to_the_verb_and_the_day_is_the_verbs(reader, language, text):
    assert left(reader, language, text) == [("Li Hui", "Moscow", SATURDAY)]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Sergei Lavrov left Moscow for Beijing."),  # he is at home there
        ("en", "Li Hui's delegation left Moscow unimpressed."),
        ("en", "Li Hui will have left Moscow by then."),
        ("en", "If Li Hui left Moscow, nobody saw it."),
        ("en", "Li Hui left Moscow in March 2022."),
        ("en", "Li Hui left Moscow on 2 May."),
        ("en", "Has Li Hui left Moscow?"),
        ("en", "The convoy left Moscow on Saturday."),
        ("en", "Li Hui met Lavrov and Qin Gang. He left Moscow on Saturday."),
        ("es", "Li Hui partió hacia Moscú."),
        ("zh", "李辉没有离开莫斯科。"),
        ("ja", "Li Hui left Moscow."),
    ],
)
def test_what_is_no_departure(reader, language, text):
    assert left(reader, language, text) == []


def test_a_departure_quotes_its_sentence_where_it_stands(reader):
    title, text = "Envoy moves on", "There was no comment. Li\u00a0Hui left Moscow on Saturday. Nobody saw him off."
    (found,) = reader.departures(title, text, "en", SUNDAY)
    assert found.span.field is Field.TEXT
    assert found.evidence == text[found.span.start : found.span.end] == "Li\u00a0Hui left Moscow on Saturday."
