"""The closed lists of the records in plain English words, for messages and digests."""

from __future__ import annotations

from datetime import timedelta
from textwrap import shorten
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from config.vocabulary import Level, Role, Status
from storage.model import Change

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

MEETING: Final[Mapping[Status, str]] = MappingProxyType(
    {
        Status.HELD: "{people} met",
        Status.UNDER_WAY: "{people} are meeting",
        Status.SCHEDULED: "{people} are to meet",
        Status.PROPOSED: "A meeting of {people} is proposed",
        Status.UNDECIDED: "A meeting of {people} is undecided",
        Status.REFUSED: "A meeting of {people} is refused",
        Status.CANCELLED: "A meeting of {people} is called off",
        Status.DENIED: "A meeting of {people} is denied",
        Status.REMOTE: "{people} spoke remotely",
        Status.BACKGROUND: "An earlier meeting of {people} is mentioned",
    }
)
"""What a status says about the people, as one sentence without its full stop."""

NOT_REPORTED: Final = "A meeting of {people} is not reported"
"""Of one that the ledger knows only because it did not come, or of which no report is left."""

MISSED: Final = "this corrects what was told before: that no such meeting was reported"
"""What an alert says of a meeting that was told not to have come."""

STATUS: Final[Mapping[Status, str]] = MappingProxyType({status: status.replace("_", " ") for status in Status})

LEVEL: Final[Mapping[Level, str]] = MappingProxyType(
    {
        Level.LEADER: "leader level",
        Level.MINISTER: "minister level",
        Level.DEPUTY: "deputy level",
        Level.OTHER: "other level",
    }
)

ROLE: Final[Mapping[Role, str]] = MappingProxyType(
    {
        Role.OFFICIAL: "official",
        Role.STATE_MEDIA: "state media",
        Role.MEDIA: "media",
        Role.THINK_TANK: "think tank",
        Role.AGGREGATOR: "aggregator",
    }
)

CHANGE: Final[Mapping[Change, str]] = MappingProxyType(
    {change: change.replace("-", " ") for change in Change}
    | {
        Change.CONFIRMED: "confirmed by an official source",
        Change.CONFIRMED_BY_BOTH: "confirmed by official sources of both sides",
        Change.UPGRADED: "of a higher level than reported before",
        Change.NOT_RECEIVED: "not received before leaving",
        Change.UNCONFIRMED: "not confirmed by any official source",
    }
)


_MOST_NAMED: Final = 6


def meeting(status: Status, names: Sequence[str], reports: int) -> str:
    """`A and B met`; as one sentence without its full stop."""
    return (MEETING[status] if reports else NOT_REPORTED).format(people=people(names))


def people(names: Sequence[str]) -> str:
    """`A`, `A and B`, `A, B and C`."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def confirmation(countries: Sequence[str]) -> str:
    """`by official sources of CN and UA: both sides`; `by an official source` where the side is not known."""
    if not countries:
        return "by an official source"
    both = ": both sides" if len(countries) > 1 else ""
    return f"by official sources of {people(countries)}{both}"


def unconfirmed(told_at: datetime, at: datetime) -> str:
    """`no official source confirms it, 14 hours after the first report`; an age below an hour is none."""
    hours = int((at - told_at) / timedelta(hours=1))
    if hours < 1:
        return "no official source confirms it yet"
    return f"no official source confirms it, {count(hours, 'hour')} after the first report"


def reported(sources: int, originators: Sequence[str], *, named: bool = True) -> str:
    """`3 sources`; where they are not independent of each other `7 sources, 3 independent: TASS, AFP, Ukrinform`."""
    told = count(sources, "source")
    if not originators or len(originators) >= sources:
        return told
    names = ", ".join(originators[:_MOST_NAMED]) + (" …" if len(originators) > _MOST_NAMED else "")
    return f"{told}, {len(originators)} independent" + (f": {names}" if named else "")


def day(value: date) -> str:
    """`17 May 2023`."""
    return f"{value.day} {value:%B %Y}"


def moment(value: datetime) -> str:
    """`17 May 2023 10:02 UTC`; a time of another zone keeps its offset."""
    return f"{day(value)} {value:%H:%M} {value.tzname()}"


def copied(overlap: float | None, added: Sequence[str], *, most: int = 1) -> str:
    """What tells a copy from its original, with a space before: ` (87 %, adds: “...”)`; empty when nothing does."""
    parts = [] if overlap is None or (overlap >= 1 and not added) else [f"{overlap * 100:.0f} %"]
    if added:
        told = " ".join(f"“{shorten(one, 160, placeholder=' …')}”" for one in added[:most])
        parts.append(f"adds: {told}{' …' if len(added) > most else ''}")
    return f" ({', '.join(parts)})" if parts else ""


def count(number: int, noun: str) -> str:
    """`1 report`, `2 reports`, `3 copies`, `4 quiet watches`."""
    if number == 1:
        return f"1 {noun}"
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + ("es" if noun.endswith("ch") else "s")
    return f"{number:,} {plural}"
