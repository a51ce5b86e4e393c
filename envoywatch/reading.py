"""Reading one article: from its entry and page to text, matches and claims. Runs in the worker processes.

A pure function of its arguments and of the configuration that the process was started with.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final

from alerts.credits import credited
from alerts.meetings.reader import MeetingReader
from alerts.meetings.version import detector_version
from alerts.names import NameFinder, NameForms
from alerts.story_names import story_names
from alerts.watches.scores import WatchSet
from config.agencies import agency_of
from config.collector import collector_paused, settle
from config.people import People, load_people
from config.vocabulary import LANGUAGES
from crawler.pages import PageBytes, extract
from crawler.times import believed
from storage.backlog import Reread
from storage.duplicates import Body
from storage.folding import index_columns
from storage.identity import text_hash
from storage.model import Document, Entry, PendingEntry, Reading, SourceSpec
from storage.rows import clean
from storage.traits import traits_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from config.model import Config
    from storage.backlog import Earlier
    from storage.model import Fault


@dataclass(frozen=True)
class Readers:
    """What reading needs, made from the configuration: the compiled watches and the detector."""

    config: Config

    @cached_property
    def people(self) -> People:
        """The built-in people and the operator's."""
        return load_people(self.config.people, self.config.groups)

    @cached_property
    def watches(self) -> WatchSet:
        """All watches about words, ready to be matched together."""
        return WatchSet(self.config.watches, NameForms(self.people))

    @cached_property
    def meetings(self) -> MeetingReader:
        """The detector."""
        return MeetingReader(self.people, self.names)

    @cached_property
    def names(self) -> NameFinder:
        """Finds people in every language."""
        return NameFinder(self.people)

    @cached_property
    def version(self) -> int:
        """Which detector that is."""
        return detector_version(self.config.people)


_readers: Readers | None = None


MANY_WATCHES: Final = 1_000
"""So many are compiled before a worker takes its first job, which would run out of its time otherwise."""


def start_worker(config: Config) -> None:
    """Called once in each worker process; what is heavy is made on first use."""
    global _readers  # noqa: PLW0603 (one configuration a process is the point of a worker)
    _readers = Readers(config)
    if len(config.watches) >= MANY_WATCHES:
        make_watches()


def make_watches() -> None:
    """Compile the watches now. They live as long as the process: the garbage collector need not look through them."""
    if _readers is None:
        raise RuntimeError("start_worker was not called in this process")
    with collector_paused():
        _ = _readers.watches
    settle()


def warm_up() -> None:
    """Load people, watches, detector and language models now rather than at the first article."""
    if _readers is None:
        raise RuntimeError("start_worker was not called in this process")
    entry = Entry(
        url=None, guid=None, title="The president met the envoy", summary="They met in the capital on Monday."
    )
    spec = SourceSpec("warm-up", (), timedelta(minutes=1))
    now = datetime.now(UTC)
    for language in LANGUAGES:
        pending = PendingEntry(
            0, 0, spec, replace(entry, language=language), now, False, 0, "envoywatch:warm-up", False
        )
        read_article(_readers, pending, None, None)


def read_entry(pending: PendingEntry, page: PageBytes | None, fault: Fault | None) -> Reading:
    """`read_article` with the readers of this worker process."""
    if _readers is None:
        raise RuntimeError("start_worker was not called in this process")
    return read_article(_readers, pending, page, fault)


def read_article(readers: Readers, pending: PendingEntry, page: PageBytes | None, fault: Fault | None) -> Reading:
    """Read an entry whose page was fetched, or could not be (`fault`), or was not asked for (neither)."""
    spec = pending.spec
    text = extract(page, pending.entry, fault)
    text = replace(
        text,
        language=text.language or spec.language,
        published_at=believed(
            text.published_at, has_zone=not text.zoneless, zone=spec.time_zone, seen_at=pending.seen_at
        ),
    )
    document = Document(
        title=text.title,
        text=text.text,
        language=text.language,
        source=spec.name,
        country=spec.country,
        role=spec.role,
        published_at=min(text.published_at or pending.seen_at, pending.seen_at),
    )
    claims = readers.meetings.read(
        document.title, document.text, text.language, document.published_at or pending.seen_at
    )
    departures = readers.meetings.departures(
        document.title, document.text, text.language, document.published_at or pending.seen_at
    )
    found = readers.watches.read(document)
    names = story_names(readers.names, text.title, text.text, text.language, pending.seen_at.date())
    url = (text.url if pending.own_page else None) or pending.article_url
    return Reading(
        entry_id=pending.id,
        source_id=pending.source_id,
        source=spec.name,
        country=spec.country,
        role=spec.role,
        url=url,
        text=text,
        text_hash=text_hash(text.title, text.text),
        seen_at=pending.seen_at,
        first_poll=pending.first_poll,
        matches=found.matches,
        short=found.short,
        claims=claims,
        notes=readers.meetings.notes(document.text, text.language),
        sketch=Body(clean(text.text)).sketch,
        credit=agency_of(spec.name, url) or credited(text.title, text.text, text.language, text.author),
        traits=traits_of(text.title, text.text, names),
        columns=index_columns(clean(text.title), clean(text.text)),
        detector=readers.version,
        departures=departures,
    )


def read_earlier(earlier: Sequence[Earlier]) -> tuple[Reread, ...]:
    """Of stored articles what older versions did not read: whom each credits, and what its story is known by."""
    if _readers is None:
        raise RuntimeError("start_worker was not called in this process")
    return tuple(_read_earlier(_readers, one) for one in earlier)


def _read_earlier(readers: Readers, one: Earlier) -> Reread:
    names = story_names(readers.names, one.title, one.text, one.language, one.seen_at.date())
    credit = agency_of(one.source, one.url) or credited(one.title, one.text, one.language, one.author)
    return Reread(one.id, credit, traits_of(one.title, one.text, names))
