"""Kills real processes while they work on a database; run as `python -m tests.killing`, so that forks are cheap.

Given a work's name, a folder with the state before, and how many kills: makes a copy of the folder for each kill, at
instants spread evenly over the work, and leaves the killed states as `FOLDER-0`, `FOLDER-1` and so on.
"""

import os
import shutil
import signal
import sqlite3
import sys
from datetime import UTC, datetime
from pathlib import Path

import envoywatch  # noqa: F401 (makes the packages importable)
from storage import database
from storage.keeping import prune_articles

_STEPS = 400
_connect, _fsync, _rename = sqlite3.connect, os.fsync, Path.rename


class Instants:
    """Counts what happens, and kills its own process at the one that was chosen."""

    def __init__(self, fatal):
        self.fatal = fatal
        self.seen = 0

    def tick(self, *_):
        self.seen += 1
        if self.seen == self.fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        return 0

    def watch(self):
        """Statements, steps within them, pages copied, syncs and renames, before and after each."""

        def connect(*args, **kwargs):
            connection = _connect(*args, **kwargs)
            connection.set_trace_callback(self.tick)
            connection.set_progress_handler(self.tick, _STEPS)
            return connection

        def around(function):
            def call(*args):
                self.tick()
                result = function(*args)
                self.tick()
                return result

            return call

        sqlite3.connect = connect
        os.fsync = around(_fsync)
        Path.rename = Path.replace = around(_rename)


def migrate(folder, _):
    database.open_writer(folder / "archive.db").conn.close()


def prune(folder, _):
    db = database.open_writer(folder / "archive.db")
    gone = 1
    while gone:
        with database.immediate(db):
            gone = prune_articles(db, datetime.now(UTC), 5)
    db.conn.close()


def back_up(folder, instants):
    database.back_up(folder / "archive.db", folder / "copy.db", instants.tick)


def export(folder, _):
    from envoywatch.cli.main import run

    if run(["--quiet", "--config", str(folder / "envoywatch.yaml"), "export", str(folder / "out.jsonl")]):
        raise SystemExit(3)


WORKS = {work.__name__: work for work in (migrate, prune, back_up, export)}


def forked(work, folder, fatal):
    """How many instants the work had, or None when it was killed as it should be."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        instants = Instants(fatal)
        instants.watch()
        WORKS[work](folder, instants)
        os.write(writing, str(instants.seen).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        said = answer.read()
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return None
    if status:
        raise SystemExit(f"{work} failed by itself: {status}")
    return int(said)


def main(work, folder, kills):
    folder = Path(folder)
    whole = folder.with_name(folder.name + "-whole")
    shutil.copytree(folder, whole)
    WORKS[work](Path(shutil.copytree(folder, f"{folder}-first")), Instants(None))  # loads what each fork would load
    total = forked(work, whole, None)
    for number in range(kills):
        copy = folder.with_name(f"{folder.name}-{number}")
        shutil.copytree(folder, copy)
        fatal = 1 + (total - 1) * number // (kills - 1)
        if forked(work, copy, fatal) is not None:
            raise SystemExit(f"{work} was over before instant {fatal} of {total}")
    print(total)  # noqa: T201 (for the test)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
