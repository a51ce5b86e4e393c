"""Between records and rows: one pair of functions for each record that is kept as JSON."""

from __future__ import annotations

import json
from datetime import timedelta
from operator import attrgetter
from typing import Any

from config.vocabulary import EndpointKind, Role
from storage.model import LOST_AFTER, Cue, Endpoint, Entry, Field, Proof, SourceSpec, Span, from_text, to_text

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
"""One for all: `json.dumps` makes a new one at each call, which costs more than most of what we keep."""


def dump_json(value: Any) -> str:
    """Compact JSON text; readable scripts, unpaired surrogates replaced (UTF-8 cannot keep them)."""
    return _encodable(_ENCODER.encode(value))


def clean(text: str) -> str:
    """Text that any SQLite tool can read: no NUL, no unpaired surrogates. Keeps the number of characters."""
    return _encodable(text).replace("\x00", "�")


def _encodable(text: str) -> str:
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("utf-8")
    return text


def spec_to_json(spec: SourceSpec) -> str:
    """The inverse of `spec_from_json`."""
    # What is not said is left out, so that a new setting does not make every stored source look changed.
    longest = {} if spec.max_interval is None else {"max_interval_s": spec.max_interval.total_seconds()}
    return dump_json(
        {
            "name": spec.name,
            "endpoints": [_endpoint_to_list(one) for one in spec.endpoints],
            "interval_s": spec.interval.total_seconds(),
            "role": spec.role.value,
            "language": spec.language,
            "country": spec.country,
            "articles": spec.articles,
            "private_addresses": spec.private_addresses,
            "paused": spec.paused,
            **({} if _extras_of(spec) == _USUAL else _unusual(spec)),
            **longest,
        }
    )


def _endpoint_to_list(one: Endpoint) -> list[str | int | None]:
    """Three values as ever; what a listing alone has follows only where it is set."""
    paging = [one.next_page, one.pages] if one.next_page is not None or one.pages is not None else []
    return [one.kind.value, one.url, one.links, *paging]


_SPEC_EXTRAS = {
    "lost_after": LOST_AFTER,
    "obey_robots": None,
    "user_agent": None,
    "proxy": None,
    "verify_tls": True,
    "time_zone": None,
}
"""Kept only where they are not as usual, so that rows of older versions are read and need not be written anew."""
_USUAL = tuple(_SPEC_EXTRAS.values())
_extras_of = attrgetter(*_SPEC_EXTRAS)


def _unusual(spec: SourceSpec) -> dict[str, Any]:
    return {name: getattr(spec, name) for name, usual in _SPEC_EXTRAS.items() if getattr(spec, name) != usual}


def spec_from_json(text: str) -> SourceSpec:
    """A source as it was configured."""
    value = json.loads(text)
    longest = value.get("max_interval_s")
    return SourceSpec(
        name=value["name"],
        endpoints=tuple(Endpoint(EndpointKind(kind), *rest) for kind, *rest in value["endpoints"]),
        interval=timedelta(seconds=value["interval_s"]),
        role=Role(value["role"]),
        language=value["language"],
        country=value["country"],
        articles=value["articles"],
        private_addresses=value["private_addresses"],
        paused=value["paused"],
        **{name: value[name] for name in _SPEC_EXTRAS if name in value},
        max_interval=None if longest is None else timedelta(seconds=longest),
    )


def proof_to_json(proof: Proof) -> str:
    """The inverse of `proof_from_json`."""
    at = to_text(proof.whole_at) if proof.whole_at else None
    return dump_json({"agreed": proof.agreed, "moved": proof.moved, "lied": proof.lied, "whole_at": at})


def proof_from_json(text: str) -> Proof:
    """What an endpoint's validators proved; `{}` is nothing yet."""
    value = json.loads(text)
    if not value:
        return Proof()
    at = value["whole_at"]
    return Proof(value["agreed"], value["moved"], tuple(value["lied"]), from_text(at) if at else None)


def entry_to_json(entry: Entry) -> str:
    """The inverse of `entry_from_json`, but for unpaired surrogates."""
    return dump_json(
        {
            "url": entry.url,
            "guid": entry.guid,
            "title": entry.title,
            "summary": entry.summary,
            "content": entry.content,
            "author": entry.author,
            "language": entry.language,
            "published_at": to_text(entry.published_at) if entry.published_at else None,
            **({"zoneless": True} if entry.zoneless else {}),
        }
    )


def entry_from_json(text: str) -> Entry:
    """An entry as its source gave it."""
    value = json.loads(text)
    published_at = value.pop("published_at")
    return Entry(**value, published_at=from_text(published_at) if published_at else None)


def spans_to_json(spans: tuple[Span, ...]) -> str:
    """`[[field, start, end], ...]`."""
    return dump_json([[span.field.value, span.start, span.end] for span in spans])


def spans_from_json(text: str) -> tuple[Span, ...]:
    """The inverse of `spans_to_json`."""
    return tuple(Span(Field(field), start, end) for field, start, end in json.loads(text))


def cues_to_json(cues: tuple[Cue, ...]) -> str:
    """`[[kind, field, start, end], ...]`."""
    return dump_json([[cue.kind, cue.span.field.value, cue.span.start, cue.span.end] for cue in cues])


def cues_from_json(text: str) -> tuple[Cue, ...]:
    """The inverse of `cues_to_json`."""
    return tuple(Cue(Span(Field(field), start, end), kind) for kind, field, start, end in json.loads(text))
