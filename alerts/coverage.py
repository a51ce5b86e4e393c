"""What silence rests on: which sources could be read in a time, and whether "not reported" may be said at all. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, Final

from alerts import absence_words, words
from config.vocabulary import Role
from storage.faults import describe
from storage.model import FaultKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from alerts.absence_words import Sentence
    from storage.views_coverage import ReadSource

_NAMED_MOST: Final = 40
"""So many sources are named; official ones come first."""
_LINE: Final = 280


@dataclass(frozen=True, slots=True)
class Coverage:
    """Whether enough was read to say that nothing was reported, and in words what was and what was not."""

    is_known: bool
    lines: tuple[str, ...] = ()


def cover(sources: Sequence[ReadSource], countries: Collection[str], read: int, active: int) -> Coverage:
    """What the sources of these countries, `read` of the `active` ones in all, allow to be said.

    It is unknown while nothing was read, or while all official sources of one of the sides were dark.
    """
    officials = [one for one in sources if one.role is Role.OFFICIAL and one.country in countries]
    dark = sorted(
        country
        for country in {one.country for one in officials if one.country}
        if not any(one.read for one in officials if one.country == country)
    )
    seen = [_name(one) for one in sources if one.read]
    unseen = [_name(one) + _fault(one) for one in sources if not one.read]
    lines = [
        *([absence_words.DARK.say(countries=words.people(dark))] if dark else []),
        *_list(absence_words.READ, seen),
        *_list(absence_words.NOT_READABLE, unseen),
        absence_words.READ_IN_ALL.say(n=read, num=active),
    ]
    return Coverage(is_known=bool(read) and not dark, lines=tuple(lines))


def _name(source: ReadSource) -> str:
    return f"{source.name} ({', '.join(filter(None, (words.ROLE[source.role], source.language)))})"


def _fault(source: ReadSource) -> str:
    return f": {describe(FaultKind(source.fault)).words}" if source.fault else ""


def _list(sentence: Sentence, names: Sequence[str]) -> Iterable[str]:
    if not names:
        return ()
    named = ", ".join(names[:_NAMED_MOST])
    if len(names) > _NAMED_MOST:
        named = absence_words.MORE.say(sources=named, n=len(names) - _NAMED_MOST)
    return wrap(sentence.say(sources=named), _LINE, break_long_words=False)
