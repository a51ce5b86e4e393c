import asyncio
import os
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from alerts.decide import decide
from alerts.verdicts import Rules
from config.model import MeetingSpec, Watch
from config.vocabulary import EndpointKind, Level, Role, Send, Status
from storage.database import open_reader
from storage.errors import DatabaseBusyError, DatabaseRefusedError, StorageError
from storage.lock import sole_writer
from storage.model import (
    Claim,
    DeliveryState,
    Endpoint,
    Entry,
    Field,
    Poll,
    PollOutcome,
    Reading,
    Receipt,
    SourceSpec,
    Span,
    Text,
    TextOrigin,
)
from storage.runs import set_note
from storage.store import open_store

NOW = datetime(2023, 5, 17, 12, 0, tzinfo=UTC)
HOLD = timedelta(minutes=2)
RULES = Rules((Watch(name="All", meeting=MeetingSpec(guest="Arda Lin"), send=Send.NOW, channels=("desk", "phone")),))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.db"


def notes(connection):
    return connection.execute("SELECT count(*) FROM notes").fetchone()[0]


# ---------------------------------------------------------------- one writer


def test_promise_09_a_second_store_is_refused_and_told_who_has_it(path):
    with open_store(path, "envoywatch run") as store:
        store.write_now(set_note, "x", 1, NOW)
        with pytest.raises(DatabaseBusyError) as refused, open_store(path, "envoywatch poll"):
            pass
        told = str(refused.value)
        assert "envoywatch run" in told
        assert f"process {os.getpid()}" in told
        assert str(path) in told
        assert refused.value.exit_code == 2
        reader = open_reader(path)
        assert notes(reader) == 1
        reader.close()
    with open_store(path, "envoywatch poll") as store:
        assert store.read_now(notes) == 1


