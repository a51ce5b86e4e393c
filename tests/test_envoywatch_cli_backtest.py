from contextlib import closing
from datetime import timedelta

import pytest

from envoywatch.backtesting import Comparison, Difference, Tally, backtest, most_changed
from storage.database import open_reader
from tests.seeding import CONFIG, NOW, Archive, Commands, claim_of, open_again, seed, with_watch


@pytest.fixture
def cli(tmp_path, capsys):
    return Commands(seed(tmp_path), capsys)


def trial_of(document, name):
    return next(one for one in document["watches"] if one["watch"] == name)


def test_watches_that_have_not_changed_differ_in_nothing(cli):
    document = cli.json("watches", "backtest")
    assert document["articles"] == 4
    assert [one["watch"] for one in document["watches"]] == ["Envoy", "Grain", "Audience"]
    for one in document["watches"]:
        assert one["matches"]["added"] == one["matches"]["lost"] == []
        assert one["alerts"]["added"] == one["alerts"]["lost"] == []
    assert trial_of(document, "Envoy")["alerts"]["counts"] == {"added": 0, "lost": 0, "kept": 2}
    assert trial_of(document, "Audience")["alerts"]["now"] == 2


def test_another_query_adds_matches_by_source_and_language(cli):
    document = cli.json("watches", "backtest", "Grain", "--query", "grain OR talks OR 林达")
    grain = trial_of(document, "Grain")
    assert (grain["matches"]["then"], grain["matches"]["now"]) == (1, 3)
    assert [one["article_id"] for one in grain["matches"]["added"]] == [1, 2]
    assert grain["matches"]["by_language"] == {
        "en": {"added": 1, "lost": 0, "kept": 1},
        "zh": {"added": 1, "lost": 0, "kept": 0},
    }
    assert set(grain["matches"]["by_source"]) == {"Ministry", "Ruritania Today"}
    assert grain["alerts"]["added"] == []  # it sends to the digest


def test_another_query_loses_matches_and_alerts(cli):
    document = cli.json("watches", "backtest", "Envoy", "--query", "@arda-lin lang:zh")
    envoy = trial_of(document, "Envoy")
    assert [one["article_id"] for one in envoy["matches"]["lost"]] == [1]
    assert [one["article_id"] for one in envoy["alerts"]["lost"]] == [1]
    assert envoy["alerts"]["then"] == 2


def test_a_new_watch_is_tried_as_one_that_tells_at_once(cli):
    document = cli.json("watches", "backtest", "Rain", "--query", "rained")
    rain = trial_of(document, "Rain")
    assert (rain["matches"]["then"], rain["matches"]["now"], rain["alerts"]["now"]) == (0, 1, 1)


def test_a_query_takes_the_place_of_a_score_but_is_exchanged_alone_beside_one(tmp_path, capsys):
    sums = "{name: Sum, score: {at_least: 10, terms: {corridor: 6, ships: 6}}, send: now}"
    both = "{name: Both, query: ships, score: {at_least: 5, terms: {corridor: 6}}, send: now}"
    cli = Commands(seed(tmp_path, with_watch(with_watch(CONFIG, sums), both)), capsys)
    assert trial_of(cli.json("watches", "backtest", "Sum"), "Sum")["matches"]["now"] == 1
    tried = trial_of(cli.json("watches", "backtest", "Sum", "--query", "rained"), "Sum")
    assert [one["article_id"] for one in tried["matches"]["added"]] == [4]
    assert trial_of(cli.json("watches", "backtest", "Both", "--query", "rained"), "Both")["matches"]["now"] == 0
    assert trial_of(cli.json("watches", "backtest", "Both", "--query", "grain"), "Both")["matches"]["now"] == 1


def test_a_name_is_taken_in_any_case_and_a_new_one_is_said_to_be_new(cli):
    said = cli("watches", "backtest", "envoy", "--query", "rained")
    assert "Matches of Envoy that differ" in said.out
    assert "there is no watch" not in said.err
    said = cli("watches", "backtest", "Envoi", "--query", "rained")
    assert "there is no watch 'Envoi': tried as a new one that tells at once; did you mean `Envoy`?" in said.err


def test_the_figures_and_the_titles_are_printed(cli):
    said = cli("watches", "backtest", "Envoy", "--query", "rained")
    assert said.code == 0
    assert "4 articles replayed" in said.out
    assert "+ 2023-05-18 08:00  Weather (Ruritania Today, article 4)" in said.out
    assert "- 2023-05-17 16:00  Envoy received (Ruritania Today, article 1)" in said.out
    assert "- and 2 more" in cli("watches", "backtest", "Envoy", "--query", "rained", "--show", "0").out


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["Grian"], "Grain"),
        (["--query", "x"], "name it"),
        (["Envoy", "Grain", "--query", "x"], "name it"),
        (["Envoy", "--query", "(x"], "add )"),
        (["Envoy", "--query", "@nobody-known"], "hint: "),
    ],
)
def test_a_mistake_has_a_hint(cli, arguments, hint):
    said = cli("watches", "backtest", *arguments)
    assert said.code == 2
    assert hint in said.err


def test_a_replay_from_the_middle_knows_what_was_told_before(cli):
    text = "Arda Lin met Boris Vale again in Zenda on Wednesday."
    with closing(open_again(cli.archive)) as archive:
        archive.article("Broken Times", "https://b.example/1", "Again", text, claims=[claim_of(text, text)])
    document = cli.json("watches", "backtest", "--since", (NOW - timedelta(hours=1)).isoformat())
    assert document["articles"] == 1
    audience = trial_of(document, "Audience")
    assert (audience["alerts"]["then"], audience["alerts"]["now"]) == (0, 0)


def test_copies_and_the_first_polls_limit_are_replayed_too(tmp_path):
    archive = Archive(tmp_path)
    with closing(archive):
        for number in range(8):
            archive.poll("Ministry", at=NOW - timedelta(hours=30)) if number == 0 else None
            archive.article(
                "Ministry",
                f"https://m.example/{number}",
                "Talks",
                f"Arda Lin held talks {number % 4}.",
                at=NOW - timedelta(hours=8 - number),
                matches=[("Envoy", "Arda Lin")],
            )
    with closing(open_reader(archive.path)) as connection:
        told = []
        trial = backtest(connection, archive.path, archive.loaded, ["Envoy"], on_progress=lambda *at: told.append(at))
    assert told[-1] == (8, 8)
    (envoy,) = trial.watches
    assert envoy.matches.total == Tally(kept=8)
    assert envoy.alerts.total == Tally(kept=4)


def test_an_archive_without_articles_is_replayed_in_no_time(tmp_path, capsys):
    archive = Archive(tmp_path)
    archive.close()
    assert Commands(archive, capsys).json("watches", "backtest")["articles"] == 0


def test_differences_are_counted_the_most_first():
    def one(source, day=1):
        return Difference("t", NOW + timedelta(days=day), 1, source, None)

    comparison = Comparison()
    for source, then, now in (("A", 0, 1), ("B", 0, 1), ("B", 0, 1), ("A", 1, 0), ("B", 1, 0), ("C", 1, 1)):
        comparison.add(one(source), then=bool(then), now=bool(now))
    changed = most_changed(comparison.by_source)
    assert list(changed.items()) == [("B", Tally(2, 1)), ("A", Tally(1, 1))]
    assert comparison.by_language == {"?": Tally(3, 2, 1)}
    assert comparison.by_day == {"2023-05-19": Tally(3, 2, 1)}
    assert (comparison.then, comparison.now) == (3, 4)
