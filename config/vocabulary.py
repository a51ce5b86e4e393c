"""The words of the trade, each meaning one thing everywhere: roles, levels, statuses, kinds of endpoint."""

from __future__ import annotations

from enum import StrEnum


class EndpointKind(StrEnum):
    """How one URL of a source is to be read."""

    FEED = "feed"
    SITEMAP = "sitemap"
    LISTING = "listing"
    TELEGRAM = "telegram"
    SPIDER = "spider"


class Role(StrEnum):
    """Who speaks through a source; an official source confirms, the others report."""

    OFFICIAL = "official"
    STATE_MEDIA = "state-media"
    MEDIA = "media"
    THINK_TANK = "think-tank"
    AGGREGATOR = "aggregator"


class Level(StrEnum):
    """The highest rank of a serving participant who faces another state's side."""

    LEADER = "leader"
    MINISTER = "minister"
    DEPUTY = "deputy"
    OTHER = "other"


class Status(StrEnum):
    """What a text says has become of a meeting."""

    HELD = "held"
    UNDER_WAY = "under_way"
    SCHEDULED = "scheduled"
    PROPOSED = "proposed"
    UNDECIDED = "undecided"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    DENIED = "denied"
    REMOTE = "remote"
    BACKGROUND = "background"


class Send(StrEnum):
    """What a watch does with what it found."""

    NOW = "now"
    DIGEST = "digest"


class Urgency(StrEnum):
    """`high` passes quiet hours."""

    NORMAL = "normal"
    HIGH = "high"


LANGUAGES = ("en", "zh", "ru", "uk", "de", "fr", "pl", "es")
"""ISO 639-1 codes of the languages in which meetings are (to be) read; keyword watches work in any."""
