"""The evidence pack of one meeting: all that is stored about it, with hashes and times, as one JSON or HTML file."""

from __future__ import annotations

import hashlib
import json
from html import escape
from typing import TYPE_CHECKING, Any, Final

from alerts import harmless, words
from envoywatch import __version__, wording
from envoywatch.cli.output import to_plain
from storage.model import to_text
from storage.views import NotStoredError, get_alert, get_article

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from storage.views import AlertView, ArticleView, MeetingView, Reader

PACK_SCHEMA: Final = "envoywatch/evidence/1"


def evidence_pack(connection: Reader, view: MeetingView, now: datetime) -> dict[str, Any]:
    """Everything stored about a meeting, as values that JSON has.

    Each text has the SHA-256 of its UTF-8 bytes; `sha256` of the whole is that of the rest as JSON with sorted keys and
    without spaces.
    """
    meeting = view.meeting
    ids = dict.fromkeys(claim.article.id for claim in view.claims)
    pack = {
        "schema": PACK_SCHEMA,
        "made_at": to_text(now),
        "program": f"envoywatch {__version__}",
        "meeting": to_plain(meeting),
        "said": words.meeting(meeting.status, meeting.participants, meeting.reports),
        "history": [
            {
                "at": to_text(step.at),
                "change": step.change,
                "before": step.before,
                "after": step.after,
                "claim_id": step.claim.id if step.claim else None,
                "source": step.claim.article.source if step.claim else None,
                "evidence": step.claim.evidence.text if step.claim else None,
            }
            for step in view.history
        ],
        "claims": [
            {
                **{name: to_plain(getattr(claim, name)) for name in _CLAIM},
                "evidence": claim.evidence.text,
                "article_id": claim.article.id,
            }
            for claim in view.claims
        ],
        "articles": [_article(one) for one in _articles(connection, ids)],
        "alerts": [_alert(get_alert(connection, alert_id)) for alert_id in view.alert_ids],
    }
    plain: dict[str, Any] = json.loads(json.dumps(pack, ensure_ascii=False))
    return {**plain, "sha256": pack_hash(plain)}


def pack_hash(pack: Mapping[str, Any]) -> str:
    """The hash that a pack carries, made from all else in it."""
    rest = {name: value for name, value in pack.items() if name != "sha256"}
    return _sha256(json.dumps(rest, ensure_ascii=False, sort_keys=True, separators=(",", ":")))


_CLAIM: Final = (
    "id", "participants", "level", "status", "date", "place", "span", "cues", "rule", "confidence", "at", "revision_id",
    "withdrawn_at",
)  # fmt: skip


def _articles(connection: Reader, ids: Iterable[int]) -> Iterator[ArticleView]:
    for article_id in ids:
        try:
            yield get_article(connection, article_id)
        except NotStoredError:  # pruned by the daemon since the meeting was read
            continue


def _article(view: ArticleView) -> dict[str, Any]:
    return {
        **to_plain(view.line),
        "author": view.author,
        "claimed_at": to_plain(view.claimed_at),
        "read_at": to_plain(view.read_at),
        "origin_reason": view.origin_reason,
        "text": view.text,
        "text_sha256": _sha256(view.text),
        "revisions": [
            {
                "id": one.id,
                "at": to_text(one.at),
                "title": one.title,
                "text": one.text,
                "text_sha256": None if one.text is None else _sha256(one.text),
            }
            for one in view.revisions
        ],
        "copies": [to_plain(copy) for copy in view.copies],
    }


def _alert(view: AlertView) -> dict[str, Any]:
    alert = view.alert
    return {
        "id": alert.id,
        "key": alert.key,
        "title": alert.title,
        "created_at": to_text(alert.created_at),
        "watch": alert.watch,
        "change": alert.change,
        "review": alert.review,
        "decisions": [
            {"verdict": one.verdict, "reason": one.reason, "in_words": wording.REASON[one.reason], "detail": one.detail}
            for one in view.decisions
        ],
        "deliveries": [
            {"channel": one.channel, "key": one.key, "state": one.state, "sent_at": to_plain(one.sent_at)}
            for one in view.deliveries
        ],
    }


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


# ---------------------------------------------------------------- HTML

