"""The closed lists of verdicts, reasons and health in plain words, the same on the page and on the command line."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from config.sizes import render_size
from storage.model import AlertKind, DeliveryState, Pace, PollOutcome, Reason, TextOrigin, Verdict
from storage.views import Health

if TYPE_CHECKING:
    from collections.abc import Mapping

    from config.model import Storage

VERDICT: Final[Mapping[Verdict, str]] = MappingProxyType(
    {Verdict.ALERT: "alerted", Verdict.DIGEST: "kept for the digest", Verdict.QUIET: "told nobody"}
)

REASON: Final[Mapping[Reason, str]] = MappingProxyType(
    {
        Reason.WATCH_MATCHED: "a watch matched",
        Reason.FIRST_REPORT: "the first report of a watched meeting",
        Reason.HELD: "a watched meeting is reported to have taken place",
        Reason.CONFIRMED: "an official source confirms a watched meeting",
        Reason.UPGRADED: "a watched meeting was of a higher level than reported before",
        Reason.CANCELLED: "a watched meeting was called off",
        Reason.DENIED: "a watched meeting is denied",
        Reason.DISPUTED: "a watched meeting is reported and denied",
        Reason.STATUS_CHANGED: "the plan of a watched meeting changed",
        Reason.EXPECTED_NOT_COME: "what was expected did not come in time",
        Reason.FOR_DIGEST: "the watch collects for the digest",
        Reason.NO_MATCH: "no watch matched",
        Reason.NO_CLAIM: "no sentence reports a meeting",
        Reason.ALREADY_TOLD: "this was told before",
        Reason.OTHER_STATUS: "the watch asks for another status",
        Reason.OTHER_PEOPLE: "the watch asks for other people",
        Reason.BELOW_LEVEL: "the watch asks for a higher level",
        Reason.BACKGROUND: "it only recalls an earlier meeting",
        Reason.COPY: "another outlet had this text first",
        Reason.OLD_NEWS: "it was published too long before we saw it",
        Reason.FIRST_POLL: "it came with the first poll of its source",
        Reason.NO_CHANNEL: "the watch names no channel",
        Reason.CORRECTED: "it corrects what was told or entered before",
        Reason.STILL_REPORTED: "the sentence is gone from the article, but others report it still",
        Reason.REWORDED: "the sentence was reworded and says the same",
        Reason.SOURCE_LOST: "a source could not be read for long",
        Reason.SOURCE_BACK: "a lost source is read again",
        Reason.OFFLINE: "nothing at all can be reached",
        Reason.ONLINE: "after an outage sources answer again",
        Reason.TOLD_THIS_HOUR: "a message about sources went out within the hour",
        Reason.MUTED: "the watch is muted",
        Reason.OTHER_SOURCE: "the watch asks for other sources",
        Reason.BELOW_SCORE: "its score is too low",
        Reason.TOO_FEW_SOURCES: "too few independent sources report it yet",
        Reason.ENOUGH_SOURCES: "enough independent sources report it now",
        Reason.QUIET_HOURS: "a watch matched; the message waits for the end of its quiet hours",
        Reason.NOT_CONFIRMED: "the official sources that the watch asks for have not confirmed it",
        Reason.NOT_RECEIVED: "the guest left without being received",
        Reason.STILL_SILENT: "no official source confirms what was reported",
        Reason.SELF_TEST: "its channel asks for a test message",
        Reason.STRAINED: "the operation needs its operator",
        Reason.OVER_BUDGET: "a watch matched; beyond its `at_most` it is told in one message with others",
    }
)

HEALTH: Final[Mapping[Health, str]] = MappingProxyType(
    {
        Health.LOST: "lost",
        Health.FAILING: "failing",
        Health.LATE: "overdue for a poll",
        Health.SILENT: "unusually silent",
        Health.NEVER_READ: "never read yet",
        Health.WELL: "well",
        Health.PAUSED: "paused",
        Health.REMOVED: "no longer configured",
    }
)

PACE: Final[Mapping[Pace, str]] = MappingProxyType(
    {
        Pace.INTERVAL: "as configured",
        Pace.SELDOM: "it seldom has something new",
        Pace.OVERFLOW: "more was new than its window safely shows",
        Pace.FRESH: "its server says that an answer holds so long",
        Pace.EXPECTED: "a meeting that concerns it is expected",
        Pace.BACK_OFF: "it failed",
        Pace.RETRY_AFTER: "its server said when to come back",
    }
)

DELIVERY: Final[Mapping[DeliveryState, str]] = MappingProxyType(
    {
        DeliveryState.DUE: "waiting",
        DeliveryState.SENT: "sent",
        DeliveryState.PARKED: "parked",
        DeliveryState.DEAD: "given up",
        DeliveryState.DROPPED: "dropped",
    }
)

ORIGIN: Final[Mapping[TextOrigin, str]] = MappingProxyType(
    {
        TextOrigin.PAGE: "text of the page",
        TextOrigin.FEED: "text of the feed",
        TextOrigin.TITLE: "title only",
    }
)

KIND: Final[Mapping[AlertKind, str]] = MappingProxyType(
    {
        AlertKind.MATCH: "watch",
        AlertKind.MEETING: "meeting",
        AlertKind.OVERDUE: "expected, not come",
        AlertKind.SOURCE: "source",
        AlertKind.TEST: "test",
    }
)

POLL: Final[Mapping[PollOutcome, str]] = MappingProxyType(
    {
        PollOutcome.UNCHANGED: "unchanged",
        PollOutcome.ENTRIES: "read",
        PollOutcome.FAULT: "failed",
    }
)


def kept_in_words(storage: Storage) -> str:
    """What the configuration says of how much of the archive is kept."""
    if storage.keep is None and storage.max_size is None:
        return "everything"
    limits = [] if storage.keep is None else [f"the articles of {storage.keep.days} days"]
    if storage.max_size is not None:
        limits.append(f"as many articles as {render_size(storage.max_size)} hold")
    return f"{', '.join(limits)}, and what alerts and meetings cite"
