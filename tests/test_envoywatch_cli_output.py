import json
import sys
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.model import Crawl
from config.vocabulary import Role
from envoywatch.cli.output import Column, emit_json, emit_json_line, escape, print_table

HOSTILE = "a\x1b[2J\x07\r\nb\x9b1m\u202ec\u2066d\u200be\ufeff\U000e0041\ud800"


@given(st.text())
def test_promise_31_escaped_text_never_moves_a_terminal(text):
    out = escape(text)
    assert not {unicodedata.category(char) for char in out} & {"Cc", "Cs", "Zl", "Zp"}
    assert not set(out) & {"\x1b", "\x9b", "\n", "\r", "\u202e", "\u2066"}
    assert escape(out) == out


def test_hostile_text_is_shown_as_escapes_and_joiners_stay():
    assert escape(HOSTILE) == ("a\\e[2J\\x07\\r\\nb\\x9b1m\\u202ec\\u2066d\\u200be\\ufeff\\ue0041\\ud800")
    assert escape("می\u200cخواهم") == "می\u200cخواهم"
    assert escape("a\nb\tc", keep_lines=True) == "a\nb\\tc"
    assert escape(5) == "5"


@dataclass(frozen=True)
class Record:
    at: datetime
    day: date
    took: timedelta
    role: Role
    path: Path
    names: frozenset[str]
    pairs: tuple[tuple[str, int], ...]


def test_records_become_json(capsys):
    at = datetime(2026, 5, 1, 12, 0, tzinfo=timezone(timedelta(hours=3)))
    record = Record(at, date(2026, 5, 1), timedelta(seconds=90), Role.MEDIA, Path("x"), frozenset("ba"), (("n", 1),))
    emit_json({"record": record, Role.MEDIA: None, "model": Crawl()})
    got = json.loads(capsys.readouterr().out)
    assert got["record"] == {
        "at": "2026-05-01T09:00:00Z",
        "day": "2026-05-01",
        "took": 90.0,
        "role": "media",
        "path": "x",
        "names": ["a", "b"],
        "pairs": [["n", 1]],
    }
    assert got["media"] is None
    assert got["model"]["interval"] == "5m"


def test_json_is_harmless_on_a_terminal_and_means_the_same(capsys):
    emit_json({"text": HOSTILE[:-1]})
    out = capsys.readouterr().out
    assert json.loads(out) == {"text": HOSTILE[:-1]}
    assert escape(out, keep_lines=True) == out
    emit_json_line([datetime(2026, 5, 1, tzinfo=UTC), "Київ"])
    assert capsys.readouterr().out == '["2026-05-01T00:00:00Z", "Київ"]\n'


def test_numbers_that_json_does_not_know_are_refused():
    with pytest.raises(ValueError, match="JSON"):
        emit_json(float("nan"))


ROWS = [
    ("Kremlin (en)", 12, "x" * 90),
    ("Ministère des Affaires étrangères", None, "外交部" * 30),
    ("a\x1b[31m", 3, "[b]z[/b]"),
]


def test_a_piped_table_is_neither_cut_nor_folded_nor_coloured(capsys, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    print_table(["source", Column("polls", right=True, style="red"), "what"], ROWS)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert "x" * 90 in lines[1]
    assert "外交部" * 30 in lines[2]
    assert "a\\e[31m" in lines[3]
    assert "[b]z[/b]" in lines[3]
    assert not any("\x1b" in line or line.endswith(" ") for line in lines)


def test_a_table_fits_60_columns_and_loses_nothing(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    print_table(["source", Column("polls", right=True), "what"], ROWS)
    out = capsys.readouterr().out
    assert max(len(line) for line in out.splitlines()) <= 60
    assert out.count("x") == 90
    assert out.count("外") == 30


def test_a_table_without_rows_says_so(capsys):
    print_table(["a"], [], empty="nothing yet")
    assert capsys.readouterr().out == "nothing yet\n"
    print_table(["a"], [])
    assert capsys.readouterr().out == ""


def test_a_terminal_is_asked_for_its_own_width(capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "40")
    print_table(["a"], [("y" * 50,)])
    assert capsys.readouterr().out.count("y") == 50


LONG = [Column("ID", right=True, whole=True), Column("AT", whole=True), "WHAT", Column("TITLE", long=True), "REVIEW"]
LONG_ROWS = [
    (7, "2023-05-17 10:02", "confirmed by an official source", "The envoy is received " * 4, "wrong-status"),
    (12, "2023-05-18 09:00", "held", "外交部" * 30, None),
]


def test_on_a_narrow_terminal_a_long_cell_has_a_line_of_its_own(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    print_table(LONG, LONG_ROWS)
    lines = capsys.readouterr().out.splitlines()
    assert max(len(line) for line in lines) <= 60
    assert lines[:2] == ["ID  AT                WHAT                      REVIEW", "    TITLE"]
    assert lines[2].startswith(" 7  2023-05-17 10:02  confirmed by an official  wrong-status")
    assert "    The envoy is received The envoy is received The envoy is" in lines
    assert "12  2023-05-18 09:00  held" in lines
    assert "".join(lines).count("外") == 30


def test_a_terminal_narrower_than_the_whole_cells_still_gets_a_table(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "12")
    print_table(LONG, LONG_ROWS)
    assert max(len(line) for line in capsys.readouterr().out.splitlines()) <= 12


def test_with_room_enough_every_cell_is_in_its_row(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    print_table(LONG, LONG_ROWS[:1])
    assert len(capsys.readouterr().out.splitlines()) == 2
