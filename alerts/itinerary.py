"""A person's trips as diplomats read them: stop by stop who received them, how high, and what each side published."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from alerts import words
from alerts.sentences import split_sentences
from config.vocabulary import Level, Role, Status
from storage.identity import fold

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from storage.views import ClaimView
    from storage.views_meetings import ReportedMeeting

SAME_TRIP: Final = dt.timedelta(days=4)
"""Days without a meeting between two stops of one trip, at most."""
SAME_STOP: Final = dt.timedelta(days=2)
"""Days without a meeting at one place within one stop, at most."""
SAME_SENTENCE: Final = 0.5
"""Sentences that share so many of their words (of both together) say the same."""
_LEVELS: Final = (Level.LEADER, Level.MINISTER, Level.DEPUTY, Level.OTHER)
_TOOK_PLACE: Final = frozenset({Status.HELD, Status.UNDER_WAY})
_NOT_SHOWN: Final = frozenset({Status.BACKGROUND, Status.REMOTE})
_SHORT: Final = 4  # words: a dateline or a caption is no statement
_MOST: Final = 40
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Encounter:
    """One meeting of a stop: with whom, at which level, and how it stands."""

    meeting_id: int | None
    hosts: tuple[str, ...]
    level: Level
    status: Status
    date: dt.date | None
    reports: int
    confirmed_by: tuple[str, ...]
    disputed: bool

    @property
    def took_place(self) -> bool:
        """Whether it was reported as held or under way."""
        return self.status in _TOOK_PLACE


@dataclass(frozen=True, slots=True)
class ReadOut:
    """What one official source published about the meetings of a stop."""

    source: str
    country: str | None
    language: str | None
    article_id: int
    title: str
    url: str | None
    published_at: dt.datetime
    only_here: tuple[str, ...] = ()
    """Sentences that no read-out of another side in the same language has."""
    compared_with: tuple[str, ...] = ()
    """The sources of the other sides in the same language; none: it could not be compared."""


@dataclass(frozen=True, slots=True)
class Stop:
    """One place of a trip. `place` is None when no report names it; `level` the highest at which they were received."""

    place: str | None
    first: dt.date | None
    last: dt.date | None
    level: Level | None
    encounters: tuple[Encounter, ...]
    read_outs: tuple[ReadOut, ...]

    @property
    def days(self) -> int | None:
        """From the first meeting to the last, both days counted."""
        return None if self.first is None or self.last is None else (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True)
class Trip:
    """Stops with no long gap between them, in the order of their days."""

    person: str
    first: dt.date | None
    last: dt.date | None
    stops: tuple[Stop, ...]


def trips_of(
    person: str, labels: Collection[str], views: Iterable[ReportedMeeting], texts: Mapping[int, str]
) -> tuple[Trip, ...]:
    """The trips of a person known by these labels, the latest first; `texts` are those of official articles by id."""
    told = [view for view in views if view.meeting.status not in _NOT_SHOWN]
    stops = [_stop(place, group, labels, texts) for place, group in _by_stop(told)]
    dated = sorted((stop for stop in stops if stop.first), key=lambda stop: (stop.first or dt.date.min, stop.last))
    trips: list[list[Stop]] = []
    until: dt.date | None = None
    for stop in dated:
        if stop.first is None or stop.last is None:
            continue
        if until is None or stop.first - until > SAME_TRIP:
            trips.append([])
            until = stop.last
        trips[-1].append(stop)
        until = max(until, stop.last)
    found = [
        Trip(person, group[0].first, max(filter(None, (one.last for one in group))), tuple(group)) for group in trips
    ]
    undated = tuple(stop for stop in stops if stop.first is None)
    return (*reversed(found), *((Trip(person, None, None, undated),) if undated else ()))


def compare(trip: Trip) -> tuple[str, ...]:
    """What the trip says of each capital beside the others, a line a level: by whom they were received how high."""
    return tuple(
        f"{'no meeting reported as held' if level is None else words.LEVEL[level]}: "
        + ", ".join(place or "a place not named" for place in places)
        for level, places in places_by_level(trip).items()
    )


def places_by_level(trip: Trip) -> Mapping[Level | None, Sequence[str | None]]:
    """The capitals by the level at which they received, the highest first; by None those where no meeting was held.

    A place that is not named is None.
    """
    places: defaultdict[Level | None, dict[str | None, None]] = defaultdict(dict)
    for stop in trip.stops:
        places[stop.level][stop.place] = None
    return {level: tuple(places[level]) for level in (*_LEVELS, None) if places[level]}


# ---------------------------------------------------------------- stops


def _by_stop(views: Sequence[ReportedMeeting]) -> list[tuple[str | None, list[ReportedMeeting]]]:
    """Meetings of one place in a row of days; one whose place is not named belongs to the place of its day."""
    placed: list[tuple[str | None, list[ReportedMeeting]]] = []
    by_day = sorted(views, key=lambda view: (view.meeting.date or dt.date.max, view.meeting.place or "~"))
    for view in by_day:
        meeting = view.meeting
        for place, group in reversed(placed):
            last = max((one.meeting.date for one in group if one.meeting.date), default=None)
            near = meeting.date == last or (
                meeting.date is not None and last is not None and meeting.date - last <= SAME_STOP
            )
            if (near and place == meeting.place) or (meeting.place is None and meeting.date and meeting.date == last):
                group.append(view)
                break
        else:
            placed.append((meeting.place, [view]))
    return placed


def _stop(
    place: str | None, views: Sequence[ReportedMeeting], labels: Collection[str], texts: Mapping[int, str]
) -> Stop:
    encounters = tuple(
        Encounter(
            view.meeting.id,
            tuple(name for name in view.meeting.participants if name not in labels),
            view.meeting.level,
            view.meeting.status,
            view.meeting.date,
            view.meeting.reports,
            view.meeting.confirmed_by,
            view.meeting.disputed,
        )
        for view in views
    )
    days = sorted(one.date for one in encounters if one.date is not None)
    return Stop(
        place=place,
        first=days[0] if days else None,
        last=days[-1] if days else None,
        level=min((one.level for one in encounters if one.took_place), key=_LEVELS.index, default=None),
        encounters=encounters,
        read_outs=_read_outs([claim for view in views for claim in view.claims], texts),
    )


# ---------------------------------------------------------------- read-outs


def _read_outs(claims: Iterable[ClaimView], texts: Mapping[int, str]) -> tuple[ReadOut, ...]:
    found: dict[int, ReadOut] = {}
    for claim in claims:
        article = claim.article
        if article.role is Role.OFFICIAL and claim.withdrawn_at is None:
            found.setdefault(
                article.id,
                ReadOut(
                    article.source, article.country, article.language, article.id, article.title, article.url,
                    article.published_at,
                ),
            )  # fmt: skip
    sentences = {one.article_id: _statements(texts.get(one.article_id, ""), one.language) for one in found.values()}
    return tuple(_compared(one, found.values(), sentences) for one in found.values())


def _compared(
    own: ReadOut, others: Iterable[ReadOut], sentences: Mapping[int, Sequence[tuple[str, frozenset[str]]]]
) -> ReadOut:
    beside = [one for one in others if (one.country or one.source) != (own.country or own.source)]
    beside = [one for one in beside if one.language is not None and one.language == own.language]
    theirs = [said for one in beside for _, said in sentences[one.article_id]]
    only = (text for text, said in sentences[own.article_id] if not any(_alike(said, other) for other in theirs))
    return replace(
        own,
        only_here=tuple(only)[:_MOST] if beside else (),
        compared_with=tuple(dict.fromkeys(one.source for one in beside)),
    )


def _statements(text: str, language: str | None) -> list[tuple[str, frozenset[str]]]:
    """Sentences with what they say: their words, folded; characters in pairs where no spaces part the words."""
    out = []
    for start, end in split_sentences(text, language):
        sentence = text[start:end]
        said = frozenset(_units(fold(sentence)))
        if len(said) >= _SHORT:
            out.append((sentence, said))
    return out


def _units(folded: str) -> Iterable[str]:
    pieces = _WORD.findall(folded)
    if len(folded) > _SHORT * 8 and len(pieces) < len(folded) / 8:  # Chinese, Japanese, Thai
        joined = "".join(pieces)
        return (joined[at : at + 2] for at in range(len(joined) - 1))
    return pieces


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) >= SAME_SENTENCE * len(one | other)
