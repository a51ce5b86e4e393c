"""A paper of headed rows as text of 72 columns, as Markdown, and as HTML that mail programs show, light or dark.

The only place where a digest's texts meet mark-up: everything that comes in is taken for hostile.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from alerts import harmless

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTH: Final = 72
_WIDE = "\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60"
_BREAKABLE = re.compile(f"[{_WIDE}]|[^{_WIDE}]+")
_HEAD_MAX = 300
_NAMELESS = "(without a title)"
_LINE_MAX = 600
# The grey is translucent, so it shows on a light ground and on a dark one; nothing else has a colour of its own.
_CELL: Final = 'style="padding:7px 0;border-top:1px solid #8888;vertical-align:top;text-align:left"'
_TABLE: Final = (
    '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"'
    ' style="border-collapse:collapse;max-width:46em">'
)
_PAGE: Final = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>{title}</title></head>
<body style="font-family:sans-serif;font-size:15px;line-height:1.45;margin:16px">
<h1 style="font-size:20px">{title}</h1>
{body}
</body></html>
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A headline, perhaps linked, lines about it, and a quotation with its language."""

    head: str
    url: str | None = None
    lines: tuple[str, ...] = ()
    quote: str = ""
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, what is said under it at once, and its rows."""

    title: str
    rows: tuple[Row, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Paper:
    """The whole: a title, what is said first, and the sections."""

    title: str
    lead: str
    sections: tuple[Section, ...]


# ---------------------------------------------------------------- plain text


def text(paper: Paper, *, titled: bool = True) -> str:
    """No line is longer than 72 columns, wide characters counted as two, unless a single word or link is."""
    blocks = [_ruled(paper.title, "=")] if titled else []
    blocks.append(_wrap(paper.lead))
    for section in paper.sections:
        blocks.append(_ruled(section.title, "-"))
        if section.note:
            blocks.append(_wrap(section.note))
        blocks += [_text_row(row) for row in section.rows]
    return "\n\n".join(blocks) + "\n"


def _text_row(row: Row) -> str:
    parts = [_wrap(harmless.one_line(row.head, _HEAD_MAX) or _NAMELESS, "* ", "  ")]
    parts += [_wrap(harmless.one_line(line, _LINE_MAX), "  ", "  ") for line in row.lines]
    if row.quote:
        parts.append(_wrap(f"“{harmless.one_line(row.quote, _LINE_MAX)}”", "  ", "  "))
    if link := harmless.link(row.url):
        parts.append(f"  {link}")
    return "\n".join(parts)


def _ruled(title: str, rule: str) -> str:
    lines = _wrap(title)
    return f"{lines}\n{rule * max(map(columns, lines.splitlines()), default=0)}"


def columns(line: str) -> int:
    """How wide a terminal or a mail program shows it: East Asian wide characters take two columns, marks none."""
    return sum(
        0 if unicodedata.combining(char) or char == "\u200b" else 1 + (unicodedata.east_asian_width(char) in "WF")
        for char in line
    )


def _wrap(line: str, first: str = "", rest: str = "") -> str:
    lines, now, room = [], first, first
    for word, gap in _pieces(harmless.plain(line)):
        spaced = f"{now}{gap if now != room else ''}{word}"
        if columns(spaced) <= WIDTH or now == room:
            now = spaced
        else:
            lines.append(now)
            now, room = rest + word, rest
    return "\n".join([*lines, now])


def _pieces(line: str) -> Iterator[tuple[str, str]]:
    """Words with the gap before them; between wide characters a line may break anywhere."""
    for word in line.split(" "):
        gap = " "
        for piece in _BREAKABLE.findall(word):
            yield piece, gap
            gap = ""


# ---------------------------------------------------------------- Markdown


def markdown(paper: Paper, *, titled: bool = True) -> str:
    """CommonMark, without tables, which not every reader knows."""
    escape = harmless.markdown
    blocks = [f"# {escape(paper.title)}"] if titled else []
    blocks.append(escape(paper.lead))
    for section in paper.sections:
        blocks.append(f"## {escape(section.title)}")
        if section.note:
            blocks.append(escape(section.note))
        if section.rows:
            blocks.append("\n".join(map(_markdown_row, section.rows)))
    return "\n\n".join(blocks) + "\n"


def _markdown_row(row: Row) -> str:
    head = harmless.markdown(row.head, _HEAD_MAX) or _NAMELESS
    if link := harmless.link(row.url):
        head = f"[{head}](<{link}>)"
    parts = [f"- **{head}**", *(harmless.markdown(line, _LINE_MAX) for line in row.lines)]
    if row.quote:
        parts.append(f"“{harmless.markdown(row.quote, _LINE_MAX)}”")
    return "  \n  ".join(parts)


# ---------------------------------------------------------------- HTML


def page(paper: Paper) -> str:
    """A document that asks nothing of any other origin."""
    return _PAGE.format(title=harmless.html(paper.title), body=fragment(paper))


def fragment(paper: Paper) -> str:
    """The content without the title, with inline styles only: mail programs drop style sheets."""
    parts = [f"<p>{harmless.html(paper.lead)}</p>"]
    for section in paper.sections:
        parts.append(f'<h2 style="font-size:16px;margin:22px 0 6px">{harmless.html(section.title)}</h2>')
        if section.note:
            parts.append(f"<p>{harmless.html(section.note)}</p>")
        if section.rows:
            parts += [_TABLE, *map(_html_row, section.rows), "</table>"]
    return "\n".join(parts)


def _html_row(row: Row) -> str:
    head = harmless.html(row.head, _HEAD_MAX) or _NAMELESS
    if link := harmless.link(row.url):
        head = f'<a href="{harmless.html(link)}" rel="noopener noreferrer nofollow">{head}</a>'
    parts = [f"<b>{head}</b>", *(harmless.html(line, _LINE_MAX) for line in row.lines)]
    if row.quote:
        lang = f' lang="{harmless.html(row.language)}"' if row.language else ""
        parts.append(f"<i{lang}>“{harmless.html(row.quote, _LINE_MAX)}”</i>")
    return f"<tr><td {_CELL}>{'<br>'.join(parts)}</td></tr>"
