"""The command `people`: who is known, their offices and written forms, and adding to the configuration."""

import json

import pytest

from config.edit import find_item
from envoywatch.cli.main import run

CONFIG = """\
# our people
people:
  - name: Ilva Rand      # keep this comment
    forms: {en: [Ilva Rand], ru: [Илва Ранд]}
"""


@pytest.fixture
def people(tmp_path, monkeypatch, capsys):
    """Runs `people ARGUMENTS` on a configuration in the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ENVOYWATCH_CONFIG", raising=False)
    (tmp_path / "envoywatch.yaml").write_text(CONFIG, encoding="utf-8")

    def call(*arguments):
        code = run(["people", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_list_has_the_built_in_people_and_the_operators(people):
    code, out, _ = people("list", "--json")
    names = {person["name"] for person in json.loads(out)}
    assert code == 0
    assert {"Ilva Rand", "Emmanuel Macron"} <= names


def test_list_can_be_narrowed_to_a_country_also_by_those_who_served_it(people):
    _, out, _ = people("list", "--country", "eu", "--json")
    names = {person["name"] for person in json.loads(out)}
    assert "Ursula von der Leyen" in names
    assert "Vladimir Putin" not in names


def test_list_of_a_country_nobody_is_known_of_says_so(people):
    code, out, _ = people("list", "--country", "ZZ")
    assert (code, out) == (0, "nobody of ZZ is known\n")


def test_list_names_the_office_for_a_person(people):
    _, out, _ = people("list", "--country", "FR")
    (line,) = [line for line in out.splitlines() if line.startswith("François Hollande")]
    assert "out of office" in line
    assert "@francois-hollande" in line


def test_show_tells_offices_with_dates_and_every_written_form(people):
    code, out, _ = people("show", "olaf-scholz")
    assert code == 0
    assert "chancellor of DE (leader), from 2021-12-08 until 2025-05-06" in out
    assert "Шольцем" in out
    assert "朔尔茨" in out


def test_show_as_json_has_one_document(people):
    _, out, _ = people("show", "Ilva Rand", "--json")
    document = json.loads(out)
    assert document["slug"] == "ilva-rand"
    assert "Илвой Рандом" in document["forms"]["ru"] or "Илва Ранд" in document["forms"]["ru"]


def test_show_of_nobody_suggests_the_nearest_names_and_exits_2(people):
    code, out, err = people("show", "Macro")
    assert (code, out) == (2, "")
    assert "Emmanuel Macron" in err


def test_people_are_known_without_a_configuration(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("ENVOYWATCH_CONFIG", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    assert run(["people", "show", "Xi Jinping", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["country"] == "CN"


def test_add_writes_the_person_shows_the_change_and_keeps_comments(people, tmp_path):
    code, out, _ = people(
        "add", "Oda Vex", "--title", "special envoy", "--country", "NO", "--level", "deputy", "--envoy",
        "--from", "2024-05-31", "--form", "ru=Ода Векс", "--form", "en=Oda J. Vex",
    )  # fmt: skip
    text = (tmp_path / "envoywatch.yaml").read_text(encoding="utf-8")
    assert code == 0
    assert "+" in out
    assert "Oda Vex" in out
    assert "# keep this comment" in text
    assert find_item(text, "people", "Oda Vex")["forms"] == {"ru": ["Ода Векс"], "en": ["Oda J. Vex"]}
    _, shown, _ = people("show", "oda-vex")
    assert "envoy of NO (deputy), from 2024-05-31" in shown


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["Oda Vex", "--title", "envoy"], "needs a title and a level"),
        (["Oda Vex", "--form", "xx=Ода"], "not a written name"),
        (["Oda Vex", "--form", "Ода"], "not a written name"),
        (["Oda Vex", "--title", "envoy", "--level", "deputy", "--from", "soon"], "must be a date"),
        (["Emmanuel Macron"], "known already"),
        (["Ilva Rand", "--form", "uk=Ілва Ранд"], "already"),
    ],
)
def test_add_refuses_what_check_would_find_and_leaves_the_file_alone(people, tmp_path, arguments, complaint):
    code, _, err = people("add", *arguments)
    assert code == 2
    assert complaint in err
    assert (tmp_path / "envoywatch.yaml").read_text(encoding="utf-8") == CONFIG
