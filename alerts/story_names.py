"""The people and places that an article names at its beginning, by their English label: the same in every script."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from ahocorasick_rs import AhoCorasick, MatchKind

from config.lexicon import languages
from config.places import load_places

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from alerts.meetings.reader import Finder

LEAD: Final = 600
"""Characters of the text in which names are looked for."""
_ENDING: Final = 3
"""Letters that a declined name of a place may have more than its stem."""
_STEM: Final = 4
_VOWELS: Final = "аяиоеьйыaey"


def story_names(finder: Finder, title: str, text: str, language: str | None, at: date) -> frozenset[str]:
    """Labels of known people and places; none in a language without lexicon."""
    code = (language or "").replace("_", "-").partition("-")[0].lower()
    if code not in languages():
        return frozenset()
    joined = f"{title}\n{text[:LEAD]}"
    people = {one.label for one in finder.find(joined, code, at) if one.label and not one.label.startswith("[")}
    return frozenset(people.union(_places_in(joined, code)))


def _places_in(text: str, language: str) -> Iterator[str]:
    automaton, forms = _places(language)
    is_spaced = language != "zh"
    for index, start, end in automaton.find_matches_as_indexes(text):
        label, is_declined = forms[index]
        begins = start == 0 or not text[start - 1].isalnum()
        if not is_spaced or (begins and _ends(text, end, is_declined=is_declined)):
            yield label


def _ends(text: str, end: int, *, is_declined: bool) -> bool:
    """Whether the word ends here, or a few letters on when it is declined."""
    most = _ENDING if is_declined else 0
    return any(not text[end + n : end + n + 1].isalnum() for n in range(most + 1))


@cache
def _places(language: str) -> tuple[AhoCorasick, tuple[tuple[str, bool], ...]]:
    """Every written form, of a declined one the stem, with its label and whether endings follow."""
    forms: dict[str, tuple[str, bool]] = {}
    for place in load_places().cities:
        for form in filter(None, place.forms.get(language, ())):
            forms.setdefault(_stem(form), (place.label, form.endswith("~")))
    return AhoCorasick(list(forms), matchkind=MatchKind.LeftmostLongest), tuple(forms.values())


def _stem(form: str) -> str:
    """Of a form whose last word is declined the part that stays; one with a declined word before that is left whole."""
    plain = form.replace("~", "")
    return plain[:-1] if form.endswith("~") and plain[-1] in _VOWELS and len(plain) > _STEM else plain
