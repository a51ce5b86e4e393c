"""A day of the daemon on a simulated clock: does anything grow, come late, get lost or come twice?

    python benchmarks/soak.py [--hours 24] [--sources 2000] [--samples FILE] [--draw docs/soak.svg] [--check]

At any time one host in sixteen misbehaves in one of ten ways, for half an hour each; the clock is set forward by two
hours and back by three; the machine sleeps for three hours; the clocks of Europe go forward; one channel refuses for
three hours. What is real and what is simulated: `soak_day.py`, which runs as a process of its own. `--samples` reads
what such a run printed instead of running one. The peer of each figure is its own first half. `--check` exits 1 when
memory grew by more than 5 % in the second half, a descriptor or thread was left, a source whose host was well was asked
more than 10 s late, an entry was lost or stored twice, a message was lost or came twice, a digest was skipped or
doubled, a job failed, or the database is not whole.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from soak_charts import Chart, draw
from soak_world import Events

GROWTH = 0.05
LATE_S = 10.0
GAP_INTERVALS = 4
HABIT_H = 20.0
"""A shorter run may meet no digest's hour."""


def run(sources: int, hours: float) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="envoywatch-soak-") as folder:
        command = [sys.executable, str(Path(__file__).with_name("soak_day.py")), str(sources), str(hours), folder]
        lines = []
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout or ():
                lines.append(line)
                print(f"{json.loads(line).get('sample', {}).get('hours', hours):.1f} h", end="\r", file=sys.stderr)
        if process.returncode:
            sys.exit(f"the day ended with {process.returncode}")
    return lines


def growth(samples: list[dict[str, float]], name: str) -> float:
    """By what share a figure rose in the second half: the mean of its last quarter over that of its first."""
    later = samples[len(samples) // 2 :]
    part = max(1, len(later) // 4)
    before, after = later[:part], later[-part:]
    return sum(sample[name] for sample in after) / sum(sample[name] for sample in before) - 1


def report(samples: list[dict[str, float]], figures: dict[str, Any], hours: float) -> list[str]:
    """Prints the table; returns what is not as it should be."""
    half = len(samples) // 2
    later = samples[half:]
    left = max(sample["descriptors"] for sample in later) - max(sample["descriptors"] for sample in samples[:half])
    outcomes = figures["outcomes"]
    faults = sum(count for kind, count in outcomes.items() if kind not in {"entries", "unchanged"})
    rows: list[tuple[str, str]] = [
        ("polls", f"{sum(outcomes.values()):,}"),
        ("  of them faults", f"{faults:,}"),
        ("memory at the middle and the end, MB", f"{samples[half]['rss_mb']:.0f}, {samples[-1]['rss_mb']:.0f}"),
        ("  growth in the second half", f"{growth(samples, 'rss_mb'):+.1%}"),
        ("descriptors, threads at the end", f"{later[-1]['descriptors']:.0f}, {later[-1]['threads']:.0f}"),
        ("  most of the second half over the first", f"{left:+.0f}"),
        ("latest poll where the host was well, s", f"{figures['latest_s']:.1f}"),
        ("  longest wait in its intervals", f"{figures['longest_gap']:.2f}"),
        ("database, MB", f"{samples[-1]['database_mb']:.0f}"),
        ("entries published in whole answers", f"{figures['published']:,}"),
        ("  lost", f"{len(figures['lost'])}"),
        ("  stored twice, never published", f"{figures['twice']}, {len(figures['never published'])}"),
        ("about the envoy, not matched as such", f"{figures['watched']}, {figures['unmatched']}"),
        ("alerts, deliveries", f"{figures['alerts']}, {figures['deliveries']}"),
        ("  not delivered, delivered twice", f"{figures['undelivered']}, {figures['delivered twice']}"),
        ("digests", ", ".join(f"{name} {count}" for name, count in figures["digests"].items())),
        ("errors of ours", f"{figures['failed']}"),
        ("the database", figures["integrity"]),
        ("CPU, s", f"{samples[-1]['cpu_s']:.0f}"),
    ]
    for name, value in rows:
        print(f"{name:<46}{value:>16}")
    print(f"ratio: memory at the end {1 + growth(samples, 'rss_mb'):.3f} of that of the middle")
    wrong = {
        "memory grows": growth(samples, "rss_mb") > GROWTH,
        "descriptors are left": left > 0,
        "polls are late": figures["latest_s"] > LATE_S or figures["longest_gap"] > GAP_INTERVALS,
        "entries are lost": bool(figures["lost"]),
        "entries are doubled": bool(figures["twice"] or figures["never published"]),
        "matches are wrong": bool(figures["unmatched"]),
        "deliveries are lost or doubled": bool(figures["undelivered"] or figures["delivered twice"]),
        "digests are": hours >= HABIT_H and any(count != 1 for count in figures["digests"].values()),
        "a digest is missing": hours >= HABIT_H and set(figures["digests"]) != {"morning", "night"},
        "jobs failed": bool(figures["failed"]),
        "the database is damaged": figures["integrity"] != "ok",
    }
    return [name for name, is_so in wrong.items() if is_so]


def chart(samples: list[dict[str, float]], hours: float) -> str:
    events = Events().scaled(hours)
    marks = [(at, f"clock {by / 3600:+g} h") for at, by in events.set_clock]
    marks += [(at, f"asleep {by / 3600:g} h") for at, by in events.sleeps]
    faults = [0.0, *(sample["faults"] for sample in samples)]
    return draw(
        [sample["hours"] for sample in samples],
        [
            Chart("memory of the process, MB", [sample["rss_mb"] for sample in samples]),
            Chart("open descriptors", [sample["descriptors"] for sample in samples]),
            Chart("the latest poll of each ten minutes, s late", [sample["late_most_s"] for sample in samples], 1),
            Chart("database with its log, MB", [sample["database_mb"] for sample in samples]),
            Chart(
                "polls that ended in a fault, of each ten minutes",
                [after - before for before, after in pairwise(faults)],
            ),
        ],
        marks,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=24)
    parser.add_argument("--sources", type=int, default=2000)
    parser.add_argument("--samples", type=Path, help="what soak_day.py printed")
    parser.add_argument("--draw", type=Path, help="where to write the chart")
    parser.add_argument("--check", action="store_true", help="fail when something is not as it should be")
    options = parser.parse_args()
    lines = options.samples.read_text().splitlines() if options.samples else run(options.sources, options.hours)
    found = [json.loads(line) for line in lines]
    samples = [one["sample"] for one in found if "sample" in one]
    figures = next(one["figures"] for one in found if "figures" in one)
    wrong = report(samples, figures, options.hours)
    if options.draw:
        options.draw.write_text(chart(samples, options.hours), encoding="utf-8")
    for name in wrong:
        print(f"NOT AS IT SHOULD BE: {name}")
    return int(options.check and bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
