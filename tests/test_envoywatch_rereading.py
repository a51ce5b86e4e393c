from datetime import UTC, datetime

import pytest

from tests.daemon_world import World, configuration, rows, running, stop, wait_for

pytestmark = pytest.mark.processes

REST = "Ships sailed from the harbour on Wednesday, and ministers spoke of grain, of trade and of the long winter. " * 3
MET = "President Volodymyr Zelenskyy received the Chinese special envoy Li Hui in Kyiv on Wednesday. "
HOPED = "President Volodymyr Zelenskyy may receive the Chinese special envoy Li Hui in Kyiv, an aide said. "
OTHER = "Chinese President Xi Jinping received French President Emmanuel Macron in Beijing on Wednesday. "
HEADLINE = "Day of diplomacy"


@pytest.fixture
def world():
    world = World()
    yield world
    world.close()


@pytest.fixture
def folder(tmp_path, world):
    watch = "  - {name: Leaders, meeting: {level: leader}, send: now, channels: [desk]}\n"
    (tmp_path / "envoywatch.yaml").write_text(configuration(world, ["wire"], watches=watch), encoding="utf-8")
    return tmp_path


def told(world, change):
    return [one for one in list(world.deliveries) if one["alert"]["change"] == change]


def about(world, change, person):
    return next(one for one in told(world, change) if person in one["meeting"]["participants"])


def test_a_report_that_is_edited_away_or_taken_down_is_followed_up_in_its_thread(folder, world):
    world.publish("wire", HEADLINE, MET + REST)
    world.publish("wire", "Guests in Beijing", OTHER + REST)
    clock = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    with running(folder, "run", "--clock", clock, "--speed", "600") as daemon:
        wait_for(lambda: len(told(world, "held")) == 2, folder)
        world.revise("wire", 1, HOPED + REST)
        world.revise("wire", 2, None)
        wait_for(lambda: len(told(world, "corrected")) == 2, folder)
        first, second = (about(world, change, "Li Hui") for change in ("held", "corrected"))
        assert second["meeting"]["key"] == first["meeting"]["key"]
        assert second["meeting"]["status"] == "proposed"
        assert second["alert"]["title"].startswith("Corrected: ")
        assert second["evidence"]["text"] in MET
        assert about(world, "corrected", "Emmanuel Macron")["meeting"]["reports"] == 0
        assert rows(folder, "SELECT status FROM meetings ORDER BY 1") == [("proposed",), ("undecided",)]
        assert rows(folder, "SELECT count(*) FROM articles") == [(2,)]
        assert stop(daemon)[0] == 0


def test_an_edited_headline_is_read_again_at_once_and_what_is_due_survives_a_restart(folder, world):
    world.publish("wire", HEADLINE, HOPED + REST)
    with running(folder) as daemon:
        wait_for(lambda: rows(folder, "SELECT id FROM articles"), folder)
        world.revise("wire", 1, MET + REST, title="Zelenskyy receives envoy Li Hui")
        wait_for(lambda: told(world, "held"), folder)
        assert stop(daemon)[0] == 0
    assert rows(folder, "SELECT count(*) FROM revisions") == [(1,)]
    assert rows(folder, "SELECT count(*) FROM rereads WHERE alerted_at IS NOT NULL") == [(1,)]
