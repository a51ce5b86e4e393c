"""The command `watches`: trying a query on a text, and the list in the configuration file."""

import io
import json
import sys

import pytest

from config.edit import find_item
from envoywatch.cli.main import run

CONFIG = """\
# our watches
people:
  - name: Ilva Rand
    forms: {en: [Ilva Rand], ru: [Илва Ранд]}
groups:
  ours: [Ilva Rand]
channels:
  desk: {url: "json://127.0.0.1:9/x"}
watches:
  - name: War          # keep this comment
    query: '@ilva-rand NEAR/s war OR peace talks'
    send: now
    channels: [desk]
  - name: Received
    meeting: {guest: Ilva Rand, level: leader, status: [held]}
"""
TEXT = """\
Rand in Kyiv

Ilva Rand spoke of the war. Nobody met Илва Ранд.
普京说，战争与和平。
"""


@pytest.fixture
def watches(tmp_path, monkeypatch, capsys):
    """Runs `watches ARGUMENTS` on a configuration and a text in the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ENVOYWATCH_CONFIG", raising=False)
    (tmp_path / "envoywatch.yaml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "text.txt").write_text(TEXT, encoding="utf-8")

    def call(*arguments):
        code = run(["watches", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_a_match_is_shown_with_carets_under_it(watches):
    code, out, err = watches("test", "@ilva-rand NEAR/s war", "text.txt", "--lang", "en")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "text: Ilva Rand spoke of the war. Nobody met Илва Ранд.",
        "      ^^^^^^^^^              ^^^",
    ]


def test_carets_stand_right_under_wide_letters(watches):
    _, out, _ = watches("test", "战争 和平", "text.txt", "--lang", "zh")
    assert out.splitlines() == ["text: 普京说，战争与和平。", " " * 14 + "^^^^  ^^^^"]


def test_far_matches_are_shown_apart_and_title_and_text_as_well(watches, tmp_path):
    (tmp_path / "long.txt").write_text("War\n\n" + "war " + "word " * 60 + "war\n", encoding="utf-8")
    _, out, _ = watches("test", "war", "long.txt", "--lang", "en")
    lines = out.splitlines()
    assert [line.split(":")[0] for line in lines[::2]] == ["title", "text", "text"]
    assert all(line.strip() == "^^^" for line in lines[1::2])


def test_a_text_comes_from_standard_input_when_no_file_is_named(watches, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("Мир".encode()), encoding="utf-8"))
    assert watches("test", "мир")[1] == "text: Мир\n      ^^^\n"


def test_the_condition_that_fails_is_told(watches):
    assert watches("test", "war role:official", "text.txt") == (
        0,
        "no match: this does not hold: role:official\n",
        "",
    )


def test_conditions_can_be_given(watches):
    options = ["--role", "official", "--source", "Agency", "--country", "RU", "--lang", "ru", "--title", "T"]
    _, out, _ = watches("test", "role:official source:agency country:ru lang:ru", "text.txt", *options)
    assert out == "match: every condition holds (none of them is about words)\n"


def test_json_has_every_span_with_its_text(watches):
    code, out, _ = watches("test", "Rand and war OR peace talks", "text.txt", "--json")
    found = json.loads(out)
    assert code == 0
    assert not found["matched"]
    assert found["read_as"] == '(Rand AND "and" AND war) OR (peace AND talks)'
    assert len(found["warnings"]) == 2
    found = json.loads(watches("test", "title:Rand", "text.txt", "--json", "--lang", "en")[1])
    assert found["spans"] == [{"field": "title", "start": 0, "end": 4, "text": "Rand"}]
    assert (found["matched"], found["failed"], found["language"]) == (True, None, "en")


def test_a_mistake_is_pointed_at_and_leaves_with_2(watches):
    code, out, err = watches("test", "war NEAR5 peace", "text.txt")
    assert (code, out) == (2, "")
    assert err.splitlines() == [
        "war NEAR5 peace",
        "    ^",
        "error: NEAR5 is not an operator (column 5)",
        "hint: did you mean NEAR/5?",
    ]


def test_an_unknown_person_is_pointed_at(watches):
    code, _, err = watches("test", "war @ilva-ran", "text.txt")
    assert code == 2
    assert err.startswith("war @ilva-ran\n    ^\nerror: nobody is known as @ilva-ran")
    assert "Ilva Rand" in err


def test_a_query_can_be_tried_without_a_configuration(watches, tmp_path):
    (tmp_path / "envoywatch.yaml").unlink()
    assert watches("test", "war", "text.txt")[1].startswith("text: Ilva Rand spoke of the war")


def test_hostile_text_does_not_reach_the_terminal(watches, tmp_path):
    (tmp_path / "bad.txt").write_text("\x1b[31m war\u202e is\n", encoding="utf-8")
    _, out, _ = watches("test", "war", "bad.txt", "--lang", "en")
    assert "\x1b" not in out
    assert "\u202e" not in out
    shown, carets = out.splitlines()
    assert shown[carets.index("^") :].startswith("war")


def test_watches_are_listed(watches):
    _, out, _ = watches("list")
    assert [line.split()[0] for line in out.splitlines()] == ["NAME", "War", "Received"]
    assert "a meeting: guest Ilva Rand, level leader, status held" in out
    (first, second) = json.loads(watches("list", "--json")[1])
    assert (first["name"], first["send"], first["channels"]) == ("War", "now", ["desk"])
    assert second["meeting"]["guest"] == "Ilva Rand"


def test_an_empty_list_says_how_to_begin(watches, tmp_path):
    (tmp_path / "envoywatch.yaml").write_text("storage: {path: x.db}\n", encoding="utf-8")
    assert "watches add" in watches("list")[1]


def test_a_watch_is_shown_as_it_is_read_with_the_names_it_looks_for(watches):
    _, out, _ = watches("show", "War")
    assert "(@ilva-rand NEAR/s war) OR" in out or "@ilva-rand NEAR/s war OR (peace AND talks)" in out
    assert "AND binds more tightly than OR" in out
    assert "Илва Ранд" in out
    shown = json.loads(watches("show", "War", "--json")[1])
    assert "Ilva Rand" in shown["people"]["ilva-rand"]
    assert "level leader" in watches("show", "Received")[1]


def test_a_wrong_name_is_answered_with_the_right_one(watches):
    code, _, err = watches("show", "Wat")
    assert code == 2
    assert "there is no watch 'Wat'" in err
    assert "War" in err


def test_a_watch_is_added_and_removed_and_nothing_else_changes(watches, tmp_path):
    file = tmp_path / "envoywatch.yaml"
    before = file.read_text(encoding="utf-8")
    code, _, err = watches("add", "Peace", "peace and quiet -war", "--send", "now", "--channel", "desk")
    assert code == 0
    assert "“and” at column 7 is searched as a word" in err
    assert find_item(file.read_text(encoding="utf-8"), "watches", "Peace") == {
        "name": "Peace",
        "query": "peace and quiet -war",
        "send": "now",
        "channels": ["desk"],
    }
    assert watches("remove", "Peace")[0] == 0
    assert file.read_text(encoding="utf-8") == before


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("War", "peace"), "there twice"),
        (("war", "peace"), "there twice"),
        (("New", "peace ("), "never closed"),
        (("New", "@nobody-at-all"), "nobody is known"),
        (("New", "peace", "--channel", "dask"), "there is no channel 'dask'"),
        (("", "peace"), "name"),
    ],
)
def test_a_watch_that_check_would_refuse_is_not_added(watches, tmp_path, arguments, error):
    code, _, err = watches("add", *arguments)
    assert code == 2
    assert error in err
    assert (tmp_path / "envoywatch.yaml").read_text(encoding="utf-8") == CONFIG


def test_removing_what_is_not_there_is_a_mistake(watches):
    assert watches("remove", "Wars")[0] == 2
