"""A small archive for tests of what reads it: a mission to an invented city, written through the real storage.

Everything goes the way of the daemon (poll, entry, reading, decision), except that claims are given, not read.
"""

import json
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from alerts.decide import decide
from alerts.verdicts import Rules
from config.vocabulary import EndpointKind, Level, Role, Status
from envoywatch.desk import definition_of
from storage.database import open_writer
from storage.entries import lease_entries
from storage.identity import text_hash
from storage.model import (
    Claim,
    Cue,
    Endpoint,
    Entry,
    Fault,
    FaultKind,
    Field,
    Match,
    Poll,
    PollOutcome,
    Reading,
    SourceSpec,
    Span,
    Text,
    TextOrigin,
)
from storage.record import record_reading
from storage.runs import start_run
from storage.sources import finish_poll, lease_due, sync_sources
from storage.watches import sync_watches

NOW = datetime(2023, 5, 18, 12, 0, tzinfo=UTC)
"""When the last article of the small archive has been read."""

CONFIG = """\
storage: {path: archive.db}
sources:
  - name: Ruritania Today
    language: en
    country: RU
    role: media
    endpoints: [{feed: "https://today.example/feed"}]
  - name: Ministry
    language: zh
    country: CN
    role: official
    endpoints: [{feed: "https://ministry.example/feed"}]
  - name: Broken Times
    endpoints: [{feed: "https://broken.example/feed"}]
people:
  - name: Arda Lin
    offices: [{title: Special envoy, country: CN, level: deputy, envoy: true}]
    forms: {zh: [林达], ru: [Арда Линь]}
  - name: Boris Vale
    offices: [{title: President, country: RU, level: leader}]
    forms: {ru: [Борис Вейл]}
groups:
  everyone: [Arda Lin, Boris Vale]
watches:
  - {name: Envoy, query: '@arda-lin AND (talks OR 会谈)', send: now, channels: [desk]}
  - {name: Grain, query: 'grain NEAR/5 corridor', send: digest}
  - {name: Audience, meeting: {guest: Arda Lin, level: leader}, send: now, channels: [desk]}
channels:
  desk: {url: "json://127.0.0.1:9/hook"}
digests:
  - {name: Morning, at: "07:30 UTC", channels: [desk]}
"""

SPECS = (
    SourceSpec(
        "Ruritania Today",
        (Endpoint(EndpointKind.FEED, "https://today.example/feed"),),
        timedelta(minutes=5),
        language="en",
        country="RU",
    ),
    SourceSpec(
        "Ministry",
        (Endpoint(EndpointKind.FEED, "https://ministry.example/feed"),),
        timedelta(minutes=5),
        role=Role.OFFICIAL,
        language="zh",
        country="CN",
    ),
    SourceSpec("Broken Times", (Endpoint(EndpointKind.FEED, "https://broken.example/feed"),), timedelta(minutes=5)),
)

_MET = "Arda Lin met President Boris Vale in Zenda on Wednesday."


def claim_of(text, sentence, status=Status.HELD, *, cue=None, day="2023-05-17", place="Zenda", level=Level.LEADER):
    """A claim about the two principals whose evidence is that sentence of the text."""
    start = text.index(sentence)
    at = start + sentence.index(cue) if cue else start
    cues = (Cue(Span(Field.TEXT, at, at + len(cue)), "meets"),) if cue else ()
    return Claim(
        participants=("Arda Lin", "Boris Vale"),
        level=level,
        status=status,
        date=datetime.fromisoformat(day).date() if day else None,
        place=place,
        evidence=sentence,
        span=Span(Field.TEXT, start, start + len(sentence)),
        cues=cues,
        rule="met",
        confidence=0.9,
    )


