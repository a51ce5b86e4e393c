"""An alert as messages: one line that says it all, then the sentence it rests on with its source and times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from alerts import harmless, words
from alerts.precedence import POSITIVE
from storage.model import AlertKind, Change, to_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from config.vocabulary import Level, Role, Status
    from storage.model import Alert

PAYLOAD_SCHEMA: Final = "envoywatch/alert/1"
_EVIDENCE_MAX = 1500
_TITLE_MAX = 240
_SHORT_MAX = 300
_DETAIL_LINES = 60


@dataclass(frozen=True, slots=True)
class Message:
    """One thing to tell, in every form a channel may want; the bodies do not repeat the title.

    `html` is a fragment, `payload` the JSON of the generic webhook, and messages of one `thread` belong together.
    """

    title: str
    text: str
    html: str
    markdown: str
    payload: dict[str, Any]
    thread: str = ""


@dataclass(frozen=True, slots=True)
class AlertFacts:
    """An alert with everything stored that bears on it. `key` is the delivery's; `reports` counts sources.

    `originators` are those whose reports they are, independently of each other.
    """

    alert: Alert
    key: str
    article_title: str = ""
    url: str | None = None
    source: str = ""
    country: str | None = None
    role: Role | None = None
    language: str | None = None
    published_at: datetime | None = None
    seen_at: datetime | None = None
    participants: tuple[str, ...] = ()
    level: Level | None = None
    status: Status | None = None
    place: str | None = None
    date: date | None = None
    reports: int = 0
    originators: tuple[str, ...] = ()
    confirmed: bool = False
    disputed: bool = False
    confirmed_by: tuple[str, ...] = ()


def render_alert(facts: AlertFacts) -> Message:
    """Every form of the alert, whatever its texts contain harmless in each."""
    title = _title(facts)
    facts_line = " · ".join(_facts_line(facts))
    footer = _footer(facts)
    return Message(
        title=harmless.plain(title, _TITLE_MAX),
        text=_text(facts, facts_line, footer),
        html=_html(facts, facts_line, footer),
        markdown=_markdown(facts, facts_line, footer),
        payload=_payload(facts),
        thread=_thread(facts.alert),
    )


def _thread(alert: Alert) -> str:
    """All that is told of a meeting belongs together, and so does what is told of an expectation."""
    is_expectation = alert.kind is AlertKind.OVERDUE and alert.meeting_key is None
    return f"expected {alert.watch}" if is_expectation else alert.meeting_key or ""


def _title(facts: AlertFacts) -> str:
    """Who, whom, what, where, when, at which level; for what is not a meeting the alert's own title."""
    is_meeting = facts.alert.kind is AlertKind.MEETING and facts.alert.change is not Change.CORRECTED
    if facts.status is None or not facts.participants or not is_meeting:
        return facts.alert.title
    said = words.meeting(facts.status, facts.participants, facts.reports or 1)
    parts = [said, *_place_and_day(facts)]
    level = f" ({words.LEVEL[facts.level]})" if facts.level else ""
    return _news(facts) + ", ".join(parts) + level


def _news(facts: AlertFacts) -> str:
    """What is new since the last message of the thread, so that no two of them bear one subject."""
    if facts.disputed:
        return "Disputed: "
    if facts.alert.detail == words.MISSED:
        return "After all: "
    if facts.alert.change is Change.CONFIRMED_BY_BOTH:
        return "Confirmed by both sides: "
    if facts.alert.change is Change.CONFIRMED:
        return f"Confirmed by {words.people(facts.confirmed_by) or 'an official source'}: "
    return "Of a higher level: " if facts.alert.change is Change.UPGRADED else ""


def _place_and_day(facts: AlertFacts) -> Iterable[str]:
    place, day = facts.place or facts.alert.place, facts.date or facts.alert.date
    if place:
        yield place
    if day:
        yield words.day(day)


def _facts_line(facts: AlertFacts) -> Iterable[str]:
    if facts.status is not None:
        yield f"Status: {words.STATUS[facts.status]}"
    if facts.alert.change is not None and (facts.status is None or facts.alert.change.value != facts.status.value):
        yield f"change: {words.CHANGE[facts.alert.change]}"
    if facts.reports:
        yield f"reported by {words.reported(facts.reports, facts.originators)}"
        if facts.confirmed:
            yield f"confirmed {words.confirmation(facts.confirmed_by)}"
        elif facts.status in POSITIVE:  # of a plan there is nothing to confirm yet
            yield "not confirmed by an official source"
    if facts.disputed:
        yield "disputed"


def _source_line(facts: AlertFacts) -> str:
    told = [words.ROLE[facts.role]] if facts.role else []
    told += [item for item in (facts.country, facts.language) if item]
    return facts.source + (f" ({', '.join(told)})" if told else "")


def _times_line(facts: AlertFacts) -> str:
    times = (("published", facts.published_at), ("seen", facts.seen_at))
    line = ", ".join(f"{name} {words.moment(at)}" for name, at in times if at)
    return line[:1].upper() + line[1:]


