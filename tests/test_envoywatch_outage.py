"""A channel that is down for a day beside one that is not: the real delivering stage, real webhooks, our own clock."""

import json
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from config.model import Config
from envoywatch.pipeline import DeliverStage
from storage.model import Alert, AlertKind, DeliveryFault, DeliveryState, to_text
from storage.record import write_alerts
from storage.store import open_store

START = datetime(2023, 5, 16, 6, 0, tzinfo=UTC)


class Hook(ThreadingHTTPServer):
    """Takes messages, keeping their titles, unless it is to say something else."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.taken, self.asked, self.say = [], [], lambda title: None
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        title = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["title"]
        self.server.asked.append(title)
        status, headers = self.server.say(title) or (204, {})
        if status == 204:
            self.server.taken.append(title)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *args):
        pass


class Day:
    """Alerts come, the clock moves to what is due next, and the stage works it off."""

    def __init__(self, store, hooks):
        self.store = store
        channels = {
            name: {"url": f"json://127.0.0.1:{hook.server_port}/x", "fallback": None} for name, hook in hooks.items()
        }
        self.now = START
        self.clock = SimpleNamespace(now=lambda: self.now, span=lambda real: real)
        self.config = Config.model_validate({"channels": channels})
        self.stage = DeliverStage(SimpleNamespace(store=store, clock=self.clock, config=self.config))

    async def alert(self, name, *channels):
        told = Alert(name, AlertKind.MATCH, name, self.now, channels=channels)
        await self.store.write(write_alerts, [told], {}, {}, None)
        await self.work()

    async def work(self):
        await self.stage.pump()
        while len(self.stage.jobs):
            await self.stage.jobs.wait()

    async def until(self, moment):
        await self.work()
        while (due := await self.store.read(_next_due, to_text(self.now))) is not None and due <= to_text(moment):
            self.now = datetime.fromisoformat(due)
            await self.work()
        self.now = moment
        await self.work()

    async def states(self, channel):
        sql = "SELECT state FROM deliveries WHERE channel = ? ORDER BY id"
        return [row[0] for row in await self.store.read(lambda db: db.execute(sql, (channel,)).fetchall())]


def _next_due(connection, now):
    sql = "SELECT min(due_at) FROM deliveries WHERE state = 'due' AND due_at > ?"
    return connection.execute(sql, (now,)).fetchone()[0]


@pytest.fixture
def hooks():
    made = {"desk": Hook(), "phone": Hook()}
    yield made
    for hook in made.values():
        hook.shutdown()
        hook.server_close()


@pytest.fixture
def day(tmp_path, hooks):
    with open_store(tmp_path / "envoywatch.db", "test") as store:
        yield Day(store, hooks)


@pytest.mark.parametrize("status", [503, 429])
async def test_promise_07_after_a_day_without_its_channel_all_arrives_in_order_and_others_did_not_wait(
    day, hooks, status
):
    hooks["desk"].say = lambda title: (status, {})
    names = [f"alert {hour:02}" for hour in range(0, 24, 2)]
    for number, name in enumerate(names):
        await day.until(START + timedelta(hours=2 * number, minutes=7))
        await day.alert(name, "desk", "phone")
        assert hooks["phone"].taken == names[: number + 1]
    await day.until(START + timedelta(days=1))
    assert hooks["desk"].taken == []
    hooks["desk"].say = lambda title: None
    await day.until(START + timedelta(days=1, minutes=15))
    assert hooks["desk"].taken == names
    assert set(await day.states("desk")) == set(await day.states("phone")) == {DeliveryState.SENT}


async def test_while_a_channel_is_down_not_every_message_is_tried_each_time(day, hooks):
    hooks["desk"].say = lambda title: (503, {})
    for number in range(20):
        await day.alert(f"alert {number:02}", "desk")
    await day.until(START + timedelta(hours=3))
    tried, hooks["desk"].asked[:] = len(hooks["desk"].asked), []
    await day.until(START + timedelta(hours=4))
    assert tried > 20
    assert 4 <= len(hooks["desk"].asked) <= 14


async def test_one_message_that_is_never_taken_holds_up_no_other(day, hooks):
    hooks["desk"].say = lambda title: (500, {}) if title == "poison" else None
    await day.alert("poison", "desk")
    hooks["desk"].say = lambda title: (500, {})
    await day.alert("first", "desk")
    await day.alert("second", "desk")
    hooks["desk"].say = lambda title: (500, {}) if title == "poison" else None
    await day.until(START + timedelta(minutes=15))
    assert hooks["desk"].taken == ["first", "second"]
    assert (await day.states("desk"))[0] == DeliveryState.DUE


async def test_a_target_that_asks_us_to_wait_is_asked_nothing_until_then(day, hooks):
    await day.store.write(
        write_alerts,
        [Alert(f"a{number}", AlertKind.MATCH, f"a{number}", START, channels=("desk",)) for number in range(3)],
        {}, {}, None,
    )  # fmt: skip
    hooks["desk"].say = lambda title: (429, {"Retry-After": "3600"})
    await day.until(START + timedelta(minutes=30))
    await day.alert("new", "desk")
    await day.until(START + timedelta(minutes=59))
    assert hooks["desk"].asked == ["a0"]
    hooks["desk"].say = lambda title: None
    await day.until(START + timedelta(hours=1))
    assert sorted(hooks["desk"].taken) == ["a0", "a1", "a2", "new"]


async def test_promise_07_after_three_days_a_message_is_dead_with_its_fault_and_goes_out_through_the_fallback(
    day, hooks
):
    channels = {**day.config.channels, "desk": day.config.channels["desk"].model_copy(update={"fallback": "phone"})}
    day.stage._desk.config = day.config.model_copy(update={"channels": channels})
    hooks["desk"].say = lambda title: (503, {})
    for number in range(3):
        await day.alert(f"alert {number}", "desk")
    await day.until(START + timedelta(days=2, hours=23))
    assert hooks["phone"].taken == []
    await day.until(START + timedelta(days=3, minutes=16))
    assert hooks["phone"].taken == ["alert 0", "alert 1", "alert 2"]
    sql = "SELECT DISTINCT state, fault FROM deliveries WHERE channel = 'desk'"
    found = await day.store.read(lambda db: db.execute(sql).fetchall())
    assert [tuple(row) for row in found] == [(DeliveryState.DEAD, DeliveryFault.SERVER)]


async def test_promise_39_a_channel_that_fails_for_hours_is_a_line_an_hour_and_one_when_it_works_again(day, hooks):
    hooks["phone"].say = lambda title: (500, {})
    with capture_logs() as lines:
        await day.alert("Li Hui in Kyiv", "phone")
        await day.until(START + timedelta(hours=3))
        hooks["phone"].say = lambda title: None
        await day.until(START + timedelta(hours=4))
    assert len(hooks["phone"].asked) > 10
    said = [line["event"] for line in lines]
    assert said == ["delivery failed"] * said.count("delivery failed") + ["channel works again"]
    assert 3 <= said.count("delivery failed") <= 4
