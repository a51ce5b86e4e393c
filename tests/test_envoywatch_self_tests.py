from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from alerts.render import render_alert
from alerts.self_test import next_self_test
from config.model import Channel, Config
from envoywatch.clock import Clock
from envoywatch.messages import alert_facts
from envoywatch.self_tests import ring
from storage.model import DeliveryState, Receipt
from storage.store import open_store
from storage.views import digest_facts, get_alert

MONDAY = datetime(2023, 5, 22, 9, 0, tzinfo=UTC)
URL = "json://127.0.0.1:9/x"


def channel(self_test="weekly", **options):
    return Channel(url=URL, self_test=self_test, **options)


@pytest.fixture
def desk(tmp_path):
    with open_store(tmp_path / "envoywatch.db", "test") as store:
        clock = Clock(MONDAY - timedelta(days=5))
        clock.hold()
        config = Config(channels={"desk": channel(), "phone": Channel(url=URL)})
        yield SimpleNamespace(store=store, clock=clock, config=config)


def deliveries(desk):
    sql = "SELECT channel, state, alerts.kind FROM deliveries JOIN alerts ON alerts.id = alert_id"
    return [tuple(row) for row in desk.store.read_now(lambda db: db.execute(sql).fetchall())]


@pytest.mark.parametrize(
    ("one", "after", "at"),
    [
        (channel(), MONDAY - timedelta(seconds=1), MONDAY),
        (channel(), MONDAY, MONDAY + timedelta(days=7)),
        (channel("daily"), MONDAY, MONDAY + timedelta(days=1)),
        (channel(quiet="23:00-07:00 Europe/Kyiv"), MONDAY - timedelta(days=1), datetime(2023, 5, 22, 6, 0, tzinfo=UTC)),
        (Channel(url=URL), MONDAY, None),
    ],
)
def test_a_self_test_is_due_at_nine_where_its_readers_are(one, after, at):
    assert next_self_test(one, after) == at


async def test_a_self_test_goes_into_the_outbox_at_its_time_once_to_its_channel_alone(desk):
    assert not await ring(desk)
    desk.clock.start = MONDAY + timedelta(minutes=1)
    assert await ring(desk)
    assert not await ring(desk)
    assert deliveries(desk) == [("desk", "due", "test")]


async def test_one_missed_for_weeks_is_sent_once_when_we_are_back(desk):
    await ring(desk)
    desk.clock.start = MONDAY + timedelta(days=30)
    assert await ring(desk)
    assert not await ring(desk)
    desk.clock.start += timedelta(days=7)
    assert await ring(desk)
    assert len(deliveries(desk)) == 2


async def test_a_test_that_is_asked_for_no_more_is_not_made(desk):
    await ring(desk)
    desk.config = Config(channels={"desk": Channel(url=URL)})
    desk.clock.start = MONDAY + timedelta(days=1)
    assert not await ring(desk)


async def test_it_says_what_became_of_the_channels_messages_and_is_no_news_for_the_digest(desk):
    await ring(desk)
    desk.clock.start = MONDAY
    await ring(desk)
    (first,) = await desk.store.lease_deliveries("desk", MONDAY, 1, timedelta(minutes=1))
    await desk.store.finish_delivery(Receipt(first.id, MONDAY, True, DeliveryState.SENT))
    desk.clock.start = MONDAY + timedelta(days=7)
    await ring(desk)
    view = await desk.store.read(get_alert, 2)
    message = render_alert(alert_facts(view, "key"))
    assert message.title == "Envoywatch runs, and the channel desk works"
    assert "1 message went out through it in the seven days before." in message.text
    assert [one.reason for one in view.decisions] == ["self-test"]
    facts = await desk.store.read(digest_facts, MONDAY - timedelta(days=1), MONDAY + timedelta(days=8))
    assert facts.alerts == ()
