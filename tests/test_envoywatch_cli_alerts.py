import pytest

from envoywatch.cli.alerts import _REVIEWS
from storage.runs import REVIEWS
from tests.seeding import Commands, seed


@pytest.fixture
def cli(tmp_path, capsys):
    return Commands(seed(tmp_path), capsys)


def test_alerts_are_listed_newest_first(cli):
    alerts = cli.json("alerts", "list")
    assert [one["id"] for one in alerts] == [4, 3, 2, 1]
    assert alerts[0]["created_at"] == "2023-05-17T18:00:00Z"
    assert {one["watch"] for one in alerts} == {"Envoy", "Audience"}


def test_the_list_fits_sixty_columns(cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    said = cli("alerts", "list")
    assert all(len(line) <= 60 for line in said.out.splitlines())
    assert "confirmed" in said.out


def test_alerts_are_bounded_in_time_and_number(cli):
    assert [one["id"] for one in cli.json("alerts", "list", "--since", "2023-05-17T17:00")] == [4, 3]
    assert [one["id"] for one in cli.json("alerts", "list", "--until", "2023-05-17T17:00")] == [2, 1]
    assert [one["id"] for one in cli.json("alerts", "list", "--limit", "1")] == [4]
    assert "--limit" in cli("alerts", "list", "--limit", "1").err


def test_an_alert_is_shown_with_everything_it_rests_on(cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    out = cli("alerts", "show", "2").out
    for part in (
        "Arda Lin >>met<< President Boris Vale",
        "the first report of a watched meeting",
        "desk",
        "waiting",
        "https://today.example/a1",
        "History of the meeting",
    ):
        assert part in out


def test_what_the_watch_said_is_told_in_words_with_the_status_that_it_leaves_unsaid(cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    said = "meetings of Arda Lin as guest, leader level: held or under way (revision 1, since "
    assert said in cli("alerts", "show", "2").out


def test_an_alert_of_a_keyword_watch_has_no_history(cli):
    out = cli("alerts", "show", "1").out
    assert "a watch matched" in out
    assert "History" not in out
    assert set(cli.json("alerts", "show", "1")) == {
        "alert", "claim", "claims", "history", "reports", "decisions", "deliveries", "revisions", "others",
    }  # fmt: skip


def test_a_review_is_written_taken_back_and_left_out_of_the_unreviewed(cli):
    said = cli("alerts", "review", "3", "wrong-person")
    assert said.code == 0
    assert "alert 3 is reviewed: wrong-person" in said.err
    assert cli.json("alerts", "show", "3")["alert"]["review"] == "wrong-person"
    assert [one["id"] for one in cli.json("alerts", "list", "--unreviewed")] == [4, 2, 1]
    assert cli("alerts", "review", "3", "NONE").code == 0
    assert cli.json("alerts", "show", "3")["alert"]["review"] is None


@pytest.mark.parametrize(
    "arguments", [["show", "99"], ["show", "abc"], ["review", "99", "right"], ["review", "1", "splendid"]]
)
def test_what_is_unknown_is_a_mistake_with_a_hint(cli, arguments):
    said = cli("alerts", *arguments)
    assert said.code == 2
    assert "hint: " in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("wrong", "did you mean wrong-status or wrong-person?"),
        ("wrong_person", "did you mean wrong-person?"),
        ("Duplicat", "did you mean duplicate?"),
        ("zzz", "'none'\n"),
    ],
)
def test_a_review_that_there_is_not_is_answered_with_the_nearest(cli, word, meant):
    said = cli("alerts", "review", "1", word)
    assert said.code == 2
    assert meant in said.err


def test_reviewing_makes_no_database(cli):
    cli.archive.path.unlink()
    assert cli("alerts", "review", "1", "right").code == 2
    assert not cli.archive.path.exists()


def test_the_reviews_of_the_command_are_those_of_the_storage():
    assert _REVIEWS == REVIEWS


def test_an_empty_list_says_so(cli):
    assert "No alert fits." in cli("alerts", "list", "--since", "1h").out
