"""Text from strangers made harmless for a place where it will be read: plain, HTML, Markdown, a link."""

from __future__ import annotations

import re
from html import escape
from urllib.parse import quote, urlsplit

# Whole terminal sequences first (CSI, OSC, single escapes), or their tails would stay behind as litter.
_TERMINAL = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b\]|\x9d)[^\x07\x1b\x9c]{0,2000}(?:\x07|\x1b\\|\x9c)?|\x1b.?"
)
# C0 and C1 but tab and line feed; bidirectional controls; the byte order mark; interlinear and tag characters.
_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_SURROGATES = re.compile("[\ud800-\udfff]")
# What Slack, Discord, Telegram, Matrix and Mattermost take as a call to everybody or to somebody.
_CALLS = re.compile(r"@(?=(?:everyone|here|channel|all|room|group|team|online)\b)|<(?=[!@#&])", re.IGNORECASE)
_MARKDOWN = re.compile(r"[\\`*_\[\]<>|~&]")
_MARKDOWN_START = re.compile(r"([#+=:-]|\d+(?=[.)]))")
_URL_MAX = 2000
_GAP = "\u200b"


def clean(text: str) -> str:
    """Without control, bidirectional and unpaired characters; line breaks are line feeds, nothing else is lost."""
    if text.isprintable():  # which none of these characters is: a page asks of thousands of short texts
        return text
    text = _LINE_ENDS.sub("\n", _TERMINAL.sub("", text))
    return _SURROGATES.sub("\ufffd", _CONTROLS.sub("", text))


def one_line(text: str, limit: int | None = None) -> str:
    """Cleaned, white space collapsed, cut to `limit` characters with an ellipsis."""
    line = " ".join(clean(text).split())
    return line if limit is None or len(line) <= limit else line[: limit - 1].rstrip() + "…"


def plain(text: str, limit: int | None = None) -> str:
    """One line in which no chat program finds a mention: a gap that is not seen stands inside each."""
    return _CALLS.sub(lambda found: found[0] + _GAP, one_line(text, limit))


def html(text: str, limit: int | None = None) -> str:
    """One line for element content or a quoted attribute."""
    return escape(plain(text, limit), quote=True)


def markdown(text: str, limit: int | None = None) -> str:
    """One line in which CommonMark and its relatives find no mark-up, wherever in a line it is put."""
    line = _MARKDOWN.sub(r"\\\g<0>", plain(text, limit))
    start = _MARKDOWN_START.match(line)
    if start is None:
        return line
    lead, rest = start[0], line[start.end() :]
    return f"{lead}\\{rest}" if lead.isdigit() else f"\\{lead}{rest}"


def header(text: str) -> str:
    """One line for a header of a mail, in which nothing reads as an encoded word: those may hold line breaks."""
    return one_line(text).replace("=?", f"={_GAP}?")


def link(url: str | None) -> str | None:
    """The URL when it is a http or https link that is safe to offer, percent-encoded; else None.

    It calls nobody either: programs look for mentions inside addresses too.
    """
    if not url or len(url) > _URL_MAX or clean(url) != url or url != url.strip():
        return None
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port  # raises ValueError on one that is not a number
    except ValueError:
        return None
    if parts.scheme.lower() not in {"http", "https"} or not host or parts.username is not None:
        return None
    return _CALLS.sub("%40", quote(url, safe="%/:?#[]@!$&'*+,;=~-._"))
