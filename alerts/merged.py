"""Several alerts in one message: what a watch found beyond its budget, each alert told as it would be alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from alerts import harmless, words
from alerts.render import Message, render_alert

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alerts.render import AlertFacts

MOST_IN_FULL: Final = 20
"""Further alerts are told by their titles ..."""
MOST_TITLES: Final = 100
"""... and these by their number; all of them are on the page and in the payload."""
_TITLE_MAX = 240


def render_merged(facts: Sequence[AlertFacts]) -> Message:
    """One message of several alerts of one watch, the oldest first; of a single one its own."""
    messages = [render_alert(one) for one in facts]
    first = messages[0]
    if len(messages) == 1:
        return first
    watch = facts[0].alert.watch or ""
    title = f"{words.count(len(messages), 'alert')}: {watch}"
    full, titles = messages[:MOST_IN_FULL], messages[MOST_IN_FULL:MOST_TITLES]
    left = len(messages) - len(full) - len(titles)
    more = f"and {words.count(left, 'more alert')}" if left else ""
    return Message(
        title=harmless.plain(title, _TITLE_MAX),
        text=_text(full, titles, more),
        html=_html(full, titles, more),
        markdown=_markdown(full, titles, more),
        payload={**first.payload, "count": len(messages), "others": [_of_other(one) for one in messages[1:]]},
        thread=first.thread,
    )


def _of_other(message: Message) -> dict[str, object]:
    return {name: value for name, value in message.payload.items() if name not in {"id", "schema"}}


def _text(full: Sequence[Message], titles: Sequence[Message], more: str) -> str:
    blocks = [f"{number}. {one.title}\n\n{one.text}" for number, one in enumerate(full, 1)]
    rest = [f"{number}. {one.title}" for number, one in enumerate(titles, len(full) + 1)]
    return "\n".join([*blocks, *rest, *([more] if more else [])]).rstrip() + "\n"


def _html(full: Sequence[Message], titles: Sequence[Message], more: str) -> str:
    html = harmless.html
    blocks = [f"<h3>{number}. {html(one.title, _TITLE_MAX)}</h3>\n{one.html}" for number, one in enumerate(full, 1)]
    if titles:
        items = "\n".join(f"<li>{html(one.title, _TITLE_MAX)}</li>" for one in titles)
        blocks.append(f'<ol start="{len(full) + 1}">\n{items}\n</ol>')
    return "\n".join([*blocks, *([f"<p>{more}</p>"] if more else [])])


def _markdown(full: Sequence[Message], titles: Sequence[Message], more: str) -> str:
    escape = harmless.markdown
    blocks = [f"**{number}. {escape(one.title, _TITLE_MAX)}**\n\n{one.markdown}" for number, one in enumerate(full, 1)]
    rest = [f"{number}. {escape(one.title, _TITLE_MAX)}" for number, one in enumerate(titles, len(full) + 1)]
    return "\n\n".join(filter(None, [*blocks, "\n".join(rest), more])) + "\n"
