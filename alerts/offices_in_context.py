"""Whom an office without a name means among those whom the text names: the president, his counterpart, the envoy."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from config.countries import load_countries
from config.offices import load_lexicon
from config.vocabulary import Level

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from alerts.mention import Mention
    from config.people import People

OFFICE = "office"
COUNTERPART, GUEST = "counterpart", "guest"
_SENTENCE_END = re.compile(r"[.!?…。！？]\s|[。！？\n]")


class Context:
    """The mentions of a text beside each other."""

    def __init__(self, people: People, text: str, at: date) -> None:
        self._people = people
        self._text = text
        self._at = at
        self._executive = load_countries().executive

    def resolve(self, mention: Mention, mentions: Sequence[Mention]) -> Mention:
        """A bare `the president` is the one president this text is about; with none, or two, it is nobody.

        An envoy, and another office with its country, is likewise the one whom the text names.
        """
        if mention.kind != OFFICE or mention.label or mention.former:
            return mention
        if mention.office in {COUNTERPART, GUEST}:
            return self._counterpart(mention, mentions)
        bare_leader = mention.level is Level.LEADER and not mention.country
        if not (bare_leader or mention.envoy or (mention.country and mention.level is not Level.LEADER)):
            return mention
        kinds = load_lexicon().kinds
        meant = {mention.office, *kinds[mention.office or "leader"].means}
        holders = {
            other.label: other
            for other in mentions
            if other.label
            and other.office in meant
            and not other.former
            and mention.country in {None, other.country}
            and not (mention.deputy and not other.deputy)
        }
        if len(holders) > 1:  # «глава государства обменялся мнениями с эмиром»: not the emir
            beside = {label for label, other in holders.items() if self._is_beside(mention, other, mentions)}
            holders = {label: other for label, other in holders.items() if label not in beside}
        if len(holders) != 1:
            return mention
        (holder,) = holders.values()
        return replace(holder, start=mention.start, end=mention.end, kind=OFFICE, office=mention.office, acting=False)

    def _is_beside(self, mention: Mention, holder: Mention, mentions: Sequence[Mention]) -> bool:
        """Whether the holder is named in the same sentence."""
        named = (other for other in mentions if other.label == holder.label)
        return any(self._in_one_sentence(mention, other) for other in named)

    def _in_one_sentence(self, one: Mention, two: Mention) -> bool:
        first, last = sorted((one, two), key=lambda mention: mention.start)
        return _SENTENCE_END.search(self._text, first.end, last.start) is None

    def _counterpart(self, mention: Mention, mentions: Sequence[Mention]) -> Mention:
        """`his Greek counterpart`: who is named of that country and rank, else who holds the like office there."""
        others = [other for other in mentions if other.label and other.country != mention.country]
        here = [other for other in others if self._in_one_sentence(mention, other)]
        before = [other for other in others if other.end <= mention.start]
        other = next(iter([*reversed([one for one in here if one in before]), *here, *reversed(before)]), None)
        if other is None or other.level is None:
            return mention
        named = [one for one in mentions if one.country == mention.country and one.level is other.level]
        labels = {one.label for one in named if not one.former} - {None}
        if len(labels) == 1:
            holder = next(one for one in named if one.label in labels)
            return replace(holder, start=mention.start, end=mention.end, kind=OFFICE, acting=False)
        kinds = self._like_offices(other, mention.country or "") if mention.office == COUNTERPART else []
        held = ((kind, self._people.holder(kind, mention.country or "", self._at)) for kind in kinds)
        kind, person = next(((kind, person) for kind, person in held if person), (mention.office, None))
        return replace(mention, label=person.label if person else None, level=other.level, office=kind)

    def _like_offices(self, other: Mention, country: str) -> list[str]:
        """Kinds of office that match another's: who governs meets who governs, whatever the titles."""
        own = other.office or ""
        governs = own == self._executive.get(other.country or "", "president")
        if other.level is not Level.LEADER:
            return [own]
        governing = self._executive.get(country, "president")
        return [governing, own] if governs else [own, governing]
