import asyncio
import sqlite3
import threading
from contextlib import closing

import pytest

import storage.writer
from storage.database import open_writer
from storage.errors import StorageError
from storage.writer import Writer


@pytest.fixture
def writer(tmp_path):
    writer = Writer(open_writer(tmp_path / "w.db"))
    writer.start()
    yield writer
    writer.stop()


def note(name):
    def write(db):
        db.execute("INSERT INTO notes (name, value, at) VALUES (?, '1', 'x')", [name])
        return name

    return write


def names(db):
    return [row[0] for row in db.execute("SELECT name FROM notes ORDER BY name")]


def test_a_job_returns_its_result_after_its_commit(writer):
    assert writer.submit(note("a")).result(5) == "a"
    assert writer.submit(names).result(5) == ["a"]


def test_a_job_that_fails_takes_no_other_with_it(writer):
    gate = threading.Event()
    waiting = writer.submit(lambda _: gate.wait(5))
    good, bad, after = writer.submit(note("good")), writer.submit(note("good")), writer.submit(note("after"))
    gate.set()
    assert waiting.result(5)
    assert good.result(5) == "good"
    with pytest.raises(sqlite3.IntegrityError):
        bad.result(5)
    assert after.result(5) == "after"
    assert writer.submit(names).result(5) == ["after", "good"]


def test_an_error_that_is_not_sqlites_reaches_its_caller(writer):
    with pytest.raises(ZeroDivisionError):
        writer.submit(lambda _: 1 // 0).result(5)


def test_promise_10_a_lock_held_by_another_program_delays_and_loses_nothing(tmp_path, writer, monkeypatch):
    writer.submit(lambda db: db.execute("PRAGMA busy_timeout = 20")).result(5)
    with closing(sqlite3.connect(tmp_path / "w.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        pending = writer.submit(note("late"))
        for _ in range(200):
            if writer.trouble:
                break
            threading.Event().wait(0.01)
        assert "locked" in writer.trouble
        assert not pending.done()
        other.execute("COMMIT")
    assert pending.result(10) == "late"
    writer.submit(names).result(5)
    assert writer.trouble is None


def test_promise_10_a_full_disk_acknowledges_nothing_and_goes_on_by_itself(writer):
    writer.submit(lambda db: db.execute("PRAGMA max_page_count = 1")).result(5)
    big = writer.submit(
        lambda db: db.execute(
            "INSERT INTO notes (name, value, at) VALUES ('big', zeroblob(0) || ?, 'x')", ["y" * 3_000_000]
        )
    )
    for _ in range(200):
        if writer.trouble:
            break
        threading.Event().wait(0.01)
    assert "full" in writer.trouble
    assert not big.done()
    room = threading.Thread(target=lambda: writer._db.conn.execute("PRAGMA max_page_count = 1000000"))
    room.start()
    room.join()
    big.result(15)
    assert writer.submit(names).result(5) == ["big"]


def test_stopping_finishes_what_is_queued_and_takes_no_more(tmp_path):
    writer = Writer(open_writer(tmp_path / "s.db"))
    writer.start()
    jobs = [writer.submit(note(f"{n:03}")) for n in range(300)]
    writer.stop()
    assert [job.result(0) for job in jobs] == [f"{n:03}" for n in range(300)]
    with pytest.raises(StorageError, match="being closed"):
        writer.submit(note("x"))


def test_stopping_while_locked_gives_the_jobs_up_with_a_clear_error(tmp_path):
    writer = Writer(open_writer(tmp_path / "l.db"))
    writer.start()
    writer.submit(lambda db: db.execute("PRAGMA busy_timeout = 20")).result(5)
    with closing(sqlite3.connect(tmp_path / "l.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        job = writer.submit(note("x"))
        writer.stop()
        with pytest.raises(StorageError, match="could not be written"):
            job.result(0)
        other.execute("ROLLBACK")


@pytest.fixture
def endless_patience(monkeypatch):
    monkeypatch.setattr(storage.writer, "LINGER_S", 3600.0)


@pytest.mark.usefixtures("endless_patience")
async def test_patient_jobs_are_written_with_the_first_that_is_not(writer):
    patient = [asyncio.ensure_future(writer.run(note(name), patient=True)) for name in "ab"]
    await asyncio.sleep(0.02)
    assert not any(job.done() for job in patient)
    async with asyncio.timeout(30):
        assert await writer.run(names) == ["a", "b"]
        assert await asyncio.gather(*patient) == ["a", "b"]


@pytest.mark.usefixtures("endless_patience")
async def test_a_job_from_a_thread_never_waits_for_patient_ones(writer):
    for number in range(storage.writer.GROUP):
        patient = asyncio.ensure_future(writer.run(note(f"p{number}"), patient=True))
        await asyncio.sleep(0)
        assert await asyncio.to_thread(writer.submit(note(f"t{number}")).result, 30) == f"t{number}"
        assert await patient == f"p{number}"


@pytest.mark.usefixtures("endless_patience")
async def test_who_is_left_over_by_a_full_commit_waits_for_no_company(writer):
    gate = threading.Event()
    held = asyncio.ensure_future(writer.run(lambda _: gate.wait(5)))
    patient = [asyncio.ensure_future(writer.run(note(f"{n:03}"), patient=True)) for n in range(storage.writer.GROUP)]
    last = asyncio.ensure_future(writer.run(note("last")))
    await asyncio.sleep(0.02)
    gate.set()
    async with asyncio.timeout(30):
        assert len(await asyncio.gather(held, *patient, last)) == len(patient) + 2


@pytest.mark.usefixtures("endless_patience")
async def test_stopping_waits_for_no_company_and_loses_nothing(tmp_path):
    writer = Writer(open_writer(tmp_path / "p.db"))
    writer.start()
    job = asyncio.ensure_future(writer.run(note("a"), patient=True))
    await asyncio.sleep(0.01)
    await asyncio.to_thread(writer.stop)
    assert await job == "a"
    with pytest.raises(StorageError, match="being closed"):
        await writer.run(note("b"))


async def test_giving_up_the_wait_undoes_nothing_and_fails_nobody(writer):
    begun, gate = threading.Event(), threading.Event()

    def work(db):
        begun.set()
        gate.wait(5)
        return note("a")(db)

    job, bad = (asyncio.ensure_future(writer.run(run)) for run in (work, lambda _: 1 // 0))
    await asyncio.to_thread(begun.wait, 5)
    job.cancel()
    gate.set()
    with pytest.raises(ZeroDivisionError):
        await bad
    assert job.cancelled()
    assert await writer.run(names) == ["a"]
