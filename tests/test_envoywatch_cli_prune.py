import re
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from storage.database import open_reader, open_writer
from storage.keeping import Bounds, prune_articles
from storage.model import to_text
from storage.views_prune import prunable
from tests.seeding import NOW, Archive, Commands, claim_of, open_again, seed


@pytest.fixture
def cli(tmp_path, capsys):
    return Commands(seed(tmp_path), capsys)


def stored(cli):
    with closing(open_reader(cli.archive.path)) as connection:
        return [row["id"] for row in connection.execute("SELECT id FROM articles ORDER BY id")]


def test_a_dry_run_says_what_would_go_and_leaves_it(cli):
    said = cli("prune", "--dry-run")
    assert said.code == 0
    assert "to delete  2 articles" in said.out
    assert "Ruritania Today: 2 (" in said.out
    assert "kept       2 articles" in said.out
    assert stored(cli) == [1, 2, 3, 4]


def test_a_script_must_say_yes(cli):
    said = cli("prune")
    assert said.code == 2
    assert "--yes" in said.err
    assert stored(cli) == [1, 2, 3, 4]


def test_what_nothing_cites_goes_and_cited_articles_stay(cli):
    said = cli("prune", "--yes")
    assert said.code == 0
    assert "deleted 2 articles" in said.err
    assert "freed" in said.err
    assert stored(cli) == [1, 2]


def test_a_person_is_asked(cli, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    answers = iter([False, True])
    monkeypatch.setattr("click.confirm", lambda *_, **__: next(answers))
    assert cli("prune").code == 0
    assert stored(cli) == [1, 2, 3, 4]
    assert cli("prune").code == 0
    assert stored(cli) == [1, 2]


def test_nothing_old_needs_no_answer(cli):
    assert cli("prune", "--yes").code == 0
    document = cli.json("prune")
    assert document["would_delete"]["articles"] == document["would_delete"]["polls"] == 0
    assert document["deleted"] is None


def test_the_outcome_as_json(cli):
    document = cli.json("prune", "--yes")
    assert set(document) == {"before", "would_delete", "deleted"}
    assert document["deleted"]["articles"] == document["would_delete"]["articles"] == 2


@pytest.mark.parametrize("span", ["1h", "soon", "-1d"])
def test_a_span_that_makes_no_sense_is_a_mistake(cli, span):
    said = cli("prune", "--older-than", span, "--yes")
    assert said.code == 2
    assert stored(cli) == [1, 2, 3, 4]


def test_the_preview_counts_exactly_what_pruning_deletes(tmp_path):
    """Copies, claims, alerts and ages in many mixtures: the two conditions may not drift apart."""
    archive = Archive(tmp_path)
    text = "Arda Lin met Boris Vale."
    with closing(archive):
        for days in range(8):
            at = NOW - timedelta(days=days)
            for kind in range(4):
                archive.article(
                    ("Ruritania Today", "Broken Times")[kind % 2],
                    f"https://today.example/{days}-{kind}",
                    f"Title {days % 3} {kind % 2}",  # the same text comes again: copies
                    f"{text} {days % 3} {kind % 2}",
                    at=at,
                    claims=[claim_of(text, text)] if kind == 3 else [],
                )
    for days in (1, 3, 5, 7, 9):
        wanted = Bounds(NOW - timedelta(days=days))
        with closing(open_reader(archive.path)) as connection:
            preview = prunable(connection, wanted, NOW)
            some = prunable(connection, Bounds(wanted.before, 3), NOW)
        assert some.articles == min(3, preview.articles)
        db = open_writer(archive.path)
        with closing(db.conn):
            db.conn.execute("BEGIN")
            done = 0
            while gone := prune_articles(db, wanted.before, 2):
                done += gone
            left = db.execute("SELECT count(*) FROM articles WHERE seen_at < ?", [to_text(wanted.before)]).fetchone()[0]
            db.conn.execute("ROLLBACK")
        assert preview.articles == sum(one.articles for one in preview.sources) == done
        assert preview.kept == left


def test_pruning_makes_no_database(cli):
    cli.archive.path.unlink()
    assert cli("prune", "--yes").code == 2
    assert not cli.archive.path.exists()


def test_what_was_pruned_leaves_the_search_too(cli):
    cli("prune", "--yes")
    assert cli.json("search", "grain")["hits"] == []
    with closing(open_again(cli.archive)) as archive:
        new = archive.article("Ruritania Today", "https://today.example/new", "Corridor", "another corridor")
    assert [hit["article"]["id"] for hit in cli.json("search", "corridor OR grain")["hits"]] == [new]


def configure(cli, line):
    file = cli.archive.config_file
    file.write_text(
        re.sub("(?<=path: archive.db)[^}]*", f", {line}", file.read_text(encoding="utf-8")), encoding="utf-8"
    )


def test_without_bounds_the_configuration_says_what_goes(cli):
    configure(cli, "keep: 3000d")
    assert cli.json("prune", "--dry-run")["would_delete"]["articles"] == 0
    configure(cli, "max_size: 1MB")
    said = cli("prune", "--dry-run")
    assert "no article has to go" in said.out
    assert cli.json("prune", "--dry-run", "--older-than", "2d")["would_delete"]["articles"] == 2


def test_a_database_larger_than_it_may_be_loses_its_oldest_articles(tmp_path, capsys):
    archive = Archive(tmp_path)
    with closing(archive):
        for number in range(40):
            words = " ".join(f"word{number}x{n}" for n in range(1500))
            at = NOW - timedelta(days=60 - number)
            archive.article("Ministry", f"https://ministry.example/{number}", f"Title {number}", words, at=at)
    cli = Commands(archive, capsys)
    before = cli.json("prune", "--max-size", "1MB", "--yes")
    gone = before["deleted"]["articles"]
    assert 0 < gone == before["would_delete"]["articles"] < 40
    assert stored(cli) == list(range(gone + 1, 41))
    assert before["deleted"]["pages_returned"] > 100
    assert before["deleted"]["bytes_freed"] > 2**18


def test_compacting_makes_a_file_of_the_first_version_smaller(cli):
    with closing(sqlite3.connect(cli.archive.path, isolation_level=None)) as connection:
        connection.execute("PRAGMA auto_vacuum = NONE")
        connection.execute("VACUUM")
        connection.execute("CREATE TABLE ballast AS SELECT zeroblob(900000) AS x")
        connection.execute("DROP TABLE ballast")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    said = cli("prune", "--yes")
    assert "--compact makes it smaller" in said.err
    assert cli.archive.path.stat().st_size > 900_000
    said = cli("prune", "--yes", "--compact")
    assert "the file took" in said.err
    assert cli.archive.path.stat().st_size < 500_000
    with closing(sqlite3.connect(cli.archive.path)) as connection:
        assert connection.execute("PRAGMA auto_vacuum").fetchone() == (2,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
