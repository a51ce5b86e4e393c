"""Charts as plain geometry for the templates to draw as SVG; pure, so that every number can be tested."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from config.vocabulary import Level
from envoywatch.web.languages import n_
from storage.model import PollOutcome
from storage.views import pairs_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from envoywatch.web.languages import Language
    from storage.model import Meeting
    from storage.views import PollLine


@dataclass(frozen=True, slots=True)
class Bar:
    """An upright bar standing on the ground line; `kind` is its class."""

    x: float
    y: float
    width: float
    height: float
    kind: str = ""


@dataclass(frozen=True, slots=True)
class BarChart:
    """Bars in a box of `width` by `height`, and what they say in words."""

    width: int
    height: int
    bars: tuple[Bar, ...]
    label: str

    @property
    def paths(self) -> tuple[tuple[str, str], ...]:
        """All bars of a kind as one SVG path, by kind: a tenth of the bytes of as many rectangles."""
        found: dict[str, list[str]] = {}
        for bar in self.bars:
            step = f"M{bar.x:g} {self.height}v{-bar.height:g}h{bar.width:g}v{bar.height:g}z"
            found.setdefault(bar.kind, []).append(step)
        return tuple((kind, "".join(steps)) for kind, steps in found.items())


_BAR_STEP = 6
_BAR_WIDTH = 4
_CHART_HEIGHT = 24
_LEAST = 1.5


_A_DAY: Final = {
    "matches": n_("matches a day over %(num)s day: %(counts)s", "matches a day over %(num)s days: %(counts)s"),
    "new entries": n_(
        "new entries a day over %(num)s day: %(counts)s", "new entries a day over %(num)s days: %(counts)s"
    ),
}


def day_bars(language: Language, counts: Sequence[int], what: str) -> BarChart:
    """One bar a day, today last; an empty day keeps a stub so that the days can be counted."""
    top = max(counts, default=0)
    bars = []
    for position, count in enumerate(counts):
        height = max(_LEAST, _CHART_HEIGHT * count / top) if count else _LEAST
        kind = "bar" if count else "bar-none"
        bars.append(Bar(position * _BAR_STEP, round(_CHART_HEIGHT - height, 1), _BAR_WIDTH, round(height, 1), kind))
    width = max(1, len(counts) * _BAR_STEP - (_BAR_STEP - _BAR_WIDTH))
    label = language.ngettext(*_A_DAY[what], len(counts), counts=language.listed(map(str, counts)))
    return BarChart(width, _CHART_HEIGHT, tuple(bars), label)


def poll_bars(language: Language, polls: Sequence[PollLine]) -> BarChart:
    """One tick a poll, the newest last: a stub for unchanged, higher with more new entries, full height for a fault."""
    top = max((poll.new_entries for poll in polls), default=0)
    bars = []
    for position, poll in enumerate(polls):
        if poll.outcome is PollOutcome.FAULT:
            kind, height = "bar-fault", float(_CHART_HEIGHT)
        elif poll.new_entries:
            kind, height = "bar", max(6.0, _CHART_HEIGHT * poll.new_entries / top)
        else:
            kind, height = "bar-none", 3.0
        bars.append(Bar(position * 4, round(_CHART_HEIGHT - height, 1), 3, round(height, 1), kind))
    failed = sum(poll.outcome is PollOutcome.FAULT for poll in polls)
    found = sum(poll.new_entries for poll in polls)
    label = (
        language.ngettext(
            "last %(num)s poll; failed: %(failed)s, new entries: %(found)s",
            "last %(num)s polls; failed: %(failed)s, new entries: %(found)s",
            len(polls),
            failed=failed,
            found=found,
        )
        if polls
        else language.gettext("no polls yet")
    )
    return BarChart(max(1, len(polls) * 4 - 1), _CHART_HEIGHT, tuple(bars), label)


# ---------------------------------------------------------------- the timeline of the mission


@dataclass(frozen=True, slots=True)
class Stop:
    """A meeting on the timeline, centred at (x, y); its `text` stands after it, or before it near the right edge."""

    meeting: Meeting
    x: float
    y: float
    text: str
    text_before: bool


@dataclass(frozen=True, slots=True)
class Tick:
    """A date on the axis."""

    x: float
    text: str


@dataclass(frozen=True, slots=True)
class Lane:
    """The height at which the meetings of one level stand, with its upper edge."""

    level: Level
    y: float
    top: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """Meetings by date from left to right and by level from top to bottom; `left` is the width of the levels' names."""

    width: int
    height: int
    left: int
    lanes: tuple[Lane, ...]
    ticks: tuple[Tick, ...]
    stops: tuple[Stop, ...]


