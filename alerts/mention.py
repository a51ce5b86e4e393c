"""A stretch of text that means a person, an office-holder or a group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config.vocabulary import Level


@dataclass(frozen=True, slots=True)
class Mention:
    """One stretch `[start, end)` of the original text that means one person, office-holder or group.

    `label` is the English label, the name of an unknown (in Latin letters where it is Cyrillic), or None where nobody
    can be named. `level` is that of the office on the day asked for; None for a group. `country` is whom they act for.
    """

    start: int
    end: int
    label: str | None
    level: Level | None
    country: str | None
    kind: str
    office: str | None = None
    former: bool = False
    spokesman: bool = False
    deputy: bool = False
    envoy: bool = False
    acting: bool = False
    elect: bool = False
    candidate: bool = False
