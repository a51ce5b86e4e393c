"""From what is stored to what is sent: the facts of an alert and of a digest, joined for rendering."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from alerts.digest import digest_message
from alerts.digest_data import Counts, DigestData
from alerts.digest_facts import digest_data
from alerts.merged import render_merged
from alerts.render import AlertFacts, Message
from config.vocabulary import Role, Urgency
from storage.digests import find_digest
from storage.errors import NotStoredError
from storage.model import Alert, Change
from storage.views import digest_facts, get_alert
from storage.views_counts import count_work

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

    from config.model import Config
    from storage.model import Delivery
    from storage.views import AlertView


_OF_THE_MEETING: Final = frozenset({Change.CORRECTED, Change.DISPUTED})
"""Changes by a claim that does not say how the meeting stands: the one taken back, and the denial of a report."""


@dataclass(frozen=True, slots=True)
class Sendable:
    """A message and whether it may pass quiet hours."""

    message: Message
    urgency: Urgency
    watch: str | None = None


def find_message(connection: sqlite3.Connection, delivery: Delivery) -> Sendable | None:
    """What a delivery has to tell; None when its subject is gone from the database."""
    if delivery.digest_id is not None:
        stored = find_digest(connection, delivery.digest_id)
        if stored is None:
            return None
        message = digest_message(DigestData.from_json(stored.content), delivery.key)
        return Sendable(message, Urgency.NORMAL)
    if delivery.alert_id is None:
        return None
    try:
        view = get_alert(connection, delivery.alert_id)
    except NotStoredError:
        return None
    views = [view, *(get_alert(connection, other) for other in view.others)]
    message = render_merged([alert_facts(one, delivery.key) for one in views])
    urgent = any(one.alert.urgency is Urgency.HIGH for one in views)
    return Sendable(message, Urgency.HIGH if urgent else Urgency.NORMAL, view.alert.watch)


def alert_facts(view: AlertView, key: str) -> AlertFacts:
    """Everything an alert's message says. `key` is the delivery's."""
    line, article, meeting = view.alert, view.alert.article, view.alert.meeting
    alert = Alert(
        key=line.key,
        kind=line.kind,
        title=line.title,
        created_at=line.created_at,
        watch=line.watch,
        change=line.change,
        meeting_key=meeting.key if meeting else None,
        evidence=line.evidence.text if line.evidence else "",
        place=line.place,
        date=line.date,
        detail=line.detail,
        urgency=line.urgency,
    )
    facts = AlertFacts(alert=alert, key=key)
    if article is not None:
        facts = _with_article(facts, view)
    if meeting is not None:
        facts = _with_meeting(facts, view)
    return facts


def _with_article(facts: AlertFacts, view: AlertView) -> AlertFacts:
    article = view.alert.article
    if article is None:
        return facts
    return replace(
        facts,
        article_title=article.title,
        url=article.url,
        source=article.source,
        country=article.country,
        role=article.role,
        language=article.language,
        published_at=article.published_at,
        seen_at=article.seen_at,
    )


def _with_meeting(facts: AlertFacts, view: AlertView) -> AlertFacts:
    """As it stood when the alert was decided where the claim says so, else as it stands now."""
    meeting, claim = view.alert.meeting, view.claim
    if meeting is None:
        return facts
    return replace(
        facts,
        participants=meeting.participants,
        level=meeting.level,
        status=meeting.status if claim is None or view.alert.change in _OF_THE_MEETING else claim.status,
        place=meeting.place,
        date=meeting.date,
        reports=meeting.reports,
        originators=meeting.originators,
        confirmed=meeting.confirmed,
        confirmed_by=meeting.confirmed_by,
        disputed=meeting.disputed,
    )


def make_digest(
    connection: sqlite3.Connection, name: str, since: datetime, until: datetime, config: Config
) -> DigestData:
    """The digest of [since, until): by meeting and watch, quiet watches named, with what was not seen."""
    muted = {watch.name for watch in config.watches if watch.mute is not None and until < watch.mute}
    watches = [watch.name for watch in config.watches if watch.is_about_words and watch.name not in muted]
    facts = digest_facts(connection, since, until)
    facts = replace(facts, matches=tuple(one for one in facts.matches if one.watch not in muted))
    official = [source.name for source in config.sources if source.role is Role.OFFICIAL]
    data = digest_data(name, facts, watches, official)
    work = count_work(connection, since, until)
    counts = Counts(
        sources=work.sources,
        read=work.read,
        polls=work.polls,
        failed_polls=work.failed_polls,
        entries=work.entries,
        articles=work.articles,
        copies=work.copies,
    )
    return replace(data, counts=counts)
