"""How well and fast meetings are read: `meetings.py [FILE ...] [--speed | --errors | --calibrate | --stream FILE]`.

FILE is JSON Lines of labelled articles {id, lang, published, title, text, events}; without it, that of the tests.
An article alerts when it has an event of level leader that was held or is under way. Errors are told by kind:
A recording is JSON Lines {lang, date, title, text}, gzipped or not; what would wake somebody is listed to be read.
`status` (the pair is right, what became of it is not), `level`, `people`, `invented`, `missed`.
"""

from __future__ import annotations

import argparse
import gzip
import json
import resource
import statistics
import sys
import time
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import envoywatch  # noqa: F401 (makes the packages importable)
from alerts.meetings.reader import MeetingReader
from config.people import load_people
from envoywatch.demo.mission import read_expected, read_mission

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from storage.model import Claim

REAL = frozenset({"held", "under_way"})
LONG = 3_000
"""Characters of the article that the speed is told for."""


def read_items(path: Path) -> list[dict[str, Any]]:
    """The labelled articles of a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def claims_of(reader: MeetingReader, item: Mapping[str, Any]) -> tuple[Claim, ...]:
    """What the detector reads in one article."""
    published_at = datetime.fromisoformat(item["published"]).replace(tzinfo=UTC)
    return reader.read(item["title"], item["text"], item["lang"], published_at)


def alerts(events: Iterable[Mapping[str, Any]]) -> bool:
    """Whether somebody would be woken."""
    return any(event["level"] == "leader" and event["status"] in REAL for event in events)


def as_events(claims: Iterable[Claim]) -> list[dict[str, Any]]:
    """Claims in the form of labels."""
    return [{"participants": c.participants, "level": c.level.value, "status": c.status.value} for c in claims]


def named(event: Mapping[str, Any]) -> frozenset[str]:
    """Participants with a name."""
    return frozenset(name for name in event["participants"] if not name.startswith("["))


def kind_of_error(gold: list[dict[str, Any]], found: list[dict[str, Any]]) -> str | None:
    """Why an article alerts wrongly, or does not alert; None when it is right."""
    if alerts(gold) == alerts(found):
        return None
    mine, theirs = (found, gold) if alerts(found) else (gold, found)
    wrong = [event for event in mine if event["level"] == "leader" and event["status"] in REAL]
    pairs = [other for event in wrong for other in theirs if named(event) & named(other) == named(event)]
    if any(other["level"] != "leader" for other in pairs):
        return "level"
    if pairs:
        return "status"
    if any(named(event) & named(other) for event in wrong for other in theirs):
        return "people"
    return "invented" if alerts(found) else "missed"


def score(reader: MeetingReader, items: list[dict[str, Any]], *, show: bool) -> dict[str, tuple[float, float]]:
    """Print precision and recall of alerts by language; returns them, `all` included."""
    table: dict[str, Counter[str]] = defaultdict(Counter)
    kinds: Counter[str] = Counter()
    for item in items:
        found = as_events(claims_of(reader, item))
        outcome = {(True, True): "tp", (False, True): "fp", (True, False): "fn", (False, False): "tn"}[
            alerts(item["events"]), alerts(found)
        ]
        table[item["lang"]][outcome] += 1
        table["all"][outcome] += 1
        kind = kind_of_error(item["events"], found)
        if kind:
            kinds[kind] += 1
            if show:
                print(f"{outcome}  {item['id']}  {kind}: {item['title']}")
    figures = {}
    for language, counts in sorted(table.items(), key=lambda row: row[0] == "all"):
        precision = counts["tp"] / ((counts["tp"] + counts["fp"]) or 1)
        recall = counts["tp"] / ((counts["tp"] + counts["fn"]) or 1)
        figures[language] = (precision, recall)
        row = " ".join(f"{name} {counts[name]:3}" for name in ("tp", "fp", "fn", "tn"))
        print(f"{language:4} {counts.total():4} articles   precision {precision:.3f}   recall {recall:.3f}   {row}")
    print("errors by kind:", ", ".join(f"{kind} {count}" for kind, count in kinds.most_common()) or "none")
    return figures


def speed(reader: MeetingReader, items: list[dict[str, Any]]) -> None:
    """Print the processor time per article: the shortest traps without a meeting, and long ones with one.

    What makes an article long is the prose of the demo's outlets, in which every tenth sentence or so names a leader.
    """
    traps = [item for item in items if not item["events"]]
    telling = [item for item in items if item["events"]]
    articles = read_mission().articles
    told = read_expected().claims
    plain = [
        {"title": one.title, "text": " ".join(one.paragraphs), "lang": one.outlet.language, "published": f"{one.at:%F}"}
        for one in articles
        if one.id not in told
    ]
    prose: dict[str, str] = defaultdict(str)
    for article in articles:
        prose[article.outlet.language] += "\n".join((*article.paragraphs, ""))
    long = [{**item, "text": (item["text"] + "\n" + prose[item["lang"]] * 9)[:LONG]} for item in telling]
    for some in (plain, traps, long):
        claims_of(reader, some[0])
    kinds = (("no meeting, ordinary news", plain), ("no meeting, but its words", traps))
    for name, some in (*kinds, (f"a meeting, {LONG} characters", long)):
        took = []
        for item in some:
            start = time.process_time()
            claims_of(reader, item)
            took.append((time.process_time() - start) * 1000)
        if took:
            print(f"{name}: median {statistics.median(took):.2f} ms, worst {max(took):.2f} ms, {len(took)} articles")
    print(f"memory at its highest: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def calibrate(reader: MeetingReader, items: Iterable[Mapping[str, Any]]) -> None:
    """Print, for each rule, how many claims it decided and how many of them the labels bear out, as YAML.

    A claim is right if a label has its people, its level and its status; begun and over are one status here.
    """
    counts: dict[str, Counter[bool]] = defaultdict(Counter)
    for item in items:
        for claim in claims_of(reader, item):
            counts[claim.rule][any(_bears_out(event, claim) for event in item["events"])] += 1
    for rule, count in sorted(counts.items()):
        print(f"{json.dumps(rule)}: [{count[True]}, {count.total()}]")


def _bears_out(event: Mapping[str, Any], claim: Claim) -> bool:
    same_status = event["status"] == claim.status.value or {event["status"], claim.status.value} <= REAL
    people = named({"participants": claim.participants})
    return same_status and event["level"] == claim.level.value and people == named(event)


def stream(reader: MeetingReader, path: Path) -> None:
    """Print every sentence of a recording that tells of a leader's meeting as held, once."""
    told: set[str] = set()
    start, items = time.perf_counter(), 0
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            items += 1
            item = json.loads(line)
            at = datetime.fromisoformat(item["date"]).astimezone(UTC)
            for claim in reader.read(item.get("title") or "", item.get("text") or "", item["lang"], at):
                if claim.level.value == "leader" and claim.status.value in REAL and claim.evidence not in told:
                    told.add(claim.evidence)
                    print(
                        f"{item['lang']} {at:%m-%d} {'; '.join(claim.participants)} | {claim.rule} | {claim.evidence}"
                    )
    print(f"{items} items in {time.perf_counter() - start:.1f} s, {len(told)} sentences")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    own = Path(__file__).parents[1] / "tests/data/meetings.jsonl"
    parser.add_argument("file", type=Path, nargs="*", default=[own])
    parser.add_argument("--calibrate", action="store_true", help="print how often each rule is right, as YAML")
    parser.add_argument("--speed", action="store_true", help="also tell the time per article")
    parser.add_argument("--errors", action="store_true", help="also name every article that is decided wrongly")
    parser.add_argument("--stream", type=Path, metavar="RECORDING", help="list what would wake somebody")
    options = parser.parse_args()
    reader = MeetingReader(load_people())
    if options.stream:
        stream(reader, options.stream)
        return
    items = [item for file in options.file for item in read_items(file)]
    if options.calibrate:
        calibrate(reader, items)
        return
    score(reader, items, show=options.errors)
    if options.speed:
        speed(reader, items)


if __name__ == "__main__":
    main()
