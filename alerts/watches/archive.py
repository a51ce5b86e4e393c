"""From a query to a full-text expression that finds at least what the query matches, for searching the archive.

The index must hold what `storage.folding.index_words` and `cjk_bigrams` make of a text. What the expression finds is
then put before the matcher, which has the last word.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from alerts.watches.plan import All, Any, Chain, Planner, Row, Slot, Within
from storage.folding import cjk_bigrams
from storage.model import Field

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from alerts.watches.lexicon import Form
    from alerts.watches.nodes import Query
    from alerts.watches.plan import PersonForms, Plan

_MOST_PHRASES = 3_000
"""SQLite refuses an expression that is much larger."""

_INDEXED = re.compile("[0-9a-z\u00df-\u024f\u0370-\u03ff\u0400-\u052f\u05d0-\u05ea\u0620-\u064a\u0671-\u06d3]+")
"""Tokens of which it is certain that SQLite's tokenizer takes them as one word, whatever its version of Unicode."""


def fts_superset(query: Query, forms: PersonForms) -> str | None:
    """An FTS5 MATCH expression over the columns title, text and cjk that finds at least what the query matches.

    None when there is none that would help (a pattern alone, one Chinese character, a condition): then
    every article is to be looked at. Raises QueryError for an unknown person.
    """
    expression = _expression(Planner(forms).plan(query), tuple(Field))
    if expression is None or expression.count('"') > 2 * _MOST_PHRASES:
        return None
    return expression


def _expression(plan: Plan, fields: Sequence[Field]) -> str | None:
    match plan:
        case Slot():
            return _either([_form_expression(form, fields, prefix=plan.prefix) for form in plan.every])
        case Row(parts) | Chain(parts) | All(parts):
            return _every([_expression(part, fields) for part in parts])
        case Any(parts):
            return _either([_expression(part, fields) for part in parts])
        case Within(field, part):
            return _expression(part, (field,))
        case _:
            return None


def _every(parts: Iterable[str | None]) -> str | None:
    useful = list(dict.fromkeys(part for part in parts if part is not None))
    return _joined(" AND ", useful) if useful else None


def _either(parts: Sequence[str | None]) -> str | None:
    useful = list(dict.fromkeys(part for part in parts if part is not None))
    return (
        _joined(" OR ", useful) if useful and len(parts) == len([part for part in parts if part is not None]) else None
    )


def _joined(joint: str, parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"({joint.join(parts)})"


def _form_expression(form: Form, fields: Sequence[Field], *, prefix: bool) -> str | None:
    """What must be in the index where the form stands: its words in the word columns, its pairs in the other."""
    parts: list[str | None] = []
    for run, open_end in _runs(form, prefix=prefix):
        if cjk := cjk_bigrams("".join(run)):
            parts.append(f'cjk : "{cjk}"' if len(run) > 1 else None)
        elif all(_INDEXED.fullmatch(token) for token in run):
            parts.append(f'{{{" ".join(fields)}}} : "{" ".join(run)}"{" *" if open_end else ""}')
    return _every(parts)


def _runs(form: Form, *, prefix: bool) -> Iterable[tuple[list[str], bool]]:
    """Tokens that stand side by side in the index: words, and characters that touch; only the last may go on."""
    runs: list[list[str]] = []
    for token, touching in zip(form.tokens, form.touching, strict=True):
        cjk = bool(cjk_bigrams(token))
        if runs and (touching if cjk else bool(not cjk_bigrams(runs[-1][-1]))):
            runs[-1].append(token)
        else:
            runs.append([token])
    return [(run, prefix and run is runs[-1]) for run in runs]