def _detail(facts: AlertFacts) -> list[str]:
    """One line; of our own texts, with what is strange in them already on one line, their lines."""
    alert = facts.alert
    is_ours = alert.kind in {AlertKind.SOURCE, AlertKind.OVERDUE}
    return alert.detail.splitlines()[:_DETAIL_LINES] if is_ours else [alert.detail]


def _footer(facts: AlertFacts) -> str:
    watch = f"Watch: {facts.alert.watch} · " if facts.alert.watch else ""
    return f"{watch}Alert of {words.moment(facts.alert.created_at)}"


def _text(facts: AlertFacts, facts_line: str, footer: str) -> str:
    plain, link = harmless.plain, harmless.link(facts.url)
    evidence = plain(facts.alert.evidence, _EVIDENCE_MAX)
    headline, source = plain(facts.article_title, _SHORT_MAX), plain(_source_line(facts), _SHORT_MAX)
    blocks = [
        [plain(facts_line), *(plain(line, _SHORT_MAX) for line in _detail(facts))],
        [f"“{evidence}”" if evidence else ""],
        [headline, source, link or "", _times_line(facts)],
        [plain(footer, _SHORT_MAX)],
    ]
    return "\n\n".join("\n".join(filter(None, block)) for block in blocks if any(block)) + "\n"


def _html(facts: AlertFacts, facts_line: str, footer: str) -> str:
    html, link = harmless.html, harmless.link(facts.url)
    headline = html(facts.article_title or facts.url or "", _SHORT_MAX)
    if link:
        headline = f'<a href="{html(link)}" rel="noopener noreferrer nofollow">{headline}</a>'
    evidence = html(facts.alert.evidence, _EVIDENCE_MAX)
    lang = f' lang="{html(facts.language)}"' if facts.language else ""
    about = "<br>".join(filter(None, [headline, html(_source_line(facts), _SHORT_MAX), html(_times_line(facts))]))
    blocks = [
        f"<p>{html(facts_line)}</p>" if facts_line else "",
        f"<p>{'<br>'.join(html(line, _SHORT_MAX) for line in _detail(facts))}</p>" if facts.alert.detail else "",
        f"<blockquote{lang}>{evidence}</blockquote>" if evidence else "",
        f"<p>{about}</p>" if about else "",
        f"<p><small>{html(footer, _SHORT_MAX)}</small></p>",
    ]
    return "\n".join(filter(None, blocks))


def _markdown(facts: AlertFacts, facts_line: str, footer: str) -> str:
    escape, link = harmless.markdown, harmless.link(facts.url)
    headline = escape(facts.article_title or facts.url or "", _SHORT_MAX)
    if link:
        headline = f"[{headline}](<{link}>)"
    evidence = escape(facts.alert.evidence, _EVIDENCE_MAX)
    about = [headline, escape(_source_line(facts), _SHORT_MAX), escape(_times_line(facts))]
    blocks = [
        escape(facts_line),
        "  \n".join(escape(line, _SHORT_MAX) for line in _detail(facts)),
        f"> {evidence}" if evidence else "",
        "  \n".join(filter(None, about)),
        escape(footer, _SHORT_MAX),
    ]
    return "\n\n".join(filter(None, blocks)) + "\n"


def _payload(facts: AlertFacts) -> dict[str, Any]:
    """The documented webhook schema. Texts are exact but for control characters; times are UTC with `Z`."""
    alert = facts.alert
    place, day = facts.place or alert.place, facts.date or alert.date
    return {
        "id": facts.key,
        "schema": PAYLOAD_SCHEMA,
        "alert": {
            "key": alert.key,
            "kind": alert.kind.value,
            "title": harmless.one_line(alert.title),
            "created_at": to_text(alert.created_at),
            "watch": alert.watch,
            "change": alert.change.value if alert.change else None,
            "urgency": alert.urgency.value,
            "detail": harmless.clean(alert.detail),
        },
        "meeting": {
            "key": alert.meeting_key,
            "participants": [harmless.one_line(name) for name in facts.participants],
            "level": facts.level.value if facts.level else None,
            "status": facts.status.value if facts.status else None,
            "date": day.isoformat() if day else None,
            "place": harmless.one_line(place) if place else None,
            "reports": facts.reports,
            "originators": [harmless.one_line(name) for name in facts.originators],
            "confirmed": facts.confirmed,
            "confirmed_by": list(facts.confirmed_by),
            "disputed": facts.disputed,
        }
        if facts.status is not None or alert.meeting_key is not None
        else None,
        "article": {
            "title": harmless.one_line(facts.article_title),
            "url": harmless.link(facts.url),
            "source": harmless.one_line(facts.source),
            "country": facts.country,
            "role": facts.role.value if facts.role else None,
            "language": facts.language,
            "published_at": to_text(facts.published_at) if facts.published_at else None,
            "seen_at": to_text(facts.seen_at) if facts.seen_at else None,
        }
        if facts.source
        else None,
        "evidence": {"text": harmless.clean(alert.evidence), "language": facts.language} if alert.evidence else None,
    }
