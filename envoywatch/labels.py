"""Judged alerts as labelled articles, on which the detector can be measured: what one's own desk knows better."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from storage.views import NotStoredError, get_article
from storage.views_reviews import judged_articles

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from storage.views import ArticleView, ClaimView, Reader

_TRUE: Final = frozenset({"right", "duplicate"})
"""What was told twice was right as well."""
_UNTRUE: Final = frozenset({"noise"})


def labelled_articles(connection: Reader) -> Iterator[dict[str, Any]]:
    """One record an article with a judged meeting: `{id, lang, published, title, text, events, note, source}`.

    `events` are the claims of meetings judged right (or a duplicate). One judged noise is none. What was judged wrong
    in its status or its people, and what nobody judged, stands in `unsure` with its `review`: a person must say what
    it is.
    """
    for article_id, reviews in judged_articles(connection).items():
        with suppress(NotStoredError):  # deleted since
            yield _record(get_article(connection, article_id), reviews)


def _record(view: ArticleView, reviews: Mapping[int, str]) -> dict[str, Any]:
    line = view.line
    events: list[dict[str, Any]] = []
    unsure: list[dict[str, Any]] = []
    for claim in view.claims:
        review = reviews.get(claim.meeting_id) if claim.meeting_id is not None else None
        is_of_text = claim.revision_id is None and claim.withdrawn_at is None
        if review in _TRUE and is_of_text:
            events.append(_event(claim))
        elif review not in _UNTRUE:
            unsure.append({**_event(claim), "review": review})
    return {
        "id": f"desk-{line.language or 'und'}-{line.id}",
        "lang": line.language,
        "published": line.published_at.date().isoformat(),
        "title": line.title,
        "text": view.text,
        "events": events,
        "note": "reviewed: " + ", ".join(sorted(set(reviews.values()))),
        "source": line.url,
        **({"unsure": unsure} if unsure else {}),
    }


def _event(claim: ClaimView) -> dict[str, Any]:
    return {
        "participants": list(claim.participants),
        "level": claim.level,
        "status": claim.status,
        "date": claim.date.isoformat() if claim.date else None,
        "place": claim.place,
        "evidence": claim.evidence.text,
    }
