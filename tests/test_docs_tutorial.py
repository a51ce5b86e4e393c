"""What docs/tutorial.md tells a reader to type, typed, and what it says is printed, printed."""

import contextlib
import io
import os
import random
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import pytest

from envoywatch.cli.main import run

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(console|yaml)\n(.*?)```", PAGE, re.DOTALL)
DAY = "2026-11-18"
"""The Wednesday of the alert in section 6."""

STAYS = ("scripts/prepare", ".venv/bin/envoywatch demo", "source ", "envoywatch run", "envoywatch sources remove")
"""What sets up the checkout, and what does not end by itself: tested elsewhere. The last ends the newspaper."""
NETWORK = ("sources", "poll")
"""Commands whose reactor wants a process of its own."""


def steps():
    """(command, what the page shows under it) of the blocks for the console; pieces of YAML as (None, text)."""
    for kind, text in BLOCKS:
        if kind == "yaml":
            yield None, text
            continue
        for command in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            end = command.index("\nEND\n") + 5 if "<<'END'" in command else command.index("\n") + 1
            yield command[:end].rstrip("\n"), command[end:]


def last_wednesday():
    today = date.today()  # noqa: DTZ011 (the article's day is counted from it, wherever it is read)
    return today - timedelta(days=(today.weekday() - 2) % 7)


class Reader:
    """Somebody who follows the page in a folder of their own, with a port of their own."""

    def __init__(self, folder, port, monkeypatch):
        self.folder = folder
        self.port = str(port)
        self.config = folder / "mission" / "envoywatch.yaml"
        self.started = []
        self._monkeypatch = monkeypatch
        tool = folder / "bin" / "envoywatch"
        tool.parent.mkdir()
        tool.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m envoywatch "$@"\n', encoding="utf-8")
        tool.chmod(0o755)
        paths = (tool.parent, Path(sys.executable).parent, os.environ["PATH"])
        monkeypatch.setenv("PATH", ":".join(map(str, paths)))
        monkeypatch.setenv("PYTHONPATH", str(ROOT))
        monkeypatch.chdir(folder)

    def types(self, command):
        """What a command prints, with the port of the page."""
        command = command.replace("8500", self.port)
        if command.startswith("export "):
            name, value = shlex.split(command)[1].split("=", 1)
            self._monkeypatch.setenv(name, value)
            return ""
        if command.startswith("cd "):
            self._monkeypatch.chdir(command.removeprefix("cd "))
            return ""
        if command.endswith("&"):
            self._starts(command.removesuffix("&"))
            return ""
        ours = re.fullmatch(r'(?:echo "(.*)" \| )?envoywatch (.*)', command)
        code, said = self._here(ours[1] or "", shlex.split(ours[2])) if self._is_quick(ours) else self._there(command)
        assert code == 0, f"{command}\n{said}"
        return said.replace(self.port, "8500")

    def _is_quick(self, ours):
        return ours is not None and ours[2].split()[0] not in NETWORK

    def _here(self, piped, arguments):
        """In this process, where the language data are loaded already."""
        self._monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(f"{piped}\n".encode()), encoding="utf-8"))
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = run(arguments)
        return code, said.getvalue()

    def _there(self, command):
        """In a shell."""
        done = subprocess.run(
            ["/bin/sh", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", check=False
        )
        return done.returncode, done.stdout

    def _starts(self, command):
        with (self.folder / "news.log").open("wb") as log:
            served = shlex.split(command[: command.index(">")])
            self.started.append(subprocess.Popen(served, stdout=log, stderr=log))
        for _ in range(500):
            with socket.socket() as asking:
                if asking.connect_ex(("127.0.0.1", int(self.port))) == 0:
                    return
            time.sleep(0.02)
        pytest.fail("the newspaper does not come up")

    def edits(self, piece):
        """Does to the starter what the page says of a piece of YAML; what is not there already takes its place."""
        text = self.config.read_text(encoding="utf-8")
        if piece.startswith("crawl:"):
            wished = piece.removeprefix("crawl:\n")
            text = re.sub(r"^  user_agent: .*\n", wished, text, flags=re.MULTILINE)
        elif piece.startswith("sources:"):
            text = re.sub(r"^  - catalogue: .*$", piece.splitlines()[1], text, flags=re.MULTILINE)
        elif piece.startswith("channels:"):
            text = re.sub(r"^# channels:\n#   desk:\n.*\n", piece, text, flags=re.MULTILINE)
        elif piece.startswith("expect:"):
            starter = "".join(f"# {line}\n" for line in piece.splitlines())
            assert starter in text
            text = text.replace(starter, re.sub(r"by: \d{4}", "by: 2999", piece))  # "give it your time"
        elif "name: Received by a leader" in piece:
            head, last = piece.rstrip("\n").rsplit("\n", 1)
            assert f"{head}\n    # {last.strip()}" in text
            text = text.replace(f"{head}\n    # {last.strip()}", f"{head}\n{last}")
        else:
            assert "name: Another Paper" in piece  # an example of what may be written by hand
        self.config.write_text(text, encoding="utf-8")

    def leaves(self):
        for process in self.started:
            process.send_signal(signal.SIGTERM)
            process.wait()


def free_port():
    """Of four digits as the page's: columns are as wide as what stands in them."""
    for port in random.sample(range(2000, 10_000), 100):
        with socket.socket() as one, contextlib.suppress(OSError):
            one.bind(("127.0.0.1", port))
            return port
    return pytest.fail("no port of four digits is free")


@pytest.fixture
def reader(tmp_path, monkeypatch):
    somebody = Reader(tmp_path, free_port(), monkeypatch)
    yield somebody
    somebody.leaves()


@pytest.mark.processes
def test_all_that_the_tutorial_tells_to_type_prints_what_it_says(reader):
    for command, shown in steps():
        if command is None:
            reader.edits(shown)
        elif not command.startswith(STAYS):
            printed = reader.types(command)
            if shown:  # a command under which nothing stands may say what it will
                assert printed == shown.replace(DAY, str(last_wednesday())), command
