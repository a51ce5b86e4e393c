"""The sources of `soak.py` and their servers: what they publish, which misbehave when, and what befalls the clocks."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

WINDOW = 30
"""So many entries stand in a feed at once: three days of most sources."""
SLOT_S = 1800.0
"""Faults are switched on and off every half hour."""
CALM_S = 7200.0
"""For so long at the end none is switched on."""
_SYLLABLES = "ba den kor li mat ne sul ta ver zo gri pel ran dus fo hem jan kis lor mu".split()  # noqa: SIM905 (legible)
_RARE = 12_000
_HOSTS = ("President Vladimir Putin", "President Emmanuel Macron", "Prime Minister Donald Tusk", "Sergey Lavrov")


class Ill(StrEnum):
    """What a host does while it is faulty."""

    HANGS = "hangs"
    REFUSES = "refuses connections"
    BREAKS = "answers 500"
    FORBIDS = "answers 403"
    VANISHES = "answers 404"
    HAS_ENOUGH = "answers 429"
    LOGS_IN = "sends a login page"
    TRUNCATES = "cuts its feeds"
    BABBLES = "sends noise"
    RENAMES = "gives its entries new ids"


@dataclass(frozen=True, slots=True)
class Events:
    """What befalls the machine, in hours of its running: the clock set by so many seconds, or a sleep of so many."""

    set_clock: tuple[tuple[float, float], ...] = ((5.0, 7200.0), (11.0, -10_800.0))
    sleeps: tuple[tuple[float, float], ...] = ((16.0, 3 * 3600.0),)

    def scaled(self, hours: float) -> Events:
        """The same moments of a shorter or longer run."""
        part = hours / 24
        return Events(
            tuple((at * part, by) for at, by in self.set_clock), tuple((at * part, by) for at, by in self.sleeps)
        )

    def wall(self, ran: float) -> float:
        """Seconds by the wall clock after so many of running."""
        return ran + sum(by for at, by in (*self.set_clock, *self.sleeps) if at * 3600 <= ran)

    def world(self, ran: float) -> float:
        """Seconds that passed for everybody else."""
        return ran + sum(by for at, by in self.sleeps if at * 3600 <= ran)


@dataclass
class World:
    """The sources by number, five to a host and a tenth of them on ten platforms."""

    sources: int
    seconds: float
    served: dict[int, int] = field(default_factory=dict)
    """By source the number of the newest entry that a whole answer held."""
    closed: dict[int, int] = field(default_factory=dict)
    """The same at the end of the day."""

    def host(self, number: int) -> str:
        return f"platform{number // 10 % 10}.example" if number % 10 == 0 else f"h{number // 5}.example"

    def url(self, number: int) -> str:
        return f"http://{self.host(number)}/{number}.xml"

    def ill(self, host: str, at: float) -> Ill | None:
        """One host in sixteen is at any time; never the same for long."""
        slot = int(at // SLOT_S)
        if at > self.seconds - CALM_S or not slot:
            return None
        chosen = random.Random(f"{host} {slot}")  # noqa: S311 (chooses faults)
        return chosen.choice(list(Ill)) if chosen.random() < 1 / 16 else None

    def was_well(self, host: str, since: float, until: float) -> bool:
        slots = range(int(since // SLOT_S), int(until // SLOT_S) + 1)
        return all(self.ill(host, slot * SLOT_S + 1) is None for slot in slots)

    def newest(self, number: int, at: float) -> int:
        """How many were published until then: three, and from then on ten a day, or sixty at one source in fifty."""
        gap = 1440.0 if number % 50 == 0 else 8640.0
        return 3 + int(at / gap + number % 97 / 97)

    def feed(self, number: int, at: float, ids: str = "") -> bytes:
        newest = self.newest(number, at)
        items = "".join(
            _item(number, entry, self.host(number), ids) for entry in range(newest, max(0, newest - WINDOW), -1)
        )
        return f'<rss version="2.0"><channel><title>Gazette {number}</title>{items}</channel></rss>'.encode()

    def page(self, number: int, entry: int) -> bytes:
        text = text_of(number, entry).replace(". ", ".</p><p>")
        article = f"<article><h1>{title_of(number, entry)}</h1><p>{text}</p></article>"
        return f"<html lang=en><body>{article}</body></html>".encode()


def has_pages(number: int) -> bool:
    """Of every eighth source the pages are asked for, too."""
    return number % 8 == 3


def is_watched(number: int, entry: int) -> bool:
    """One entry in 150 is about the envoy, one of four of these tells of a meeting."""
    return (number * 31 + entry * 17) % 150 == 0


def title_of(number: int, entry: int) -> str:
    return f"{'Li Hui' if is_watched(number, entry) else 'Report'}, dispatch {number}-{entry}"


@lru_cache(_RARE)
def _word(number: int) -> str:
    """Few words are frequent and most are rare, as in every language."""
    found = _SYLLABLES[number % 20] + _SYLLABLES[number // 20 % 20]
    return found + (_SYLLABLES[number // 400 % 20] if number >= 400 else "")


def text_of(number: int, entry: int) -> str:
    chance = random.Random(number * 100_003 + entry)  # noqa: S311 (so that none is a copy)
    said = [_word(int(_RARE * chance.random() ** 3)) for _ in range(40)]
    text = f"{' '.join(said[:20])}. {' '.join(said[20:])}."
    if is_watched(number, entry):
        text += " The envoy Li Hui travelled on."
        if entry % 4 == 0:
            text += f" {_HOSTS[(number + entry) % len(_HOSTS)]} received Li Hui on Monday."
    return text


def _item(number: int, entry: int, host: str, ids: str) -> str:
    told = "" if has_pages(number) else f"<description>{text_of(number, entry)}</description>"
    return (
        f"<item><title>{title_of(number, entry)}</title><link>http://{host}/{number}/{entry}</link>"
        f"<guid isPermaLink='false'>{number}-{entry}{ids}</guid>{told}</item>"
    )
