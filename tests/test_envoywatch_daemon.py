import random
import signal
import time
from collections import Counter

import pytest

from config.files import write_atomic
from tests.daemon_world import World, configuration, log_of, rows, running, start, stop, wait_for

pytestmark = pytest.mark.processes

TEXT = (
    "President Volodymyr Zelenskyy received the Chinese special envoy Li Hui in Kyiv on Wednesday. "
    "The talks lasted about an hour, the president's office said. Both sides spoke of peace and of trade. "
)


@pytest.fixture
def world():
    world = World()
    yield world
    world.close()


def configure(tmp_path, text):
    (tmp_path / "envoywatch.yaml").write_text(text, encoding="utf-8")


def test_an_entry_becomes_an_article_an_alert_and_one_delivery(tmp_path, world):
    configure(tmp_path, configuration(world, ["wire", "post"]))
    world.publish("wire", "Zelenskyy receives Chinese envoy Li Hui in Kyiv", TEXT)
    with running(tmp_path) as daemon:
        wait_for(lambda: len(world.deliveries) >= 2, tmp_path)
        kinds = Counter(row[0] for row in rows(tmp_path, "SELECT kind FROM alerts"))
        assert kinds == {"match": 1, "meeting": 1}
        assert rows(tmp_path, "SELECT DISTINCT title FROM articles") == [
            ("Zelenskyy receives Chinese envoy Li Hui in Kyiv",)
        ]
        traced = rows(
            tmp_path,
            "SELECT articles.text LIKE '%' || claims.evidence || '%' OR articles.title = claims.evidence FROM alerts"
            " JOIN claims ON claims.id = claim_id JOIN articles ON articles.id = claims.article_id",
        )
        assert traced == [(1,)]
        code, seconds = stop(daemon)
    assert code == 0
    assert seconds < 10
    assert rows(tmp_path, "SELECT ended_at IS NOT NULL FROM runs") == [(1,)]
    assert {delivery["key"] for delivery in world.deliveries} == {
        row[0] for row in rows(tmp_path, "SELECT key FROM deliveries")
    }


def test_promise_09_a_second_daemon_names_the_first_and_stops_with_2(tmp_path, world):
    configure(tmp_path, configuration(world, ["wire"]))
    with running(tmp_path) as first:
        wait_for(lambda: "watching" in log_of(tmp_path), tmp_path)
        second = start(tmp_path)
        assert second.wait(timeout=30) == 2
        assert f"process {first.pid}" in log_of(tmp_path)
        assert first.poll() is None


def test_promise_35_a_faulty_configuration_is_told_and_the_last_good_one_kept(tmp_path, world):
    good = configuration(world, ["wire"])
    configure(tmp_path, good)
    with running(tmp_path) as daemon:
        wait_for(lambda: rows(tmp_path, "SELECT 1 FROM polls"), tmp_path)
        configure(tmp_path, good.replace("query: '\"Li Hui\"'", "query: '\"Li Hui'"))
        wait_for(lambda: rows(tmp_path, "SELECT value FROM notes WHERE name = 'config_faults'"), tmp_path)
        assert "envoywatch.yaml:" in rows(tmp_path, "SELECT value FROM notes")[0][0]
        before = rows(tmp_path, "SELECT count(*) FROM polls")[0][0]
        wait_for(lambda: rows(tmp_path, "SELECT count(*) FROM polls")[0][0] > before, tmp_path)
        configure(tmp_path, configuration(world, ["wire", "post"]))
        wait_for(
            lambda: rows(tmp_path, "SELECT 1 FROM sources WHERE name = 'post' AND last_ok_at IS NOT NULL"), tmp_path
        )
        assert rows(tmp_path, "SELECT value FROM notes WHERE name = 'config_faults'") == []
        assert stop(daemon)[0] == 0


def test_promise_35_a_faulty_source_is_left_out_and_said_to_be_while_all_else_of_the_file_is_taken(tmp_path, world):
    good = configuration(world, ["wire"])
    configure(tmp_path, good)
    with running(tmp_path) as daemon:
        wait_for(lambda: "watching" in log_of(tmp_path), tmp_path)
        faulty = "sources:\n  - {name: Typo, endpoints: [{feeed: 'https://typo.example/rss'}]}\n"
        configure(tmp_path, configuration(world, ["wire", "post"]).replace("sources:\n", faulty))
        wait_for(lambda: rows(tmp_path, "SELECT 1 FROM sources WHERE name = 'post' AND active = 1"), tmp_path)
        wait_for(lambda: '"source left out"' in log_of(tmp_path), tmp_path)
        start(tmp_path, "status").wait(timeout=30)
        assert "goes on without the sources" in log_of(tmp_path)
        assert "keeps the last good" not in log_of(tmp_path)
        assert stop(daemon)[0] == 0