class Archive:
    """A database that is filled article by article; its clock is the time given."""

    def __init__(self, folder, config=CONFIG, specs=SPECS):
        self.folder = folder
        self.path = folder / "archive.db"
        self.config_file = folder / "envoywatch.yaml"
        self.config_file.write_text(config, encoding="utf-8")
        self._db = open_writer(self.path)
        sync_sources(self._db, specs, NOW - timedelta(days=2))
        self.loaded = self._load()
        sync_watches(
            self._db, {watch.name: definition_of(watch) for watch in self.loaded.watches}, NOW - timedelta(days=2)
        )
        people = self._people()
        self.rules = Rules(
            watches=self.loaded.watches,
            resolve=lambda name: [person.label for person in (people.find_group(name) or (people.get(name),))],
        )

    def _load(self):
        from config.load import load_config

        return load_config(self.config_file, environ={}).config

    def _people(self):
        from config.people import load_people

        return load_people(self.loaded.people, self.loaded.groups)

    @property
    def db(self):
        return self._db

    def close(self):
        self._db.conn.close()

    def poll(self, source, entries=(), fault=None, at=NOW, **fields):
        """One poll of a source, with what it brought."""
        lease = lease_due(self._db, "test", at, 1, timedelta(minutes=1), names=[source], ignore_schedule=True)[0]
        outcome = PollOutcome.FAULT if fault else PollOutcome.ENTRIES if entries else PollOutcome.UNCHANGED
        poll = Poll(
            source_id=lease.source_id,
            position=0,
            url=lease.spec.endpoints[0].url,
            started_at=at,
            took=timedelta(seconds=0.2),
            outcome=outcome,
            entries=tuple(entries),
            fault=fault,
            **fields,
        )
        finish_poll(self._db, poll, at + lease.spec.interval, at)

    def article(self, source, url, title, text, *, at=NOW, language="en", claims=(), matches=()):
        """Store one article the daemon's way; `matches` are (watch, word) pairs. Returns its id."""
        self.poll(source, [Entry(url, url, title, published_at=at)], at=at)
        pending = lease_entries(self._db, at, 10, timedelta(minutes=1), per_source=10, busy={})[0]
        reading = Reading(
            entry_id=pending.id,
            source_id=pending.source_id,
            source=pending.spec.name,
            country=pending.spec.country,
            role=pending.spec.role,
            url=url,
            text=Text(title, text, language, TextOrigin.PAGE, published_at=at),
            text_hash=text_hash(title, text),
            seen_at=at,
            first_poll=pending.first_poll,
            matches=tuple(Match(watch, (_span_of(title, text, word),)) for watch, word in matches),
            claims=tuple(claims),
        )
        recorded = record_reading(self._db, reading, lambda one, known: decide(one, known, self.rules, at), at)
        return recorded.article_id


def _span_of(title, text, word):
    field, where = (Field.TEXT, text) if word in text else (Field.TITLE, title)
    start = where.index(word)
    return Span(field, start, start + len(word))


_filled = {}
"""The finished database by configuration: filling it takes longer than most tests."""


def seed(folder, config=CONFIG):
    """The small archive: four articles, one meeting with an official confirmation, one source that fails."""
    if config in _filled:
        (folder / "archive.db").write_bytes(_filled[config])
    archive = Archive(folder, config)
    with closing(archive):
        if config not in _filled:
            fill(archive)
    _filled.setdefault(config, archive.path.read_bytes())
    return archive


def fill(archive):
    """What `seed` puts in."""
    first = f"Diplomacy moved. {_MET} The talks took two hours."
    archive.article(
        "Ruritania Today",
        "https://today.example/a1",
        "Envoy received",
        first,
        at=NOW - timedelta(hours=20),
        claims=[claim_of(first, _MET, cue="met")],
        matches=[("Envoy", "Arda Lin"), ("Envoy", "talks")][:1],
    )
    chinese = "林达同总统举行会谈。双方讨论了和平。"
    archive.article(
        "Ministry",
        "https://ministry.example/z1",
        "林达会见总统",
        chinese,
        at=NOW - timedelta(hours=18),
        language="zh",
        claims=[claim_of(chinese, "林达同总统举行会谈。", cue="举行会谈")],
        matches=[("Envoy", "林达")],
    )
    archive.article(
        "Ruritania Today",
        "https://today.example/a2",
        "Harvest",
        "Ships used the grain corridor again.\nNobody else was asked.",
        at=NOW - timedelta(hours=5),
        matches=[("Grain", "grain corridor")],
    )
    archive.article(
        "Ruritania Today", "https://today.example/a3", "Weather", "It rained in Zenda.", at=NOW - timedelta(hours=4)
    )
    archive.poll("Broken Times", fault=Fault(FaultKind.BLOCKED, "403 Forbidden", status=403), at=NOW)


def open_again(archive):
    """The same archive, to be filled further; its configuration stays as it is."""
    return Archive(archive.folder, archive.config_file.read_text(encoding="utf-8"))


def start_daemon_run(archive, at=NOW):
    """Note a run as a daemon does at its start."""
    db = open_writer(archive.path)
    with closing(db.conn):
        return start_run(db, "0.0.0", at).run_id


def with_watch(config, line):
    """The configuration with one more watch."""
    return config.replace("channels:\n  desk", f"  - {line}\nchannels:\n  desk", 1)


@dataclass
class Said:
    """What a command ended in."""

    code: int
    out: str
    err: str

    def json(self):
        return json.loads(self.out)


class Commands:
    """Runs command lines on an archive's configuration, through the program's own entry."""

    def __init__(self, archive, capsys):
        self.archive = archive
        self._capsys = capsys

    def __call__(self, *arguments):
        from envoywatch.cli.main import run

        self._capsys.readouterr()
        code = run(["--config", str(self.archive.config_file), *arguments])
        said = self._capsys.readouterr()
        return Said(code, said.out, said.err)

    def json(self, *arguments):
        """The one JSON document that a command which ends well prints."""
        said = self(*arguments, "--json")
        assert said.code == 0, said.err
        return said.json()