_PAGE: Final = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark"><title>{title}</title><style>
body {{ font: 15px/1.5 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ border-top: 1px solid #8888; padding: .4em .8em .4em 0; text-align: left; vertical-align: top }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere; border-left: 3px solid #8888; padding-left: 1em; font: inherit }}
code {{ overflow-wrap: anywhere }}
</style></head><body>
<h1>{title}</h1>
{body}
</body></html>
"""


def render_pack(pack: Mapping[str, Any]) -> str:
    """The pack as one page that asks nothing of anybody; every stored text is escaped."""
    meeting = pack["meeting"]
    facts = (
        ("status", meeting["status"] + (", disputed" if meeting["disputed"] else "")),
        ("level", meeting["level"]),
        ("date", meeting["date"]),
        ("place", meeting["place"]),
        ("sources that reported it", meeting["reports"]),
        ("independent originators", ", ".join(meeting["originators"])),
        (
            "confirmed by",
            ", ".join(meeting["confirmed_by"]) or ("an official source" if meeting["confirmed"] else None),
        ),
        ("first report", meeting["first_reported_at"]),
        ("key", meeting["key"]),
        ("made", f"{pack['made_at']} by {pack['program']}"),
        ("SHA-256 of the pack's JSON", pack["sha256"]),
    )
    body = [
        _table((), facts),
        "<h2>History of its status (UTC)</h2>",
        _table(
            ("At", "What", "Status", "Source", "Sentence"),
            [
                (one["at"], one["change"], one["after"], one["source"] or "a clock", one["evidence"])
                for one in pack["history"]
            ],
        ),
        "<h2>What was said</h2>",
        _table(
            ("Sentence", "Says", "Decided by", "Article", "Withdrawn"),
            [
                (
                    one["evidence"],
                    _said(one),
                    f"{one['rule']} ({one['confidence']:.2f})",
                    one["article_id"],
                    one["withdrawn_at"],
                )
                for one in pack["claims"]
            ],
        ),
        "<h2>Alerts</h2>",
        _table(
            ("Alert", "At", "Why", "Sent", "Review"),
            [(one["title"], one["created_at"], _why(one), _sent(one), one["review"]) for one in pack["alerts"]],
        ),
        "<h2>Sources, as they were stored</h2>",
        *map(_article_html, pack["articles"]),
    ]
    return _PAGE.format(title=_text(f"Evidence: {pack['said']}"), body="\n".join(body))


def _said(claim: Mapping[str, Any]) -> str:
    told = (claim["status"], words.people(claim["participants"]), claim["place"], claim["date"])
    return " · ".join(str(part) for part in told if part)


def _why(alert: Mapping[str, Any]) -> str:
    return "; ".join(one["in_words"] for one in alert["decisions"])


def _sent(alert: Mapping[str, Any]) -> str:
    return "; ".join(f"{one['channel']}: {one['state']} {one['sent_at'] or ''}".rstrip() for one in alert["deliveries"])


def _article_html(article: Mapping[str, Any]) -> str:
    link = harmless.link(article["url"])
    facts = (
        ("source", " ".join(filter(None, (article["source"], article["country"], article["role"])))),
        ("address", article["url"]),
        ("published", article["published_at"]),
        ("claimed by the source", article["claimed_at"]),
        ("first seen", article["seen_at"]),
        ("read", article["read_at"]),
        ("copy of article", article["copy_of"]),
        ("SHA-256 of the text", article["text_sha256"]),
    )
    title = _text(article["title"] or article["url"] or "")
    if link:
        title = f'<a href="{escape(link)}" rel="noopener noreferrer nofollow">{title}</a>'
    lang = f' lang="{escape(article["language"])}"' if article["language"] else ""
    parts = [
        f"<h3>Article {article['id']}: <span{lang}>{title}</span></h3>",
        _table((), facts),
        f"<pre{lang}>{_lines(article['text'])}</pre>",
    ]
    for one in article["revisions"]:
        parts.append(f"<h4>Since {_text(one['at'])}: {_text(one['title'])}</h4>")
        if one["text"] is not None:
            parts.append(f"<p><code>{one['text_sha256']}</code></p><pre{lang}>{_lines(one['text'])}</pre>")
    return "\n".join(parts)


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    top = f"<tr>{''.join(f'<th>{name}</th>' for name in head)}</tr>" if head else ""
    lines = [
        f"<tr>{''.join(f'<td>{_text(value)}</td>' for value in row)}</tr>"
        for row in rows
        if head or row[1] not in (None, "")
    ]
    return f"<table>{top}{''.join(lines)}</table>" if lines else "<p>None.</p>"


def _text(value: object) -> str:
    return "" if value is None else escape(harmless.one_line(str(value)))


def _lines(text: str) -> str:
    return escape(harmless.clean(text))
