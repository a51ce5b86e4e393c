"""The words of the closed lists, as the core has them in English, in the languages of the page."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from alerts import words
from config.vocabulary import EndpointKind, Level, Role, Status, Urgency
from envoywatch import wording
from storage import faults
from storage.model import (
    AlertKind,
    Change,
    DeliveryFault,
    DeliveryState,
    FaultKind,
    PollOutcome,
    Reason,
    TextOrigin,
    Verdict,
)
from storage.runs import REVIEWS
from storage.views import Health

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from enum import StrEnum

    from envoywatch.web.languages import Language

LISTS: Final[Mapping[str, Mapping[Any, str]]] = {
    "status of a meeting": words.STATUS,
    "level of a meeting": words.LEVEL,
    "level of a meeting, in a table": {level: level.value for level in Level},
    "role of a source": words.ROLE,
    "what changed about a meeting": words.CHANGE,
    "decision": wording.VERDICT,
    "reason of a decision": wording.REASON,
    "state of a source": wording.HEALTH,
    "state of a delivery": wording.DELIVERY,
    "what is stored of an article": wording.ORIGIN,
    "kind of an alert": wording.KIND,
    "how a poll ended": wording.POLL,
    "kind of an endpoint": {kind: kind.value for kind in EndpointKind},
    "urgency": {urgency: urgency.value for urgency in Urgency},
    "filter of a search": {
        name: name for name in ("source", "language", "country", "role", "since", "until", "person", "meeting", "story")
    },
    "review of an alert": {review: review.replace("-", " ") for review in REVIEWS},
}
"""By what translators are told about them."""

_OF_KIND: Final[Mapping[type, str]] = {
    Status: "status of a meeting",
    Level: "level of a meeting",
    Role: "role of a source",
    Change: "what changed about a meeting",
    Verdict: "decision",
    Reason: "reason of a decision",
    Health: "state of a source",
    DeliveryState: "state of a delivery",
    TextOrigin: "what is stored of an article",
    AlertKind: "kind of an alert",
    PollOutcome: "how a poll ended",
    EndpointKind: "kind of an endpoint",
    Urgency: "urgency",
    str: "review of an alert",
}


def term(language: Language, value: Any, about: str | None = None) -> str:
    """The word for a value of a closed list, of the one of its kind or of another."""
    return _terms(language)[about or _OF_KIND[type(value)]][value]


def options_of(language: Language, kind: type[StrEnum]) -> list[tuple[str, str]]:
    """Each value of a closed list with its word, to be chosen from."""
    return [(one.value, term(language, one)) for one in kind]


@cache
def _terms(language: Language) -> Mapping[str, Mapping[Any, str]]:
    return {
        about: {value: language.pgettext(about, text.replace("%", "%%")) for value, text in list_.items()}
        for about, list_ in LISTS.items()
    }


def listed_words() -> Iterator[tuple[str, str]]:
    """Every word of the lists with its context, for the catalogue."""
    return ((about, text) for about, list_ in LISTS.items() for text in list_.values())


def fault_words() -> Iterator[str]:
    """What is said of faults of sources and of deliveries, and what is advised, for the catalogue."""
    kinds: tuple[tuple[Any, type[StrEnum]], ...] = (
        (faults.describe, FaultKind),
        (faults.describe_delivery, DeliveryFault),
    )
    for describe, kind in kinds:
        for one in kind:
            yield from describe(one)
