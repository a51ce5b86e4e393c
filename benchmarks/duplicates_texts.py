"""What benchmarks/duplicates.py tries: recorded texts, twelve kinds of copies of them, and forms filled in anew."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

LEAST = 600
"""Characters of a text that is copied (a third of that without spaces): cut to 30 % there is still something left."""
_UNSPACED = frozenset({"zh", "ja", "th"})
_FILES = (
    "dedup_gold_tgcontest_pairs.jsonl.gz",
    "en_giveme5w1h_gold.jsonl.gz",
    "es_fakenewscorpus_articles.jsonl.gz",
    "ru_factrueval_meetings.jsonl.gz",
    "stream_lihui_2023-05-10_05-20.jsonl.gz",
    "zh_cctv_full_stream_2023-04-15_07-15.jsonl.gz",
)
_SOME_DAY = datetime(2023, 5, 16, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A text of the shared data; `key` names it without quoting it."""

    key: str
    language: str
    published_at: datetime
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Copy:
    """A text made from the one at `index`."""

    index: int
    kind: str
    text: str


def recorded_texts(shared: Path) -> list[Recorded]:
    """Different texts long enough to be cut, in all languages there are; those without a day share one."""
    found: dict[str, Recorded] = {}
    for item in _items(shared):
        text, language = item["text"], item.get("lang") or ""
        if len(text) < (LEAST // 3 if language in _UNSPACED else LEAST):
            continue
        key = hashlib.sha256(" ".join(text.split()).casefold().encode()).hexdigest()[:12]
        found.setdefault(key, Recorded(key, language, _day(item.get("date")), item.get("title") or "", text))
    return list(found.values())


def _items(shared: Path) -> Iterator[dict[str, Any]]:
    for name in _FILES:
        with gzip.open(shared / "data/articles" / name, "rt", encoding="utf-8") as lines:
            for item in map(json.loads, lines):
                if "text" in item:
                    yield item
                yield from ({"lang": item["lang"], **item[side]} for side in ("first", "second") if side in item)
    with gzip.open(shared / "data/pages/groundtruth.jsonl.gz", "rt", encoding="utf-8") as lines:
        yield from ({**item, "text": item["body"]} for item in map(json.loads, lines) if item.get("body"))


def _day(text: Any) -> datetime:
    try:
        return datetime.fromisoformat(str(text)[:10]).replace(tzinfo=UTC)
    except ValueError:
        return _SOME_DAY


# ---------------------------------------------------------------- edited copies


def set_aside(texts: list[Recorded]) -> tuple[list[Recorded], list[Recorded]]:
    """Texts to be stored, and those that are only quoted from: one in six of each language."""
    seen: Counter[str] = Counter()
    stored, aside = [], []
    for one in texts:
        seen[one.language] += 1
        (stored if seen[one.language] % 6 else aside).append(one)
    return stored, aside


def edited_copies(texts: list[Recorded], aside: list[Recorded], originals: int, rng: random.Random) -> list[Copy]:
    """Twelve copies of each of some texts. What is added to a copy is taken from what was set aside."""
    others: defaultdict[str, list[str]] = defaultdict(list)
    for one in aside:
        others[one.language].append(one.text)
    chosen = rng.sample(range(len(texts)), min(originals, len(texts)))
    return [
        Copy(index, kind, edit(_Work(texts[index], others[texts[index].language] or others["en"], rng)))
        for index in sorted(chosen)
        for kind, edit in KINDS.items()
    ]


class _Work:
    """One text to be edited."""

    def __init__(self, original: Recorded, others: list[str], rng: random.Random) -> None:
        self.text = original.text
        self.rng = rng
        self.spaced = original.language not in _UNSPACED
        self._others = others

    def other(self) -> str:
        return self.rng.choice(self._others)

    def words(self, text: str) -> list[str]:
        """Words; without spaces, pairs of characters, which is what most words of Chinese are."""
        return text.split() if self.spaced else [text[at : at + 2] for at in range(0, len(text), 2)]

    def join(self, parts: list[str]) -> str:
        return (" " if self.spaced else "").join(part.strip() for part in parts)


def _sentences(text: str) -> list[str]:
    return re.findall(r"[^.!?。！？\n]+[.!?。！？\n]*\s*", text) or [text]


def _cut(share: float) -> Callable[[_Work], str]:
    return lambda work: work.join((words := work.words(work.text))[: int(len(words) * share)])


def _change(share: float) -> Callable[[_Work], str]:
    def change(work: _Work) -> str:
        pool = work.words(work.other())
        return work.join([work.rng.choice(pool) if work.rng.random() < share else one for one in work.words(work.text)])

    return change


def _new_lead(work: _Work) -> str:
    own = _sentences(work.text)
    return work.join([*_sentences(work.other())[:2], *own[max(1, len(own) // 8) :]])


def _boilerplate(work: _Work) -> str:
    return work.join([*_sentences(work.other())[-2:], work.text, *_sentences(work.other())[-3:]])


def _reorder(work: _Work) -> str:
    own = _sentences(work.text)
    work.rng.shuffle(own)
    return work.join(own)


def _quote_whole(work: _Work) -> str:
    around = _sentences(work.other())
    half = len(around) // 2
    return work.join([*around[:half], work.text, *around[half:], work.other()])


KINDS: dict[str, Callable[[_Work], str]] = {
    "cut to 70 %": _cut(0.7),
    "cut to 50 %": _cut(0.5),
    "cut to 30 %": _cut(0.3),
    "new lead": _new_lead,
    "boilerplate": _boilerplate,
    "5 % of words changed": _change(0.05),
    "10 % of words changed": _change(0.1),
    "20 % of words changed": _change(0.2),
    "sentences reordered": _reorder,
    "quoted whole": _quote_whole,
    "upper case": lambda work: work.text.upper(),
    "other spacing": lambda work: re.sub(r"\s+", "\n\n", work.text.strip()),
}


# ---------------------------------------------------------------- forms filled in anew

_TEAMS = ("Zenda", "Strelsau", "Hentzau", "Tarlenheim", "Hofbau", "Streizau", "Bergheim", "Alsburg", "Neudorf", "Weil")
_WINDS = ("north", "south", "west", "east", "north-west", "south-east")


def filled_forms(times: int, rng: random.Random) -> list[list[str]]:
    """Each form as an outlet publishes it day after day: the same words around other figures."""
    lines = (Path(__file__).resolve().parent / "duplicates_forms.txt").read_text(encoding="utf-8").splitlines()
    return [[_fill(form, day, rng) for day in range(times)] for form in lines if not form.startswith("#")]


def _fill(form: str, day: int, rng: random.Random) -> str:
    values: dict[str, Callable[[], object]] = {
        "day": lambda: (_SOME_DAY + timedelta(days=day)).strftime("%d.%m.%Y"),
        "n": lambda: f"{rng.randint(20, 2000)}.{rng.randint(10, 99)}",
        "d": lambda: rng.randint(1, 40),
        "team": lambda: rng.choice(_TEAMS),
        "wind": lambda: rng.choice(_WINDS),
    }
    return re.sub(r"\{(\w+)\}", lambda found: str(values[found[1]]()), form)
