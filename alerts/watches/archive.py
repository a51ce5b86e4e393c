"""From a query to a full-text expression that finds at least what the query matches, for searching the archive.

The index must hold what `storage.search.index_row` makes of an article. What the expression finds is then put before
the matcher, which has the last word, unless the expression is known to say all that the query says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Final

from alerts.watches.lexicon import ANY
from alerts.watches.nodes import SENTENCE
from alerts.watches.plan import All, Any, Chain, No, Planner, Requirement, Row, Slot, Within
from alerts.watches.query import parse_query
from storage.folding import cjk_bigrams
from storage.model import Field
from storage.search import LANGUAGE, UNKNOWN, tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from alerts.watches.lexicon import Form
    from alerts.watches.nodes import Query
    from alerts.watches.plan import PersonForms, Plan
    from config.model import Watch

_MOST_PHRASES: Final = 3_000
"""SQLite refuses an expression that is much larger."""
_PAIR: Final = 2
_MOST_TOGETHER: Final = 4
_MOST_COMBINED: Final = 600
"""Ways to combine the forms of neighbours; beyond, the articles that have them anywhere are looked at."""

_INDEXED = re.compile("[0-9a-z\u00df-\u024f\u0370-\u03ff\u0400-\u052f\u05d0-\u05ea\u0620-\u064a\u0671-\u06d3]+")
"""Tokens of which it is certain that SQLite's tokenizer takes them as one word, whatever its version of Unicode."""
_BOTH: Final = tuple(Field)


@dataclass(frozen=True, slots=True)
class Expression:
    """An FTS5 MATCH expression over the columns title, text, cjk and tags; `is_exact` when it finds no article more."""

    text: str
    is_exact: bool


def fts_expression(query: Query, forms: PersonForms) -> Expression | None:
    """What finds at least the articles that the query matches.

    None when there is none that would help (a pattern alone, one Chinese character): then every article is to be
    looked at. Raises QueryError for an unknown person.
    """
    found = _expression(Planner(forms).plan(query), _BOTH)
    if found is None or found.text.count('"') > 2 * _MOST_PHRASES:
        return None
    return found


def fts_superset(query: Query, forms: PersonForms) -> str | None:
    """The text of `fts_expression`."""
    found = fts_expression(query, forms)
    return None if found is None else found.text


def _expression(plan: Plan, fields: Sequence[Field]) -> Expression | None:  # noqa: PLR0911 (one a kind of plan)
    match plan:
        case Slot():
            return _slot(plan, fields)
        case Row(parts, slop) | Chain(parts, (slop, *_)):
            joined = _together(plan, parts, slop, fields) or _every([_expression(part, fields) for part in parts])
            return joined and Expression(joined.text, is_exact=False)
        case All(parts):
            return _all(parts, fields)
        case Any(parts):
            return _either([_expression(part, fields) for part in parts])
        case Within(field, part):
            return _expression(part, (field,))
        case Requirement():
            return Expression(f'tags : "{tag(plan.condition, plan.value)}"', is_exact=True)
    return None


def _all(parts: Sequence[Plan], fields: Sequence[Field]) -> Expression | None:
    """What must be there, without what must not, as far as the index can tell that."""
    wanted = _every([_expression(part, fields) for part in parts if not isinstance(part, No)])
    if wanted is None:
        return None
    banned = [_expression(part.part, fields) for part in parts if isinstance(part, No)]
    known = [one for one in banned if one is not None and one.is_exact]
    is_exact = wanted.is_exact and len(known) == len(banned)
    without = _either(known) if known else None
    return Expression(f"({wanted.text} NOT {without.text})" if without else wanted.text, is_exact)


def _together(plan: Row | Chain, parts: Sequence[Plan], distance: int, fields: Sequence[Field]) -> Expression | None:
    """Words in a row or near each other, as the index itself can tell it; None when that takes too many terms."""
    if len(parts) > _MOST_TOGETHER or (isinstance(plan, Chain) and (len(parts) > _PAIR or distance == SENTENCE)):
        return None
    tables = [_phrases(part) for part in parts]
    known = [table for table in tables if table is not None]
    if len(known) < len(tables):
        return None
    everywhere = [table.get(ANY, []) for table in known]
    each: dict[str, list[list[str]]] = {ANY: everywhere}
    for language in dict.fromkeys(language for table in known for language in table if language != ANY):
        each[language] = [
            [*anywhere, *table.get(language, ())] for anywhere, table in zip(everywhere, known, strict=True)
        ]
    if sum(prod(map(len, choices)) for choices in each.values()) > _MOST_COMBINED:
        return None
    columns = f"{{{' '.join(fields)}}}"
    parts_by_language = []
    told: set[tuple[str, ...]] = set()
    for language, choices in each.items():
        combined = [one for one in product(*choices) if one not in told]
        told.update(combined if language == ANY else ())
        either = _joined(" OR ", [f"{columns} : {_side_by_side(one, plan, distance)}" for one in combined])
        if combined:
            spoken = f' AND tags : "{tag(LANGUAGE, language)}"' if language != ANY else ""
            parts_by_language.append(f"({either}{spoken})" if spoken else either)
    # In an article of no known language the forms of all count, also those of different ones.
    loose = _every([_expression(part, fields) for part in parts])
    if loose is not None:
        parts_by_language.append(f'({loose.text} AND tags : "{UNKNOWN}")')
    return Expression(_joined(" OR ", parts_by_language), is_exact=False)


