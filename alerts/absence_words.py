"""What is said of what did not happen, each sentence once: written with its parts, and read back into them. Pure.

Alerts keep what they told as text; the page reads the parts out of it to say it in the language of its reader.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from alerts import words

if TYPE_CHECKING:
    from collections.abc import Mapping

_DAY: Final = r"\d{1,2} [A-Z][a-z]+ \d{4}"
_KINDS: Final = {
    "day": _DAY,
    "time": r"\d\d:\d\d \S+",
    "age": r"[\d,]+ (?:hour|minute)s?",
    "n": r"[\d,]+",
    "num": r"[\d,]+",
    "level": "|".join(words.LEVEL.values()),
    "place": r"[^(“]+",
    "source": r"[^“]+",
}
"""What a part of that name looks like; any other is what a name or a text may be. Beside the sentence of an article, in
which any sign may stand, no part may end in several places: a hostile one cannot make reading long."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence with named parts; `many` is its form where `num` is not one."""

    text: str
    many: str = ""

    def say(self, **parts: Any) -> str:
        """The sentence about these."""
        shown = {name: _shown(value) for name, value in parts.items()}
        return (self.many if self.many and parts["num"] != 1 else self.text) % shown

    def read(self, line: str) -> Mapping[str, str] | None:
        """The parts as they were written; None for any other line."""
        found = _pattern(self.text).fullmatch(line) or (_pattern(self.many).fullmatch(line) if self.many else None)
        return None if found is None else found.groupdict()


@cache
def _pattern(text: str) -> re.Pattern[str]:
    pieces = re.split(r"%\((\w+)\)s", text)
    named = (f"(?P<{name}>{_KINDS.get(name, '.+')})" for name in pieces[1::2])
    return re.compile("".join(re.escape(plain) + part for plain, part in zip(pieces[::2], (*named, ""), strict=True)))


def _shown(value: Any) -> str:
    if isinstance(value, date):
        return words.day(value)
    return f"{value:,}" if isinstance(value, int) else str(value)


def read_day(text: str) -> date:
    """A day as sentences write it."""
    return datetime.strptime(text, "%d %B %Y").replace(tzinfo=UTC).date()


def read_number(text: str) -> int:
    """A number as sentences write it."""
    return int(text.replace(",", ""))


SCHEDULED: Final = Sentence("%(people)s: scheduled for %(day)s, and no meeting reported")
SCHEDULED_UNKNOWN: Final = Sentence("%(people)s: scheduled for %(day)s; unknown whether they met")
SILENT: Final = Sentence("%(people)s: reported %(age)s ago, and no official source confirms it")
SILENT_UNKNOWN: Final = Sentence("%(people)s: reported %(age)s ago; unknown whether officials confirm it")
LEFT: Final = Sentence("%(guest)s left %(place)s without being received by %(leader)s, as far as is reported")
LEFT_UNKNOWN: Final = Sentence("%(guest)s left %(place)s; unknown whether %(leader)s received the guest")
EXPECTED: Final = Sentence("%(name)s: not reported by %(day)s %(time)s")
EXPECTED_UNKNOWN: Final = Sentence("%(name)s: unknown whether it came by %(day)s %(time)s")
"""What did not happen, or what nobody can know; the name is that of an expectation."""

RECEIVED_BY_NOBODY: Final = Sentence("received there: by nobody, as far as is reported")
RECEIVED: Final = Sentence("received there: %(hosts)s")
HOSTS: Final = Sentence("%(people)s (%(level)s, %(day)s)")
"""One of the `hosts` of a visit, between semicolons."""
TOLD_TO_LEAVE: Final = Sentence("left %(place)s on %(day)s (%(source)s: “%(evidence)s”)")
NEXT_SEEN_IN: Final = Sentence("next seen in %(place)s, %(day)s")
NEXT_SEEN: Final = Sentence("next seen %(day)s")
NOT_SEEN_AGAIN: Final = Sentence("nothing more is reported from there")
DARK: Final = Sentence("the official sources of %(countries)s could not be read")
READ: Final = Sentence("read: %(sources)s")
NOT_READABLE: Final = Sentence("not readable: %(sources)s")
MORE: Final = Sentence("%(sources)s, and %(n)s more")
READ_IN_ALL: Final = Sentence("%(n)s of %(num)s source was read in all", "%(n)s of %(num)s sources were read in all")

TITLES: Final = (
    SCHEDULED, SCHEDULED_UNKNOWN, SILENT, SILENT_UNKNOWN, LEFT, LEFT_UNKNOWN, EXPECTED, EXPECTED_UNKNOWN,
)  # fmt: skip
DETAILS: Final = (
    RECEIVED_BY_NOBODY, RECEIVED, TOLD_TO_LEAVE, NEXT_SEEN_IN, NEXT_SEEN, NOT_SEEN_AGAIN, DARK, READ, NOT_READABLE,
    READ_IN_ALL,
)  # fmt: skip
"""Of each the first that a line can be read as is the one that it is."""
SENTENCES: Final = (*TITLES, *DETAILS, HOSTS, MORE)
