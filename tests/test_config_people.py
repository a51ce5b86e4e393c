"""The people: the files' form, who held what when, look-ups, and the operator's additions."""

from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML

from config import people as module
from config import people_files as files
from config.countries import load_countries
from config.model import PersonEntry
from config.offices import load_office_kinds, parse_lexicon
from config.people import UnknownPersonError, load_people
from config.people_files import find_conflicts, parse_people
from config.persons import short_of, slug_of
from config.vocabulary import Level

if TYPE_CHECKING:
    from config.errors import Finding

FILE = Path("people.yaml")
FILES = sorted(module.DATA.glob("*.yaml"))


def parsed(text):
    findings: list[Finding] = []
    entries = parse_people(text, FILE, load_office_kinds(), findings)
    return entries, [str(finding) for finding in [*findings, *find_conflicts(entries, load_office_kinds())]]


# ---------------------------------------------------------------- the built-in files


def test_there_are_some_two_thousand_people_of_nearly_every_state():
    people = load_people()
    assert len(people) > 1900
    assert len({person.country for person in people}) > 190


def test_every_state_is_led_by_somebody_on_every_first_of_a_month_since_2020():
    held = defaultdict(list)
    for person in load_people():
        for office in person.offices:
            if office.level is Level.LEADER:
                held[office.country].append(office)
    days = [date(year, month, 1) for year in range(2020, 2026) for month in range(1, 13)]
    unled = {
        (code, day.isoformat()[:7])
        for code in load_countries().words.keys() - load_countries().organisations
        for day in days
        if not any(office.held_at(day) for office in held[code])
    }
    assert unled == {("VA", "2025-05")}


def test_foreign_ministers_of_more_than_a_hundred_states_are_known():
    offices = [office for person in load_people() for office in person.offices]
    assert len({office.country for office in offices if office.kind == "foreign-minister"}) > 130


def test_no_two_people_have_one_slug_and_every_label_finds_its_bearer():
    people = load_people()
    assert len({person.slug for person in people}) == len(people)
    assert all(people.find(person.label) is person and people.find(f"@{person.slug}") is person for person in people)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_quick_reader_reads_what_a_yaml_parser_reads(path):
    text = path.read_text(encoding="utf-8")
    rows = files._plain_rows(text)
    assert rows is not None
    assert [row for _, row in rows] == YAML(typ="safe", pure=True).load(text)


@pytest.mark.parametrize(
    ("kind", "country", "day", "label"),
    [
        ("president", "RU", "2024-01-01", "Vladimir Putin"),
        ("prime-minister", "RU", "2010-01-01", "Vladimir Putin"),
        ("president", "UA", "2022-02-24", "Volodymyr Zelenskyy"),
        ("prime-minister", "UA", "2025-07-17", "Yulia Svyrydenko"),
        ("foreign-minister", "UA", "2024-09-04", "Dmytro Kuleba"),
        ("foreign-minister", "UA", "2024-09-06", "Andrii Sybiha"),
        ("president", "US", "2021-01-20", "Joe Biden"),
        ("president", "US", "2025-01-19", "Joe Biden"),
        ("president", "US", "2025-01-20", "Donald Trump"),
        ("prime-minister", "GB", "2022-10-01", "Liz Truss"),
        ("chancellor", "DE", "2025-05-07", "Friedrich Merz"),
        ("foreign-minister", "CN", "2023-05-01", "Qin Gang"),
        ("security-adviser", "RU", "2024-08-05", "Sergei Shoigu"),
        ("pope", "VA", "2025-05-08", "Pope Leo XIV"),
        ("pope", "VA", "2025-05-01", None),
        ("president", "BA", "2024-01-01", None),
        ("president", "SM", "2024-05-01", None),
        ("prime-minister", "MK", "2024-03-01", "Talat Xhaferi"),
        ("prime-minister", "LI", "2025-05-01", "Brigitte Haas"),
        ("prime-minister", "QA", "2021-06-01", "Khalid bin Khalifa Al Thani"),
        ("president", "RO", "2025-03-01", "Ilie Bolojan"),
        ("prime-minister", "VU", "2023-09-15", "Sato Kilman"),
        ("prime-minister", "LY", "2024-01-01", "Abdul Hamid Dbeibeh"),
        ("minister", "GB", "2025-01-01", None),
        ("president", "ZZ", "2025-01-01", None),
    ],
)
def test_the_holder_of_an_office_on_a_day(kind, country, day, label):
    holder = load_people().holder(kind, country, date.fromisoformat(day))
    assert (holder and holder.label) == label


