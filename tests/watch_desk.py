"""A database with watches over it, and what the daemon does to both, step by step."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from alerts.decide import decide
from alerts.verdicts import Rules
from config.errors import ConfigError
from config.load import load_config
from config.vocabulary import EndpointKind, Role
from envoywatch.checks import all_checks
from envoywatch.messages import find_message
from storage.database import open_reader, open_writer
from storage.entries import lease_entries
from storage.identity import text_hash
from storage.model import (
    DeliveryState,
    Endpoint,
    Entry,
    Field,
    Match,
    Poll,
    PollOutcome,
    Reading,
    Reason,
    Receipt,
    SourceSpec,
    Span,
    Text,
    TextOrigin,
    Verdict,
)
from storage.outbox import finish_delivery, lease_deliveries
from storage.record import record_reading
from storage.sources import finish_poll, lease_due, release_leases, sync_sources
from storage.views import get_alert

START = datetime(2023, 5, 16, 8, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


class Desk:
    """A database and the watches over it; what the daemon does to both, step by step."""

    def __init__(self, path, *watches):
        self.path = path
        self.rules = Rules(watches)
        self.db = open_writer(path)
        self.specs = {}
        self.numbers = count(1)

    def again(self):
        """As after a restart: another connection, all leases freed."""
        self.db.conn.close()
        self.db = open_writer(self.path)
        release_leases(self.db)

    def reads(
        self,
        at,
        *matches,
        source="Wire",
        title=None,
        role=Role.MEDIA,
        country=None,
        language="en",
        claims=(),
        words=None,
        found=None,
    ):
        number = next(self.numbers)
        url, title = f"https://outlet.example/{number}", title or f"Headline {number}"
        self.specs[source] = SourceSpec(
            source, (Endpoint(EndpointKind.FEED, f"https://{source}.example/"),), HOUR, role=role, country=country
        )
        sync_sources(self.db, self.specs.values(), at)
        lease = lease_due(self.db, "t", at, 1, MINUTE, names=[source], ignore_schedule=True)[0]
        entry = Entry(url, url, title, published_at=at)
        finish_poll(
            self.db, Poll(lease.source_id, 0, url, at, MINUTE, PollOutcome.ENTRIES, entries=(entry,)), at + HOUR, at
        )
        pending = lease_entries(self.db, at, 1, MINUTE, per_source=1, busy={})[0]
        text = words or f"words of {number}"
        reading = Reading(
            pending.id,
            lease.source_id,
            source,
            country,
            role,
            url,
            Text(title, text, language, TextOrigin.PAGE, published_at=at),
            text_hash(title, text),
            at,
            False,
            matches=found.matches if found else tuple(Match(one, (Span(Field.TEXT, 0, 5),)) for one in matches),
            claims=tuple(claims),
            short=found.short if found else (),
        )
        recorded = record_reading(
            self.db, reading, lambda one, known: decide(one, known, self.rules, at), at, self.rules.needs
        )
        return recorded.alert_ids

    def decisions(self):
        rows = self.db.execute("SELECT verdict, reason FROM decisions WHERE watch IS NOT NULL ORDER BY id")
        return [(Verdict(verdict), Reason(reason)) for verdict, reason in rows]

    def sends(self, at, channel="desk", record=None):
        """Send what is due; returns for each message the titles it tells."""
        told = []
        while due := lease_deliveries(self.db, channel, at, 1, HOUR):
            told.append(self.told(due[0], {} if record is None else record))
            finish_delivery(self.db, Receipt(due[0].id, at, ok=True, state=DeliveryState.SENT))
        return told

    def told(self, delivery, record):
        """The titles of a message; what is sent again under its key must be the same."""
        titles = self.titles(delivery)
        assert record.setdefault(delivery.key, titles) == titles
        return titles

    def titles(self, delivery):
        reader = open_reader(self.path)
        try:
            view = get_alert(reader, delivery.alert_id)
            message = find_message(reader, delivery).message
            titles = [view.alert.title, *(get_alert(reader, other).alert.title for other in view.others)]
        finally:
            reader.close()
        for title in titles:
            assert title in message.title + message.text
            assert title in message.title + message.html
        assert len(titles) == 1 + len(message.payload.get("others", ()))
        return titles


FILE = """\
sources:
  - {{name: TASS, role: state-media, country: RU, endpoints: [{{feed: "https://tass.example/feed"}}]}}
channels:
  desk: {{url: "json://localhost"}}
watches:
  - name: W
    {}
"""


def load(tmp_path, watch):
    path = tmp_path / "envoywatch.yaml"
    path.write_text(FILE.format(watch.replace("\n", "\n    ")), encoding="utf-8")
    return load_config(path, environ={}, checks=all_checks())


def refusal(tmp_path, watch):
    with pytest.raises(ConfigError) as error:
        load(tmp_path, watch)
    (found,) = error.value.findings
    return found.line, found.column, " ".join(filter(None, (found.message, found.hint)))
