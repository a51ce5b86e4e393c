"""Stored articles put before watches and detector: what the index proposes, or all; in two processes when many."""

from __future__ import annotations

import multiprocessing
from array import array
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final

from alerts.names import NameForms
from alerts.watches.archive import watch_expression
from config.people import load_people
from envoywatch.reading import Readers
from envoywatch.searching import document_of
from storage.database import open_reader
from storage.replay import ids_read_otherwise
from storage.views_search import ids_matching, last_id, texts_between, texts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from alerts.watches.scores import Found
    from config.model import Config
    from storage.model import Claim
    from storage.views import Reader

PROCESSES: Final = 2
_FEW: Final = 5_000
"""Articles that one process has looked at before others have loaded what they need."""
_AT_ONCE: Final = 500
_WITHOUT_TEXTS: Final = 50_000
_AHEAD: Final = 4


@dataclass(frozen=True, slots=True)
class Seen:
    """What the watches found in an article; `claims` when the detector read it again."""

    found: Found
    claims: tuple[Claim, ...] | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """The articles from `low` to `high`, and those among them in which something was found."""

    low: int
    high: int
    seen: dict[int, Seen]


@dataclass(frozen=True)
class Candidates:
    """The articles from `low` to `high` whose texts are to be read: `ids`, or all of them when that is None.

    `reread` are those of them that the detector is to read, too.
    """

    low: int
    high: int
    ids: array[int] | None
    reread: frozenset[int] = field(default_factory=frozenset)

    def __len__(self) -> int:
        return max(0, self.high - self.low + 1) if self.ids is None else len(self.ids)

    def stretches(self) -> Iterator[tuple[int, int, Sequence[int]]]:
        """Bounds that follow each other without a gap, and the ids to be read between them."""
        low = self.low
        if self.ids is None:
            for first in range(low, self.high + 1, _AT_ONCE):
                last = min(first + _AT_ONCE - 1, self.high)
                yield first, last, range(first, last + 1)
            return
        for at in range(0, len(self.ids), _AT_ONCE):
            ids = self.ids[at : at + _AT_ONCE]
            yield low, ids[-1], ids
            low = ids[-1] + 1
        for first in range(low, self.high + 1, _WITHOUT_TEXTS):
            yield first, min(first + _WITHOUT_TEXTS - 1, self.high), ()


def candidates(connection: Reader, config: Config, low: int, high: int, detector: int | None = None) -> Candidates:
    """What must be read for the watches of `config`; with `detector` also what another version of it read."""
    high = min(high, last_id(connection))
    forms = NameForms(load_people(config.people, config.groups))
    expressions = [watch_expression(watch, forms) for watch in config.watches if watch.is_about_words]
    reread = frozenset(ids_read_otherwise(connection, detector, low, high) if detector is not None else ())
    if None in expressions:
        return Candidates(low, high, None, reread)
    marks = bytearray(max(0, high - low + 1))
    for expression in expressions:
        if expression is not None:
            _mark(marks, low, ids_matching(connection, expression.text, low, high))
    _mark(marks, low, reread)
    return Candidates(low, high, array("q", (low + at for at, mark in enumerate(marks) if mark)), reread)


def _mark(marks: bytearray, low: int, ids: Iterable[int]) -> None:
    for one in ids:
        marks[one - low] = 1


def look_through(
    connection: Reader,
    path: Path,
    config: Config,
    chosen: Candidates,
    on_progress: Callable[[int, int], None] | None = None,
) -> Iterator[Stretch]:
    """All of `chosen`, oldest first, without a gap between the stretches."""
    work = ((low, high, ids, chosen.reread.intersection(ids)) for low, high, ids in chosen.stretches())
    done = 0
    for stretch, looked_at in _results(connection, path, config, work, len(chosen)):
        yield stretch
        done += looked_at
        if on_progress is not None:
            on_progress(done, len(chosen))


_Work = tuple[int, int, "Sequence[int]", frozenset[int]]


def _results(
    connection: Reader, path: Path, config: Config, work: Iterator[_Work], total: int
) -> Iterator[tuple[Stretch, int]]:
    if total < _FEW:
        readers = Readers(config)
        for one in work:
            yield _look(readers, connection, one), len(one[2])
        return
    lean = config.model_copy(update={"sources": ()})
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, context, initializer=_start, initargs=(lean, path)) as pool:
        waiting = deque((pool.submit(_look_here, one), len(one[2])) for one in islice(work, PROCESSES * _AHEAD))
        try:
            while waiting:
                result, looked_at = waiting.popleft()
                yield result.result(), looked_at
                waiting.extend((pool.submit(_look_here, one), len(one[2])) for one in islice(work, 1))
        finally:
            pool.shutdown(cancel_futures=True)


_here: tuple[Readers, Path] | None = None


def _start(config: Config, path: Path) -> None:
    global _here  # noqa: PLW0603 (one configuration a process is the point of a worker)
    _here = Readers(config), path


def _look_here(work: _Work) -> Stretch:
    if _here is None:
        raise RuntimeError("_start was not called in this process")
    readers, path = _here
    with closing(open_reader(path)) as connection:
        return _look(readers, connection, work)


def _look(readers: Readers, connection: Reader, work: _Work) -> Stretch:
    low, high, ids, reread = work
    articles = texts_between(connection, low, high) if isinstance(ids, range) else texts_of(connection, ids)
    seen: dict[int, Seen] = {}
    for article in articles:
        line = article.line
        document = document_of(article)
        found = readers.watches.read(document)
        claims = None
        if line.id in reread:
            claims = readers.meetings.read(line.title, article.text, line.language, line.published_at)
        if found.matches or found.short or claims is not None:
            seen[line.id] = Seen(found, claims)
    return Stretch(low, high, seen)