_WIDTH = 960
_NAMES = 80
"""As in the style sheet, which keeps the names of the levels in sight while the rest is scrolled."""
_LEFT = _NAMES + 28
_RIGHT = 40
_ROW = 26
_PAD = 14
_AXIS = 26
_MARK = 22
_LETTER = 6.6
_MOST_TICKS = 9
_SHORT_NAME = 10


def day_of(meeting: Meeting) -> date:
    """When it was, or when we heard of it first."""
    return meeting.date or meeting.first_reported_at.date()


def timeline(language: Language, meetings: Iterable[Meeting]) -> Timeline | None:
    """None when there is nothing to draw."""
    ordered = sorted(meetings, key=lambda meeting: (day_of(meeting), meeting.key))
    if not ordered:
        return None
    first, last = day_of(ordered[0]), day_of(ordered[-1])
    days = max(1, (last - first).days)
    scale = (_WIDTH - _LEFT - _RIGHT) / days
    lanes: list[Lane] = []
    stops: list[Stop] = []
    top = 4.0
    for level in Level:
        inside = [meeting for meeting in ordered if meeting.level is level]
        if not inside:
            continue
        placed, rows = _rows(inside, first, scale)
        stops += [Stop(one.meeting, one.x, top + _PAD + one.row * _ROW, one.text, one.text_before) for one in placed]
        lanes.append(Lane(level, top + _PAD, top))
        top += rows * _ROW + _PAD / 2
    return Timeline(_WIDTH, int(top + _AXIS), _NAMES, tuple(lanes), _ticks(language, first, days, scale), tuple(stops))


class _Placed(NamedTuple):
    meeting: Meeting
    x: float
    row: int
    text: str
    text_before: bool


def _rows(meetings: Sequence[Meeting], first: date, scale: float) -> tuple[list[_Placed], int]:
    """Put each meeting into the first row where neither its mark nor its text touches what stands before."""
    ends: list[float] = []
    placed = []
    for meeting in meetings:
        x = round(_LEFT + (day_of(meeting) - first).days * scale, 1)
        text = _short(meeting.participants)
        length = len(text) * _LETTER
        before = x + _MARK + length > _WIDTH
        left = x - _MARK / 2 - (length if before else 0)
        row = next((number for number, end in enumerate(ends) if end <= left), len(ends))
        if row == len(ends):
            ends.append(0)
        ends[row] = x + _MARK / 2 + (0 if before else length)
        placed.append(_Placed(meeting, x, row, text, before))
    return placed, len(ends)


def _short(participants: Sequence[str]) -> str:
    """Short names stay whole (in many the family name comes first), of longer ones the family name is kept."""
    whole = [len(name) <= _SHORT_NAME or name.startswith("[") for name in participants]
    text = " – ".join(
        name if keep else _family_name(name) for name, keep in zip(participants, whole, strict=True) if name.strip()
    )
    return text if len(text) <= 34 else text[:33] + "…"  # noqa: PLR2004 (what fits between two marks)


def _family_name(name: str) -> str:
    """The last word, with the small ones before it: von der Leyen."""
    *others, last = name.split()
    while others and others[-1][0].islower():
        last = f"{others.pop()} {last}"
    return last


def _ticks(language: Language, first: date, days: int, scale: float) -> tuple[Tick, ...]:
    step = next(step for step in (1, 2, 7, 14, 30, 91, 182, 365, days) if days / step <= _MOST_TICKS or step == days)
    marked = range(0, days + 1, step)
    return tuple(
        Tick(round(_LEFT + number * scale, 1), language.day(first + timedelta(days=number))) for number in marked
    )


# ---------------------------------------------------------------- who met whom


@dataclass(frozen=True, slots=True)
class Matrix:
    """Who met whom: `cells[row][column]` are the meetings of two people; `more` people were left out."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[tuple[Meeting, ...], ...], ...]
    more: int


_MOST_ROWS = 8
_MOST_COLUMNS = 14


def matrix(meetings: Iterable[Meeting]) -> Matrix | None:
    """The busiest people against those they met; a person whose meetings all stand in another's row has no own row."""
    pairs = pairs_of(meetings)
    if not pairs:
        return None
    busy: dict[str, int] = {}
    for pair, shared in pairs.items():
        for person in pair:
            busy[person] = busy.get(person, 0) + len(shared)
    by_rank = sorted(busy, key=lambda person: (-busy[person], person))
    uncovered = set(pairs)
    rows: list[str] = []
    for person in by_rank:
        own = {pair for pair in uncovered if person in pair}
        if own and len(rows) < _MOST_ROWS:
            rows.append(person)
            uncovered -= own
    columns = [person for person in by_rank if any(tuple(sorted((person, row))) in pairs for row in rows)]
    shown = columns[:_MOST_COLUMNS]
    cells = tuple(tuple(pairs.get((min(row, column), max(row, column)), ()) for column in shown) for row in rows)
    return Matrix(tuple(rows), tuple(shown), cells, len(busy.keys() - set(rows) - set(shown)))