def test_level_and_former_follow_the_day():
    merkel = load_people().get("Angela Merkel")
    assert merkel.level_at(date(2021, 1, 1)) is Level.LEADER
    assert not merkel.former_at(date(2021, 1, 1))
    assert merkel.level_at(date(2024, 1, 1)) is Level.OTHER
    assert merkel.former_at(date(2024, 1, 1))


def test_the_highest_office_comes_first():
    (line,), _ = parsed("- {name: A B, country: FR, offices: [minister 2020.., president 2022..]}")
    offices = line.person.offices_at(date(2023, 1, 1))
    assert [held.kind for held in offices] == ["president", "minister"]


# ---------------------------------------------------------------- faults


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("- {country: FR}", "people.yaml:1:1: a person is a mapping with a `name`"),
        ("# one\n- just a name", "people.yaml:2:1: a person is a mapping"),
        ("- {name: A B, colour: red}", "unknown key 'colour' of A B"),
        ("- {name: A B, sex: x}", "`sex` of A B is m or f"),
        ("- {name: A B, offices: [presidnt 2020..]}", "unknown office 'presidnt'; did you mean president?"),
        ("- {name: A B, offices: [zzzz 2020..]}", "unknown office 'zzzz'"),
        ("- {name: A B, offices: [president in 2020]}", "is not an office"),
        ("- {name: A B, offices: [president 2021..2020]}", "ends before it begins"),
        ("- {name: A B, offices: [president 2021-13..]}", "month"),
        ("- {name: A B}\n- {name: A B}", "people.yaml:2:1: A B stands already in people.yaml:1"),
        ("name: A B", "a file of people is a list"),
        ("- {name: A B", "people.yaml"),
        ("- {name: A B, name: C D}", "people.yaml"),
        (
            (
                "- {name: A B, country: FR, offices: [president 2020..2022]}\n"
                "- {name: C D, country: FR, offices: [president 2021..]}"
            ),
            "people.yaml:2:1: C D is president of FR from 2021-01-01, A B until 2022-12-31",
        ),
    ],
)
def test_a_fault_is_told_with_its_line(text, complaint):
    _, findings = parsed(text)
    assert findings
    assert complaint in findings[0]


@pytest.mark.parametrize(
    "text",
    [
        (
            "- {name: A B, country: FR, offices: [president 2020..2022-05-14]}\n"
            "- {name: C D, country: FR, offices: [president 2022-05-14..]}"
        ),
        (
            "- {name: A B, country: BA, offices: [president 2020.. jointly]}\n"
            "- {name: C D, country: BA, offices: [president 2021.. jointly]}"
        ),
        "- {name: A B, country: FR, offices: [minister 2020..]}\n- {name: C, country: FR, offices: [minister 2020..]}",
        "",
        "# nobody\n\n",
    ],
)
def test_handovers_joint_offices_and_offices_of_many_are_no_faults(text):
    assert parsed(text)[1] == []


def test_a_file_in_block_style_is_read_too():
    entries, findings = parsed("- name: A B\n  country: FR\n  offices:\n    - president 2020-03..\n")
    assert findings == []
    assert entries[0].person.offices[0].start == date(2020, 3, 1)