def test_promise_09_another_process_that_dies_lets_go(path):
    program = (
        "import sys, os, pathlib, envoywatch; from storage.lock import sole_writer\n"
        "with sole_writer(pathlib.Path(sys.argv[1]), 'the other'): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(DatabaseBusyError, match=rf"the other \(process {other.pid} on "), sole_writer(path, "me"):
            pass
        other.kill()
    with sole_writer(path, "me"):
        pass


def test_a_holder_that_has_not_written_its_name_yet_is_another_process(path):
    with sole_writer(path, "first"):
        path.with_name("store.db.lock").write_text("")
        with pytest.raises(DatabaseBusyError, match="in use by another process"), sole_writer(path, "second"):
            pass


def test_a_missing_folder_is_refused_in_words(tmp_path):
    with (
        pytest.raises(DatabaseRefusedError, match="the folder of the database is missing"),
        open_store(tmp_path / "none" / "x.db", "me"),
    ):
        pass


def test_a_foreign_file_is_refused_and_the_lock_let_go(path):
    path.write_text("not a database at all, but long enough to look at")
    for _ in range(2):
        with pytest.raises(DatabaseRefusedError, match="not an SQLite database"), open_store(path, "me"):
            pass


def test_promise_38_the_lock_is_the_owners_alone(path):
    with sole_writer(path, "me"):
        assert path.with_name("store.db.lock").stat().st_mode & 0o777 == 0o600


# ---------------------------------------------------------------- the contract, through the facade


async def polled(store, *numbers):
    source = SourceSpec("wire", (Endpoint(EndpointKind.FEED, "https://wire.example/feed"),), timedelta(minutes=5))
    await store.sync_sources([source], NOW)
    (lease,) = await store.lease_due("me", NOW, 5, HOLD)
    found = tuple(Entry(f"https://wire.example/{n}", f"g{n}", f"Title {n}") for n in numbers)
    poll = Poll(lease.source_id, 0, "u", NOW, timedelta(0), PollOutcome.ENTRIES, entries=found)
    return await store.finish_poll(poll, NOW + HOLD, NOW)


def reading_of(pending):
    text = "Arda Lin met Boris Vale."
    claim = Claim(
        ("Arda Lin", "Boris Vale"), Level.LEADER, Status.HELD, None, None, text, Span(Field.TEXT, 0, len(text))
    )
    return Reading(
        entry_id=pending.id,
        source_id=pending.source_id,
        source="wire",
        country=None,
        role=Role.MEDIA,
        url=pending.article_url,
        text=Text("T", text, "en", TextOrigin.PAGE),
        text_hash="h",
        seen_at=NOW,
        first_poll=False,
        claims=(claim,),
    )


async def test_from_a_source_to_a_receipt_through_the_store(path):
    with open_store(path, "me") as store:
        finished = await polled(store, 1, 2, 3)
        assert finished.new_entries == 3
        assert await store.lease_due("me", NOW, 5, HOLD) == []
        assert len(await store.lease_due("me", NOW, 5, HOLD, names=["wire"], ignore_schedule=True)) == 1
        one, two, three = await store.lease_entries(NOW, 9, HOLD, per_source=9, busy={})
        await store.retry_entry(two.id, NOW + HOLD, "slow")
        await store.fail_entry(three.id, "gone")
        recorded = await store.record(reading_of(one), lambda r, k: decide(r, k, RULES, NOW), NOW)
        assert len(recorded.alert_ids) == 1
        assert sorted(await store.due_channels(NOW)) == ["desk", "phone"]
        (desk,) = await store.lease_deliveries("desk", NOW, 9, HOLD)
        await store.finish_delivery(Receipt(desk.id, NOW, ok=False, state=DeliveryState.DEAD), "spare")
        (phone,) = await store.lease_deliveries("phone", NOW, 9, HOLD)
        await store.hold_delivery(phone.id, NOW + HOLD)
        assert await store.due_channels(NOW) == ["spare"]
        again = await store.lease_entries(NOW + HOLD, 9, HOLD, per_source=9, busy={})
        assert [entry.id for entry in again] == [two.id]
        assert store.trouble is None


async def test_leases_of_a_dead_process_are_free_when_the_store_opens(path):
    with open_store(path, "me") as store:
        await polled(store, 1)
        (entry,) = await store.lease_entries(NOW, 9, HOLD, per_source=9, busy={})
    with open_store(path, "me") as store:
        assert [one.id for one in await store.lease_entries(NOW, 9, HOLD, per_source=9, busy={})] == [entry.id]


async def test_a_decision_that_fails_reaches_its_caller_and_the_store_goes_on(path):
    with open_store(path, "me") as store:
        await polled(store, 1)
        (entry,) = await store.lease_entries(NOW, 9, HOLD, per_source=9, busy={})
        with pytest.raises(ZeroDivisionError):
            await store.record(reading_of(entry), lambda *_: 1 // 0, NOW)
        assert (await store.record(reading_of(entry), lambda r, k: decide(r, k, RULES, NOW), NOW)).added


async def test_reading_runs_beside_writing_and_cannot_write(path):
    with open_store(path, "me") as store:
        await asyncio.gather(
            *(store.write(set_note, f"n{n}", n, NOW) for n in range(20)), *(store.read(notes) for _ in range(20))
        )
        assert await store.read(notes) == 20
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            await store.read(lambda connection: connection.execute("DELETE FROM notes"))


async def test_a_write_whose_caller_gave_up_is_done_all_the_same(path):
    with open_store(path, "me") as store:
        waiting = asyncio.ensure_future(store.write(set_note, "x", 1, NOW))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await store.write(set_note, "y", 1, NOW)
        assert await store.read(notes) in {1, 2}


def test_closing_finishes_what_is_queued_and_takes_no_more(path):
    with open_store(path, "me") as store:
        queued = [store._writer.submit(lambda db, n=n: set_note(db, f"n{n}", n, NOW)) for n in range(100)]
    assert all(job.done() for job in queued)
    with pytest.raises(StorageError, match="being closed"):
        store.write_now(set_note, "late", 1, NOW)
    reader = open_reader(path)
    assert notes(reader) == 100
    reader.close()
