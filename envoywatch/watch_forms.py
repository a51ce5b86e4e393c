"""What a query looks for, spelled out: the written forms of its people, and the forms of its words, by language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.watches.inflection import inflect
from alerts.watches.query import words_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alerts.names import NameForms
    from alerts.watches.nodes import Query

Forms = dict[str, dict[str, list[str]]]


def written_forms(queries: Iterable[Query], names: NameForms) -> Forms:
    """The forms of each person or group named, by language; raises UsageError for one unknown."""
    wanted = dict.fromkeys(person for query in queries for person in query.people)
    return {
        person: {language: list(dict.fromkeys(all_)) for language, all_ in names.forms_of(person).items() if all_}
        for person in wanted
    }


def word_forms(queries: Iterable[Query]) -> Forms:
    """The forms in which each word is found, by language; «any» is the word itself."""
    found: Forms = {}
    for word in (word for query in queries for word in words_in(query.root)):
        shown = f"{'=' if word.exact else ''}{word.text}{'*' if word.prefix else ''}"
        by_language = {} if word.exact or word.prefix else inflect(word.text)
        several = {language: sorted(forms) for language, forms in by_language.items() if len(forms) > 1}
        found[shown] = {"any": [f"{word.text}..." if word.prefix else word.text], **several}
    return found