def test_a_broken_built_in_file_is_refused_with_every_fault(tmp_path, monkeypatch):
    (tmp_path / "a.yaml").write_text("- {name: A B, sex: x}\n- {name: C D, colour: red}\n", encoding="utf-8")
    monkeypatch.setattr(module, "DATA", tmp_path)
    module._built_in.cache_clear()
    try:
        with pytest.raises(module.ConfigError) as refused:
            load_people()
    finally:
        module._built_in.cache_clear()
    assert len(refused.value.findings) == 2


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("{level: leader, colour: red}", "unknown key 'colour'"),
        ("{level: leader, holders: some}", "`holders` of office 'x'"),
        ("{level: leader, words: {xx: [y]}}", "has words for 'xx'"),
        ("{level: leader, means: [y]}", "means 'y', which is not a kind"),
        ("{level: high}", "high"),
    ],
)
def test_faults_of_the_offices_are_told_with_their_line(change, complaint):
    findings: list[Finding] = []
    parse_lexicon(f"kinds:\n  x: {change}\nmarkers: {{}}\nphrases: {{}}\n", Path("offices.yaml"), findings)
    assert complaint in str(findings[0])
    assert "offices.yaml:2" in str(findings[0])


# ---------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("name", "country", "short"),
    [
        ("Emmanuel Macron", "FR", "Macron"),
        ("Ursula von der Leyen", "DE", "von der Leyen"),
        ("Wang Yi", "CN", "Wang"),
        ("Phạm Minh Chính", "VN", None),
        ("Felipe VI", "ES", None),
        ("Naruhito", "JP", None),
        ("埃马纽埃尔·马克龙", "FR", "马克龙"),
        ("特雷莎·梅", "GB", None),
    ],
)
def test_the_surname_as_it_stands_alone(name, country, short):
    assert short_of(name, country) == short


def test_slugs_have_no_diacritics():
    assert slug_of("Viktor Orbán") == "viktor-orban"
    assert slug_of("Radosław Sikorski") == "radoslaw-sikorski"


def test_people_are_found_by_label_slug_script_and_surname():
    people = load_people()
    for reference in ("Li Hui", "@li-hui", "LI HUI", "李辉", "Ли Хуэй", "li-hui"):
        assert people.get(reference).label == "Li Hui"
    assert people.get("Macron").label == "Emmanuel Macron"
    assert people.find("Wang") is None


def test_an_unknown_name_is_told_with_the_nearest_ones():
    with pytest.raises(UnknownPersonError) as unknown:
        load_people().get("Emanuel Macron")
    assert "Emmanuel Macron" in unknown.value.hint
    with pytest.raises(UnknownPersonError) as unknown:
        load_people().get("Qqqq")
    assert "add the person" in unknown.value.hint


def test_groups_are_found_by_name():
    people = load_people(groups={"envoys": ["Li Hui", "Steve Witkoff"]})
    assert [person.label for person in people.find_group("@envoys")] == ["Li Hui", "Steve Witkoff"]
    assert people.find_group("nobody") is None


# ---------------------------------------------------------------- the operator's


def entry(**values):
    return PersonEntry.model_validate(values)


def test_the_operators_person_is_added():
    office = {"title": "special envoy", "country": "NO", "level": "deputy", "envoy": True, "from": "2024-01-01"}
    people = load_people([entry(name="Oda Vex", offices=[office], forms={"ru": ["Ода Векс"]})])
    oda = people.get("Ода Векс")
    assert oda.country == "NO"
    assert oda.offices_at(date(2024, 5, 1))[0].kind == "envoy"


def test_the_operators_linereplaces_offices_and_adds_forms():
    office = {"title": "Keeper of the Seal", "country": "FR", "level": "minister"}
    people = load_people([entry(name="Emmanuel Macron", offices=[office], forms={"en": ["Manu Macron"]})])
    macron = people.get("Manu Macron")
    assert macron.label == "Emmanuel Macron"
    assert [held.kind for held in macron.offices] == ["keeper-of-the-seal"]
    assert "Эмманюэль Макрон" in macron.forms["ru"]


def test_an_lineunder_another_spelling_is_the_same_person():
    people = load_people([entry(name="Andrei Belousov", forms={"en": ["A. R. Belousov"]})])
    assert people.get("A. R. Belousov").label == "Andrey Belousov"
    assert people.get("Andrey Belousov").offices
