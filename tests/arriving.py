"""An entry on its way through the store as the daemon's stages take it."""

from datetime import timedelta

from storage.entries import lease_entries
from storage.model import Poll, PollOutcome
from storage.sources import finish_poll, lease_due

MINUTE = timedelta(minutes=1)


def pending_of(db, source, entry, at):
    """Poll a source, which gives the one entry, and take that to be read."""
    lease = lease_due(db, "me", at, 1, MINUTE, names=[source], ignore_schedule=True)[0]
    poll = Poll(lease.source_id, 0, "u", at, timedelta(0), PollOutcome.ENTRIES, entries=(entry,))
    finish_poll(db, poll, at, at)
    return lease_entries(db, at, 1, MINUTE, per_source=9, busy={})[0]