def _side_by_side(phrases: Sequence[str], plan: Row | Chain, distance: int) -> str:
    if isinstance(plan, Row) and distance == 0:
        return '"' + " ".join(phrases) + '"'
    wanted = " ".join(f'"{one}"' for one in phrases)
    within = distance if isinstance(plan, Chain) else distance + sum(len(one.split()) for one in phrases)
    return f"NEAR({wanted}, {within})"


def _phrases(part: Plan) -> dict[str, list[str]] | None:
    """The forms of a word or a name by language; None when the index has them otherwise than as words."""
    if not isinstance(part, Slot) or part.prefix:
        return None
    table: dict[str, list[str]] = {}
    for language, form in part.forms:
        if not all(_INDEXED.fullmatch(token) for token in form.tokens):
            return None
        phrases = table.setdefault(language, [])
        if (phrase := " ".join(form.tokens)) not in phrases:
            phrases.append(phrase)
    return table


def _slot(slot: Slot, fields: Sequence[Field]) -> Expression | None:
    """Its forms; those of one language only in articles of that language."""
    by_language: dict[str, list[Expression | None]] = {}
    for language, form in slot.forms:
        by_language.setdefault(language, []).append(_form(form, fields, prefix=slot.prefix))
    parts = []
    for language, forms in by_language.items():
        either = _either(forms)
        if language != ANY and either is not None:
            spoken = f'tags : ("{tag(LANGUAGE, language)}" OR "{UNKNOWN}")'
            either = Expression(f"({either.text} AND {spoken})", either.is_exact)
        parts.append(either)
    return _either(parts)


def _every(parts: Sequence[Expression | None]) -> Expression | None:
    useful = list(dict.fromkeys(part for part in parts if part is not None))
    if not useful:
        return None
    is_exact = None not in parts and all(part.is_exact for part in useful)
    return Expression(_joined(" AND ", [part.text for part in useful]), is_exact)


def _either(parts: Sequence[Expression | None]) -> Expression | None:
    useful = list(dict.fromkeys(part for part in parts if part is not None))
    if not useful or None in parts:
        return None
    return Expression(_joined(" OR ", [part.text for part in useful]), all(part.is_exact for part in useful))


def _joined(joint: str, parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"({joint.join(parts)})"


def _form(form: Form, fields: Sequence[Field], *, prefix: bool) -> Expression | None:
    """What must be in the index where the form stands: its words in the word columns, its pairs in the other."""
    parts: list[Expression] = []
    left_out = False
    for run, open_end in _runs(form, prefix=prefix):
        if cjk := cjk_bigrams("".join(run)):
            left_out |= len(run) == 1
            if len(run) > 1:  # pairs of neighbouring runs may stand side by side: only a single one is sure
                parts.append(Expression(f'cjk : "{cjk}"', len(run) == _PAIR and len(fields) == len(_BOTH)))
        elif all(_INDEXED.fullmatch(token) for token in run):
            columns = f"{{{' '.join(fields)}}}"
            parts.append(Expression(f'{columns} : "{" ".join(run)}"{" *" if open_end else ""}', len(run) == 1))
        else:
            left_out = True
    joined = _every(parts)
    is_plain = len(parts) == 1 and not left_out and not form.capitals
    return joined and Expression(joined.text, joined.is_exact and is_plain)


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


def watch_expression(watch: Watch, forms: PersonForms) -> Expression | None:
    """As `fts_expression`, for a configured watch about words; one that is scored needs a term that counts for it."""
    if watch.query is not None:
        found = fts_expression(parse_query(watch.query), forms)
        return found and replace(found, is_exact=found.is_exact and watch.score is None)
    if watch.score is None:
        return None
    terms = [text for text, weight in watch.score.terms.items() if weight > 0]
    either = _either([fts_expression(parse_query(text), forms) for text in terms])
    if either is None or either.text.count('"') > 2 * _MOST_PHRASES:
        return None
    return replace(either, is_exact=False)