OUTLINE = '<outline text="{name}" xmlUrl="{url}/{name}/feed.xml"/>'


def test_a_list_edited_by_hand_is_the_truth_in_whatever_folder_it_lies(tmp_path, world):
    lists = tmp_path / "lists"
    lists.mkdir()

    def save(*names, end="</body></opml>"):
        outlines = "".join(OUTLINE.format(name=name, url=world.url) for name in names)
        write_atomic(lists / "mine.opml", f"<opml><body>{outlines}{end}")

    def active():
        return [name for (name,) in rows(tmp_path, "SELECT name FROM sources WHERE active = 1 ORDER BY name")]

    configure(tmp_path, configuration(world, ["wire"]))
    save("post", "sun")
    with running(tmp_path) as daemon:
        wait_for(lambda: "watching" in log_of(tmp_path), tmp_path)
        text = configuration(world, ["wire"]).replace("sources:\n", "sources:\n  - include: lists/mine.opml\n")
        configure(tmp_path, text)
        wait_for(lambda: active() == ["post", "sun", "wire"], tmp_path)
        save("sun", "star")
        wait_for(lambda: active() == ["star", "sun", "wire"], tmp_path)
        save("sun", end="")
        wait_for(lambda: rows(tmp_path, "SELECT value FROM notes WHERE name = 'config_faults'"), tmp_path)
        assert "mine.opml:1" in rows(tmp_path, "SELECT value FROM notes")[0][0]
        assert active() == ["star", "sun", "wire"]
        assert stop(daemon)[0] == 0


def test_sighup_reads_the_configuration_again(tmp_path, world):
    configure(tmp_path, configuration(world, ["wire"]))
    with running(tmp_path) as daemon:
        wait_for(lambda: "watching" in log_of(tmp_path), tmp_path)
        daemon.send_signal(signal.SIGHUP)
        wait_for(lambda: "configuration read" in log_of(tmp_path), tmp_path)
        assert stop(daemon)[0] == 0


def test_a_source_that_fails_is_told_with_its_class_and_comes_back(tmp_path, world):
    configure(tmp_path, configuration(world, ["wire"]))
    world.refuse.add("wire")
    with running(tmp_path) as daemon:
        wait_for(lambda: rows(tmp_path, "SELECT 1 FROM sources WHERE fault = 'server-error'"), tmp_path)
        world.refuse.clear()
        wait_for(lambda: rows(tmp_path, "SELECT 1 FROM sources WHERE fault IS NULL AND last_ok_at > ''"), tmp_path)
        assert stop(daemon)[0] == 0


def test_promise_02_killed_at_any_moment_it_loses_and_doubles_nothing(tmp_path, world):
    outlets = ["wire", "post", "times"]
    configure(tmp_path, configuration(world, outlets))
    rng = random.Random(7)  # noqa: S311 (chooses moments)
    published = 0
    for _ in range(4):
        with running(tmp_path) as daemon:
            polls = rows(tmp_path, "SELECT count(*) FROM polls")[0][0] if published else 0
            wait_for(lambda: rows(tmp_path, "SELECT count(*) FROM polls")[0][0] >= polls + 3, tmp_path)  # noqa: B023
            until = time.monotonic() + rng.uniform(0.5, 1.5)
            while time.monotonic() < until:
                published += 1
                title = f"Li Hui, dispatch {published}"
                world.publish(rng.choice(outlets), title, f"Number {published}: the envoy Li Hui travels on. " * 8)
                time.sleep(0.05)
            daemon.kill()
    with running(tmp_path) as daemon:
        wait_for(lambda: rows(tmp_path, "SELECT count(*) FROM articles")[0][0] == published, tmp_path)
        wait_for(lambda: not rows(tmp_path, "SELECT 1 FROM deliveries WHERE state = 'due'"), tmp_path)
        assert stop(daemon)[0] == 0
    assert rows(tmp_path, "PRAGMA integrity_check") == [("ok",)]
    assert rows(tmp_path, "SELECT count(*), count(DISTINCT title) FROM articles") == [(published, published)]
    assert rows(tmp_path, "SELECT count(*) FROM alerts") == [(published,)]
    keys = {row[0] for row in rows(tmp_path, "SELECT key FROM deliveries")}
    assert {delivery["key"] for delivery in world.deliveries} == keys
