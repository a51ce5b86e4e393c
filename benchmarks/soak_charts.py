"""The samples of `soak.py` as one SVG of small charts over the same hours, in a few kilobytes of plain elements."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH, _HEIGHT, _LEFT, _TOP, _GAP = 760, 96, 70, 30, 34
_STYLE = """
svg { background: #fff; font: 12px system-ui, sans-serif; fill: #333 }
.line { fill: none; stroke: #1c5d99; stroke-width: 1.5 } .axis { stroke: #bbb }
.mark { stroke: #b5651d; stroke-dasharray: 3 3 }
.name { font-weight: 600 } .event { fill: #b5651d }
@media (prefers-color-scheme: dark) {
  svg { background: #16181c; fill: #ddd } .line { stroke: #6db3f2 } .axis { stroke: #555 }
  .mark { stroke: #e0a060 } .event { fill: #e0a060 }
}"""


class Chart(NamedTuple):
    """One line over the hours; `digits` after the point on its scale."""

    name: str
    values: Sequence[float]
    digits: int = 0


def draw(hours: Sequence[float], charts: Sequence[Chart], events: Sequence[tuple[float, str]]) -> str:
    """Charts below one another; each event is a line through all of them."""
    width = _LEFT + _WIDTH + 20
    height = _TOP + len(charts) * (_HEIGHT + _GAP) + 20
    end = max(hours)
    scale = _WIDTH / end
    label = escape("; ".join(f"{chart.name}: {max(chart.values):,.{chart.digits}f} at most" for chart in charts))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="{label}">',
        f"<style>{_STYLE}</style>",
    ]
    for at, name in events:
        x = _LEFT + at * scale
        parts.append(f'<path class="mark" d="M{x:.0f} {_TOP - 8}V{height - 40}"/>')
        parts.append(f'<text class="event" x="{x:.0f}" y="{_TOP - 14}" text-anchor="middle">{escape(name)}</text>')
    for row, chart in enumerate(charts):
        parts += _panel(chart, hours, _TOP + row * (_HEIGHT + _GAP), scale)
    ticks = range(0, int(end) + 1, max(1, round(end / 8)))
    parts += [
        f'<text x="{_LEFT + tick * scale:.0f}" y="{height - 8}" text-anchor="middle">{tick} h</text>' for tick in ticks
    ]
    return "\n".join([*parts, "</svg>", ""])


def _panel(chart: Chart, hours: Sequence[float], top: int, scale: float) -> list[str]:
    most = max(chart.values) or 1.0
    bottom = top + _GAP - 10 + _HEIGHT
    points = " ".join(
        f"{_LEFT + hour * scale:.1f},{bottom - value / most * _HEIGHT:.1f}"
        for hour, value in zip(hours, chart.values, strict=True)
    )
    return [
        f'<text class="name" x="{_LEFT}" y="{top + 14}">{escape(chart.name)}</text>',
        f'<path class="axis" d="M{_LEFT} {bottom}h{_WIDTH}"/>',
        f'<text x="{_LEFT - 8}" y="{bottom - _HEIGHT + 8}" text-anchor="end">{most:,.{chart.digits}f}</text>',
        f'<text x="{_LEFT - 8}" y="{bottom}" text-anchor="end">0</text>',
        f'<polyline class="line" points="{points}"/>',
    ]
