"""The people and places that an article names at its beginning, by their English label: the same in every script."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

from config.lexicon import languages
from config.places import load_places

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from alerts.meetings.reader import Finder

LEAD: Final = 800
"""Characters of the text in which names are looked for."""
_ENDING: Final = 3
"""Letters that a declined name of a place may have more than its stem."""
_STEM: Final = 4


def story_names(finder: Finder, title: str, text: str, language: str | None, at: date) -> frozenset[str]:
    """Labels of known people and places; none in a language without lexicon."""
    code = (language or "").replace("_", "-").partition("-")[0].lower()
    if code not in languages():
        return frozenset()
    joined = f"{title}\n{text[:LEAD]}"
    people = {one.label for one in finder.find(joined, code, at) if one.label and not one.label.startswith("[")}
    names, labels = _places(code)
    return frozenset(people | {labels[found.lastgroup or ""] for found in names.finditer(joined)})


@cache
def _places(language: str) -> tuple[re.Pattern[str], Mapping[str, str]]:
    """A pattern with a group for each place, and the places by group."""
    labels, patterns = {}, []
    for number, place in enumerate(load_places().cities):
        forms = [_form(form, spaced=language != "zh") for form in place.forms.get(language, ()) if form]
        if forms:
            labels[f"p{number}"] = place.label
            patterns.append(f"(?P<p{number}>{'|'.join(forms)})")
    border = "" if language == "zh" else r"\b"
    return re.compile(f"{border}(?:{'|'.join(patterns)}){border}"), labels


def _form(form: str, *, spaced: bool) -> str:
    """Of a declined name the stem and any ending."""
    words = []
    for word in form.split():
        stem = word.removesuffix("~")
        if stem == word or not spaced:
            words.append(re.escape(stem))
            continue
        stem = stem[:-1] if stem[-1] in "аяиоеьйыaey" and len(stem) > _STEM else stem
        words.append(re.escape(stem) + rf"\w{{0,{_ENDING}}}")
    return " ".join(words)
