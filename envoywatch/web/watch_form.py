"""The form of a watch: from the item of the file to fields and back, what was not changed staying as it is written."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from envoywatch.web.forms import Form, lines_of, words_of
from envoywatch.web.languages import N_

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

KINDS: Final = {"query": N_("Words"), "score": N_("A score"), "meeting": N_("Meetings")}


@dataclass(frozen=True, slots=True)
class _Field:
    """A field of the form and its place in the item: as it is shown, and what is meant by what came back.

    `usual` is what an item without it means.
    """

    name: str
    path: tuple[str, ...]
    shown: Callable[[Any], list[str]]
    meant: Callable[[list[str]], Any]
    usual: Any = None


def _one_shown(value: Any) -> list[str]:
    return [] if value is None else [str(value)]


def _one_meant(values: list[str]) -> Any:
    """A line of text; a query that was broken into lines to be read is one line in the file."""
    text = " ".join(" ".join(values).split("\n")).strip()
    return text or None


def _number_meant(values: list[str]) -> Any:
    text = _one_meant(values)
    try:
        return int(text)
    except (TypeError, ValueError):
        try:
            return float(text)
        except (TypeError, ValueError):
            return text


def _many_shown(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(one) for one in value] if isinstance(value, list | tuple) else [str(value)]


def _many_meant(values: list[str]) -> Any:
    return [value for value in values if value] or None


def _listed(shown: str) -> tuple[Callable[[Any], list[str]], Callable[[list[str]], Any]]:
    split = words_of if shown == ", " else lines_of

    def show(value: Any) -> list[str]:
        return [shown.join(_many_shown(value))] if value is not None else []

    return show, lambda values: split("\n".join(values)) or None


def _terms_shown(value: Any) -> list[str]:
    if not isinstance(value, dict):
        return []
    return ["\n".join(f"{_signed(weight)} {term}" for term, weight in value.items())]


def _signed(weight: Any) -> str:
    return f"{weight:+g}" if isinstance(weight, int | float) else str(weight)


def _terms_meant(values: list[str]) -> Any:
    terms: dict[str, Any] = {}
    for line in lines_of("\n".join(values)):
        weight, _, term = line.partition(" ")
        terms[term.strip()] = _number_meant([weight.removeprefix("+")])
    return terms or None


_WORDS, _LINES = _listed(", "), _listed("\n")

_FIELDS: Final = (
    _Field("name", ("name",), _one_shown, _one_meant),
    _Field("query", ("query",), _one_shown, _one_meant),
    _Field("at_least", ("score", "at_least"), _one_shown, _number_meant),
    _Field("terms", ("score", "terms"), _terms_shown, _terms_meant),
    _Field("guest", ("meeting", "guest"), _one_shown, _one_meant),
    _Field("between", ("meeting", "between"), *_LINES),
    _Field("level", ("meeting", "level"), _one_shown, _one_meant),
    _Field("status", ("meeting", "status"), _many_shown, _many_meant, ["held", "under_way"]),
    _Field("confirmed", ("meeting", "confirmed"), _one_shown, _one_meant),
    _Field("reports", ("meeting", "reports"), _one_shown, _number_meant, 1),
    _Field("send", ("send",), _one_shown, _one_meant, "digest"),
    _Field("channels", ("channels",), _many_shown, _many_meant),
    _Field("urgency", ("urgency",), _one_shown, _one_meant),
    _Field("min_sources", ("min_sources",), _one_shown, _number_meant, 1),
    _Field("at_most", ("at_most",), _one_shown, _one_meant),
    _Field("quiet", ("quiet",), _one_shown, _one_meant),
    _Field("only_roles", ("only", "roles"), _many_shown, _many_meant),
    _Field("only_countries", ("only", "countries"), *_WORDS),
    _Field("only_languages", ("only", "languages"), *_WORDS),
    _Field("only_sources", ("only", "sources"), *_LINES),
)
_OF_KIND: Final = {
    "query": {"query"},
    "score": {"query", "at_least", "terms"},
    "meeting": {"guest", "between", "level", "status", "confirmed", "reports"},
}
_OF_SOME: Final = frozenset().union(*_OF_KIND.values())

PLACES: Final = {field.path: field.name for field in _FIELDS} | {("score",): "terms", ("meeting",): "guest"}
"""The field of each place in an item."""


def kind_of(item: Mapping[str, Any]) -> str:
    """What sort of watch it is."""
    return "meeting" if "meeting" in item else "score" if "score" in item else "query"


def form_of(item: Mapping[str, Any]) -> Form:
    """The fields as the item fills them."""
    pairs = [(field.name, text) for field in _FIELDS for text in field.shown(_held(item, field))]
    return Form([("kind", kind_of(item)), *pairs])


def item_of(form: Form, before: Mapping[str, Any]) -> dict[str, Any]:
    """The item with what differs in the form; what does not stays as it is written in the file."""
    kind = form.get("kind", "")
    kind = kind if kind in KINDS else "query"
    item = deepcopy(dict(before))
    for field in _FIELDS:
        if field.name in _OF_SOME and field.name not in _OF_KIND[kind]:
            continue
        if field.name == "name" and before and "name" not in form:
            continue
        given = form.getlist(field.name)
        meant = field.meant(given)
        if meant != field.meant(field.shown(_held(before, field))):
            _put(item, field.path, meant)
    if kind == "meeting":
        item.setdefault("meeting", {})
    return item


def _held(item: Mapping[str, Any], field: _Field) -> Any:
    value: Any = item
    for step in field.path:
        value = value.get(step) if isinstance(value, dict) else None
    return field.usual if value is None else value


def _put(item: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    *above, last = path
    inner = item
    for step in above:
        held = inner.get(step)
        if not isinstance(held, dict):
            held = inner[step] = {}
        inner = held
    if value is None:
        inner.pop(last, None)
        if above and not inner:
            item.pop(above[0], None)
    else:
        inner[last] = value
