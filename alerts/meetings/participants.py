"""Who takes part in a meeting, and the level of the meeting that they make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from config.vocabulary import Level

if TYPE_CHECKING:
    from collections.abc import Iterable

_LEADER = "leader"
"""The office word of presidents and of party chairmen alike: without a country it says nothing of a state."""

RANK = {Level.LEADER: 3, Level.MINISTER: 2, Level.DEPUTY: 1, Level.OTHER: 0}


@dataclass(frozen=True, slots=True)
class Side:
    """One participant. `label` is None for an unnamed one, whose `group` is then told in brackets."""

    place: int
    label: str | None
    level: Level = Level.OTHER
    country: str | None = None
    former: bool = False
    group: str = ""
    people: bool = False
    """Business, press, voters: nobody who acts for a state."""
    rising: bool = False
    """Elected, standing for office or leading an opposition: a political force, though not in office."""
    stranger: bool = False
    """Of another state or body of states, whichever it is."""
    press: bool = False
    """Whoever meets reporters has met nobody."""

    @property
    def name(self) -> str:
        """As told in a claim."""
        return self.label or f"[{self.group}]"

    @property
    def serves(self) -> bool:
        """Whether it acts for a state, a body of states or a political force."""
        return not self.people and (self.rising or (not self.former and self.level is not Level.OTHER))


@dataclass(frozen=True, slots=True)
class Table:
    """The participants left and right of a meeting word, in the order of the text."""

    left: tuple[Side, ...]
    right: tuple[Side, ...]
    awaits: bool = False
    """The right side is tied by a word for "with" and the left one is empty: somebody met them."""


def merged(one: Side, two: Side) -> Side:
    """One participant of two: an office and its holder's name."""
    named = two if two.label else one
    level = max(one.level, two.level, key=RANK.__getitem__)
    return Side(
        named.place,
        named.label,
        named.level if named.label and named.level is not Level.OTHER else level,
        named.country or one.country or two.country,
        former=one.former or two.former,
        group=named.group,
        people=named.people,
        rising=one.rising or two.rising,
        stranger=(one.stranger or two.stranger) and not named.label,
        press=named.press,
    )


def level_of(sides: Iterable[Side]) -> Level:
    """The guideline's level: the highest serving rank, if somebody else acts for another state or body of states."""
    present = list(sides)
    serving = [side for side in present if side.serves]
    if len(serving) < 2:  # noqa: PLR2004 (two sides)
        return Level.OTHER
    known = {side.country for side in serving if side.country}
    # An unnamed minister without a country is most often one's own; a leader by name is not.
    stranger = any(
        side.stranger or (side.label and not side.country and side.level is Level.LEADER and side.group != _LEADER)
        for side in serving
    )
    if len(known) < 2 and not stranger:  # noqa: PLR2004 (two states)
        return Level.OTHER
    return max((side.level for side in serving), key=RANK.__getitem__)
