"""The options of watches where the daemon and its page meet them."""

from datetime import UTC, datetime
from types import SimpleNamespace

from config.model import Config, Watch
from envoywatch.clock import Clock
from envoywatch.messages import make_digest
from envoywatch.pipeline import DeliverStage
from storage.database import open_reader
from storage.store import open_store
from tests.seeding import NOW, seed
from tests.watch_desk import HOUR

NIGHT = datetime(2023, 5, 18, 22, 30, tzinfo=UTC)
QUIET = "23:00-07:00 Europe/Paris"


def watches(**options):
    fields = {"query": "a", "send": "now", "channels": ["desk"], **options}
    return (Watch.model_validate({"name": "Envoy", **fields}), Watch.model_validate({"name": "Audience", **fields}))


async def test_what_comes_due_in_the_quiet_hours_of_its_watch_is_held_unless_it_is_urgent(tmp_path):
    archive = seed(tmp_path)
    config = Config(channels={"desk": {"url": "json://127.0.0.1:9"}}, watches=watches(quiet=QUIET))
    with open_store(archive.path, "test") as store:
        clock = Clock(NIGHT)
        clock.hold()
        stage = DeliverStage(SimpleNamespace(store=store, clock=clock, config=config))
        for delivery in await store.lease_deliveries("desk", NIGHT, 9, HOUR):
            await stage.deliver(delivery)
        rows = store.read_now(
            lambda connection: [
                tuple(row)
                for row in connection.execute(
                    "SELECT a.urgency, d.attempts, d.due_at = '2023-05-19T05:00:00.000000Z' FROM deliveries d"
                    " JOIN alerts a ON a.id = d.alert_id ORDER BY d.id"
                )
            ]
        )
    assert {row for row in rows if row[0] == "normal"} == {("normal", 0, 1)}
    # Each that fails counts as a try of those before it: they share the channel.
    assert [(attempts > 0, held) for urgency, attempts, held in rows if urgency == "high"] == [(True, 0)] * 2


def test_a_digest_leaves_out_what_a_muted_watch_found_and_does_not_call_it_quiet(tmp_path):
    archive = seed(tmp_path)
    reader = open_reader(archive.path)

    def digest(mute):
        config = archive.loaded.model_copy(
            update={"watches": tuple(one.model_copy(update={"mute": mute}) for one in archive.loaded.watches)}
        )
        return make_digest(reader, "Morning", NOW - 48 * HOUR, NOW, config)

    told, muted = digest(None).to_json(), digest(NOW + HOUR).to_json()
    reader.close()
    assert '"Grain"' in told
    assert '"Grain"' not in muted
