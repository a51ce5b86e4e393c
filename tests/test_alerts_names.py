"""Who is meant where in a text: tables by language, and laws that hold for any text."""

from datetime import date
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from alerts.names import NameFinder
from config.people import load_people
from config.vocabulary import LANGUAGES, Level

TABLES = Path(__file__).parent / "data" / "names"
FLAGS = ("former", "deputy", "envoy", "spokesman", "acting", "elect", "candidate")


@cache
def finder():
    return NameFinder(load_people())


def rows():
    for path in sorted(TABLES.glob("*.yaml")):
        for row in YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")):
            yield pytest.param(path.stem, row, id=f"{path.stem}: {row['text'][:50]}")


def told(mention, text):
    flags = [flag for flag in FLAGS if getattr(mention, flag)]
    return [text[mention.start : mention.end], mention.label, mention.level, mention.kind, *flags]


@pytest.mark.parametrize(("language", "row"), list(rows()))
def test_the_mentions_of_a_sentence(language, row):
    at = row["at"] if isinstance(row["at"], date) else date.fromisoformat(row["at"])
    assert [told(mention, row["text"]) for mention in finder().find(row["text"], language, at)] == row["who"]


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("Michel Aoun was replaced. Aoun left.", {"Michel Aoun", "Joseph Aoun"}),
        ("Hillary Clinton spoke. Clinton left.", {"Hillary Clinton"}),
        ("Acting president Delcy Rodríguez spoke. The president left.", {"Delcy Rodríguez"}),
    ],
)
def test_a_bare_surname_or_office_is_whom_the_text_is_about(text, labels):
    found = finder().find(text, "en", date(2026, 2, 1))
    assert {mention.label for mention in found} <= labels


def test_a_language_that_is_not_read_is_searched_as_english():
    (mention,) = finder().find("Emmanuel Macron", "it-IT", date(2024, 1, 1))
    assert mention.label == "Emmanuel Macron"


def test_the_deputy_of_a_leader_is_a_minister():
    (mention,) = finder().find("the acting deputy president of Kenya", "en", date(2024, 1, 1))
    assert mention.level is Level.MINISTER
    assert mention.deputy
    assert mention.acting


@pytest.mark.parametrize("text", ["", " ", "\n", "İİİ Macron", "ﬁ Путин ﬁ", "Ｍａｃｒｏｎ", "’s Macron’s"])
def test_odd_letters_do_not_move_the_offsets(text):
    for language in LANGUAGES:
        for mention in finder().find(text, language, date(2024, 1, 1)):
            assert 0 <= mention.start < mention.end <= len(text)


WORDS = st.sampled_from(
    [
        "Macron",
        "French",
        "president",
        "former",
        "deputy",
        "foreign minister",
        "Xi Jinping",
        "Путин",
        "президент",
        "МИД",
        "Франции",
        "习近平",
        "法国总统",
        "Sánchez",
        "ministre",
        "Bundeskanzler",
        "Scholz",
        "Prezydent",
        "Dudy",
        "’s",
        ",",
        ".",
        "\n",
        "the",
        "of",
        "Trump",
        "Tower",
        "envoy",
        "Li Hui",
        "-",
        "Zzyx Abc",
        "papież",
        "İ",
    ]
)


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(st.text(max_size=120), st.lists(WORDS, max_size=14).map(" ".join)),
    st.sampled_from([*LANGUAGES, "xx"]),
    st.dates(date(2019, 1, 1), date(2027, 1, 1)),
)
def test_mentions_of_any_text_are_disjoint_ordered_and_inside_it(text, language, at):
    mentions = finder().find(text, language, at)
    ends = [0]
    for mention in mentions:
        assert ends[-1] <= mention.start < mention.end <= len(text)
        ends.append(mention.end)


@pytest.mark.parametrize(
    ("language", "text", "label"),
    [
        ("ru", "встретился с губернатором Дмитрием Соколовым", "Dmitry Sokolov"),
        ("ru", "принял губернатора Андрея Козицкого", "Andrey Kozitsky"),
        ("ru", "губернатор Иван Петров приехал", "Ivan Petrov"),
        ("uk", "зустрівся з губернатором Остапом Зайченком", "Ostap Zaichenko"),
    ],
)
def test_an_unknown_name_in_cyrillic_is_told_in_latin_letters_and_the_nominative(language, text, label):
    (mention,) = NameFinder(load_people()).find(text, language, date(2025, 1, 1))
    assert (mention.label, mention.kind) == (label, "unknown-named")
