"""The command `watches`: trying a query on a text, and the list in the configuration file."""

import io
import json
import sys
from datetime import timedelta

import pytest

from config.edit import find_item
from envoywatch.cli.main import run
from tests.seeding import CONFIG as CONFIG_OF_ARCHIVE
from tests.seeding import NOW, Commands, open_again, seed, with_watch

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
    assert "meetings of Ilva Rand as guest, leader level: held" in out
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
    assert "Ilva Rand" in shown["people"]["ilva-rand"]["en"]
    assert "Илвы Ранда" in shown["people"]["ilva-rand"]["ru"]
    assert shown["words"]["talks"]["any"] == ["talks"]
    assert "talk" in shown["words"]["talks"]["en"]
    assert shown["warnings"]
    assert "leader level: held" in watches("show", "Received")[1]


def test_the_words_of_a_watch_are_shown_by_language(watches):
    watches("add", "Words", 'Путин ="peace talks" negotiat*')
    shown = json.loads(watches("show", "words", "--json")[1])["words"]
    assert "путиным" in shown["Путин"]["ru"]
    assert shown["=peace"] == {"any": ["peace"]}
    assert shown["negotiat*"] == {"any": ["negotiat..."]}
    assert [line.split()[:2] for line in watches("show", "Words")[1].splitlines() if "путин" in line] == [
        ["Путин", "ru"],
        ["Путин", "uk"],
    ]


def test_a_wrong_name_is_answered_with_the_right_one(watches):
    code, _, err = watches("show", "Wat")
    assert code == 2
    assert "there is no watch 'Wat'" in err
    assert "War" in err


def test_a_watch_is_added_and_removed_and_nothing_else_changes(watches, tmp_path):
    file = tmp_path / "envoywatch.yaml"
    before = file.read_text(encoding="utf-8")
    code, out, err = watches("add", "Peace", "peace and quiet -war", "--send", "now", "--channel", "desk")
    assert code == 0
    assert "“and” at column 7 is searched as a word" in err
    assert [line for line in out.splitlines() if line.startswith("+")][1:] == [
        "+  - name: Peace",
        "+    query: peace and quiet -war",
        "+    send: now",
        "+    channels: [desk]",
    ]
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


@pytest.fixture
def at_a_terminal(monkeypatch):
    """A person who answers with what the test puts on standard input."""

    def answer(text):
        stream = io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8")
        stream.isatty = lambda: True
        monkeypatch.setattr(sys, "stdin", stream)

    return answer


def test_a_person_is_shown_the_change_and_asked_before_it_is_written(watches, tmp_path, at_a_terminal):
    file = tmp_path / "envoywatch.yaml"
    at_a_terminal("n\n")
    code, out, err = watches("add", "Peace", "peace")
    assert (code, file.read_text(encoding="utf-8")) == (0, CONFIG)
    assert "+  - name: Peace" in out
    assert "nothing was changed" in err
    at_a_terminal("y\n")
    assert watches("remove", "war")[0] == 0
    assert "keep this comment" not in file.read_text(encoding="utf-8")
    at_a_terminal("")
    assert watches("add", "Peace", "peace", "--yes")[0] == 0


@pytest.mark.parametrize(
    ("query", "warning"),
    [
        ("lang:ru lang:en", "no article can match this"),
        ("-war", "matches every article that lacks something"),
        ("a b OR c", "this is read as (a AND b) OR c"),
        ("/./", "is found in nearly every article"),
    ],
)
def test_what_a_new_watch_hardly_means_is_told_and_it_is_added(watches, tmp_path, query, warning):
    code, _, err = watches("add", "New", "--", query)
    assert code == 0
    assert warning in err
    assert "name: New" in (tmp_path / "envoywatch.yaml").read_text(encoding="utf-8")


def test_a_watch_is_muted_for_a_while_and_speaks_again(watches, tmp_path):
    file = tmp_path / "envoywatch.yaml"
    code, out, err = watches("mute", "war", "--until", "2040-06-01 18:00 Europe/Kyiv")
    assert (code, "+    mute: 2040-06-01T15:00Z" in out) == (0, True)
    assert "'War' is muted until 2040-06-01 15:00 UTC" in err
    assert "keep this comment" in file.read_text(encoding="utf-8")
    assert "muted until 2040-06-01 15:00 UTC" in watches("show", "War")[1]
    assert watches("mute", "War", "--until", "2d")[0] == 0
    assert watches("unmute", "War")[0] == 0
    assert file.read_text(encoding="utf-8") == CONFIG
    assert watches("unmute", "War")[0] == 2


@pytest.mark.parametrize(
    ("until", "error"),
    [
        ("2040-06-01", "not a time with its zone"),
        ("tomorrow", "not a time with its zone"),
        ("2001-01-01T00:00Z", "is past"),
    ],
)
def test_a_watch_is_muted_until_a_time_to_come_alone(watches, until, error):
    code, _, err = watches("mute", "War", "--until", until)
    assert code == 2
    assert error in err


def test_watches_are_listed_with_what_they_yield(tmp_path, capsys):
    archive = seed(tmp_path)
    command = Commands(archive, capsys)
    alert = next(one for one in command.json("alerts", "list") if one["watch"] == "Envoy")
    assert command("alerts", "review", str(alert["id"]), "right").code == 0
    listed = {one["name"]: one for one in command.json("watches", "list")}
    assert listed["Envoy"]["last_match_at"].startswith("2023-05")
    assert len(listed["Envoy"]["matches_per_day"]) == 14
    assert (listed["Envoy"]["precision"], listed["Grain"]["precision"]) == (1.0, None)
    line = next(line for line in command("watches", "list").out.splitlines() if line.startswith("Envoy"))
    assert "100% of 1" in line
    assert "d ago" in line


def test_what_goes_with_a_watch_is_suggested_from_the_archive(tmp_path, capsys):
    archive = open_again(seed(tmp_path))
    for number in range(12):
        at = NOW - timedelta(minutes=number)
        text = f"Arda Lin met Boris Vale about wheat. Paper {number} had talks of it."
        archive.article("Ruritania Today", f"https://today.example/s{number}", "", text, at=at)
        other = f"It rained in street {number}. Nobody met."
        archive.article("Ruritania Today", f"https://today.example/o{number}", "", other, at=at)
    command = Commands(archive, capsys)
    found = command.json("watches", "suggest", "envoy")
    assert found["matching"]["en"] == 13
    assert "wheat" in [one["word"] for one in found["words"]]
    assert not {"Arda", "Lin", "talks"} & {one["word"] for one in found["words"]}
    assert found["people"] == [{"person": "Boris Vale", "articles": 13}]
    out = command("watches", "suggest", "Envoy").out
    assert "articles matched (en 13" in out
    assert "wheat" in out


def test_nothing_is_suggested_for_what_matches_nothing_or_has_no_query(tmp_path, capsys):
    archive = seed(tmp_path, with_watch(CONFIG_OF_ARCHIVE, "{name: Nothing, query: zeppelin}"))
    command = Commands(archive, capsys)
    assert "Nothing in the archive matches" in command("watches", "suggest", "Nothing").out
    said = command("watches", "suggest", "Audience")
    assert (said.code, "has no query" in said.err) == (2, True)
