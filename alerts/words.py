"""The closed lists of the records in plain English words, for messages, digests and health."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from config.vocabulary import Level, Role, Status
from storage.model import Change, DeliveryFault, FaultKind

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

STATUS: Final[Mapping[Status, str]] = MappingProxyType({status: status.replace("_", " ") for status in Status})

LEVEL: Final[Mapping[Level, str]] = MappingProxyType(
    {
        Level.LEADER: "leader level",
        Level.MINISTER: "minister level",
        Level.DEPUTY: "deputy level",
        Level.OTHER: "working level",
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
    {change: change.replace("-", " ") for change in Change} | {Change.CONFIRMED: "confirmed by an official source"}
)

FAULT: Final[Mapping[FaultKind, str]] = MappingProxyType(
    {
        FaultKind.ADDRESS: "its address is not a public one",
        FaultKind.NAME: "its host name is not found",
        FaultKind.CONNECT: "no connection",
        FaultKind.TIMEOUT: "too slow to answer",
        FaultKind.TLS: "its certificate is not valid",
        FaultKind.ROBOTS: "its robots.txt forbids it",
        FaultKind.BLOCKED: "it refuses us",
        FaultKind.GONE: "the page is gone",
        FaultKind.RATE_LIMITED: "it asks us to come less often",
        FaultKind.SERVER: "its server fails",
        FaultKind.STATUS: "it answers with an unexpected status",
        FaultKind.REDIRECTS: "it redirects too often or to where we do not go",
        FaultKind.TOO_LARGE: "its answer is too large",
        FaultKind.EMPTY: "its answer is empty",
        FaultKind.NOT_A_FEED: "its answer is not a feed",
        FaultKind.MALFORMED: "its answer is damaged",
        FaultKind.NO_LINKS: "its page has no links where we look",
        FaultKind.INTERNAL: "an error of ours; the log has it",
    }
)
"""Why a source cannot be read."""

DELIVERY_FAULT: Final[Mapping[DeliveryFault, str]] = MappingProxyType(
    {
        DeliveryFault.REFUSED: "the target refuses the message",
        DeliveryFault.MISCONFIGURED: "the channel is not set up rightly",
        DeliveryFault.UNREACHABLE: "the target cannot be reached",
        DeliveryFault.TIMEOUT: "the target is too slow to answer",
        DeliveryFault.RATE_LIMITED: "the target asks us to wait",
        DeliveryFault.SERVER: "the target's server fails",
    }
)
"""Why a delivery failed."""


def people(names: Sequence[str]) -> str:
    """`A`, `A and B`, `A, B and C`."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def day(value: date) -> str:
    """`17 May 2023`."""
    return f"{value.day} {value:%B %Y}"


def moment(value: datetime) -> str:
    """`17 May 2023 10:02 UTC`; a time of another zone keeps its offset."""
    return f"{day(value)} {value:%H:%M} {value.tzname()}"


def count(number: int, noun: str) -> str:
    """`1 report`, `2 reports`, `3 copies`, `4 quiet watches`."""
    if number == 1:
        return f"1 {noun}"
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + ("es" if noun.endswith("ch") else "s")
    return f"{number:,} {plural}"
