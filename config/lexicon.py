"""The words by which each language reports meetings: one YAML file per language, checked when it is read.

The notation of patterns is explained at the top of `config/lexicon/en.yaml`; this module only reads and checks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from config.data_yaml import parse_data
from config.errors import ConfigError, Finding
from config.fields import Strict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class CueClass(StrEnum):
    """What a pattern says: the first block names a meeting, the second what became of it, the third who and when."""

    MEETS = "meets"  # finite past: it took place
    SPEAKS = "speaks"  # finite past of talking: it took place, unless the article calls it a call
    DISCUSSES = "discusses"  # finite past of discussing: a meeting where a place is named
    MEETS_NOW = "meets_now"  # present tense: news in a headline, habit elsewhere
    MEETS_BARE = "meets_bare"  # a verb without tense (Chinese): took place unless something says otherwise
    UNDER_WAY = "under_way"  # going on or just begun
    WILL_MEET = "will_meet"  # finite future
    TO_MEET = "to_meet"  # infinitive, gerund, subjunctive: nothing by itself
    AFTER_MEETING = "after_meeting"  # "after talks with": presupposes that it took place
    MEETING_NOUN = "meeting_noun"  # a bare noun: a mention
    INVITES = "invites"  # asks for a visit: proposed
    CALLS = "calls"  # by telephone or video, whatever the tense
    NOT_MEETING = "not_meeting"  # looks like a meeting and is none

    TAKES_PLACE = "takes_place"  # what makes a noun real: "took place", "lasted"
    PLANS = "plans"  # will, is due, is scheduled
    AHEAD = "ahead"  # "before", "ahead of": what is named behind it is still to come, what stands before it is not
    PROPOSES = "proposes"  # may, hopes, is ready, invites
    UNDECIDED = "undecided"  # not yet decided, permitted, confirmed
    REFUSES = "refuses"
    CANCELS = "cancels"
    DENIES = "denies"
    NEGATION = "negation"
    QUESTION = "question"
    CONDITIONAL = "conditional"
    HEARSAY = "hearsay"
    BACKGROUND = "background"
    PLUPERFECT = "pluperfect"  # the verb of a meeting that was over before what is told: background without a day
    RECENT = "recent"  # "earlier today": no more than a week back, though a word of it alone would be background
    TRAVELS = "travels"  # came in order to
    BY_PHONE = "by_phone"
    FICTION = "fiction"  # a play, a wax figure, a street
    SPORT = "sport"  # a cup, a final: whoever meets there need not be the leader of that name
    AIRPORT = "airport"  # a greeting at an airport: a meeting only where leaders greet each other
    HABIT = "habit"  # usually, every year

    CONTRAST = "contrast"  # a hard border between clauses
    SUBORDINATE = "subordinate"  # a soft border
    CARRIES = "carries"  # the subject of the verb before goes on: "and", "then", "before"
    SAYS = "says"  # whoever stands beside it speaks and does not meet
    PRONOUN = "pronoun"
    PAIR = "pair"  # the two who were named last
    LISTING = "listing"  # joins the members of a list
    SEPARATELY = "separately"
    JOINTLY = "jointly"
    AIDE = "aide"  # the person named beside it is its principal, not present
    ABSENT = "absent"  # the person named behind it was not there: "instead of"
    UNNAMED = "unnamed"  # an unnamed official side
    LEADERS = "leaders"  # an unnamed group of other states' leaders
    FOREIGN = "foreign"  # beside an unnamed group: it comes from elsewhere
    OWN = "own"  # before an unnamed side: one's own
    NAMELY = "namely"  # between a group and its members' names
    PRESS = "press"  # reporters: whoever meets them has met nobody
    PEOPLE = "people"  # business, culture, sport, voters, press: no state's side
    BODY = "body"  # a sitting of a body


class PatternError(ValueError):
    """A pattern that cannot be read."""


@dataclass(frozen=True, slots=True)
class Element:
    """One place of a pattern: words (exact forms, beginnings), a mention, a number, or a gap of up to `gap` words."""

    words: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()
    mention: bool = False
    number: bool = False
    gap: int = 0
    optional: bool = False

    def accepts(self, word: str) -> bool:
        """Whether a normalised word fits here."""
        return word in self.words or (bool(self.prefixes) and word.startswith(self.prefixes))


_GAP_MAX = 16
_GAPS = 2
_TOKEN = re.compile(r"\[[^\[\]\s]+\]|\S+")


def parse_pattern(text: str) -> tuple[Element, ...]:
    """Read the notation; raises PatternError with what is wrong."""
    elements = tuple(_element(token) for token in _TOKEN.findall(text))
    if not elements:
        raise PatternError("an empty pattern")
    first = elements[0]
    if first.gap or first.optional or first.number:
        raise PatternError(f"{text!r} must begin with a word or @ (not a gap, an optional word or #)")
    if elements[-1].gap:
        raise PatternError(f"{text!r} ends with a gap, which decides nothing")
    if sum(bool(element.gap) for element in elements) > _GAPS:
        raise PatternError(f"{text!r} has more than {_GAPS} gaps")
    return elements


def _element(token: str) -> Element:
    if token.startswith(".."):
        if not token[2:].isdigit() or not 1 <= int(token[2:]) <= _GAP_MAX:
            raise PatternError(f"{token!r}: write a gap as ..3 (1 to {_GAP_MAX} words)")
        return Element(gap=int(token[2:]))
    optional = token.startswith("[") and token.endswith("]")
    choices = (token[1:-1] if optional else token).split("|")
    alternatives = [word for word in choices if word not in {"@", "#"}]
    if any(not word.strip("*") or "*" in word[:-1] or set(word) & set("[]@#") for word in alternatives):
        raise PatternError(f"{token!r}: write words as word, begin*, one|other, [optional]")
    return Element(
        words=frozenset(normalise(word) for word in alternatives if not word.endswith("*")),
        prefixes=tuple(normalise(word[:-1]) for word in alternatives if word.endswith("*")),
        mention="@" in choices,
        number="#" in choices,
        optional=optional,
    )


_SAME = str.maketrans({"ё": "е", "’": "'", "ʼ": "'", "‘": "'", "\u0301": None})


@lru_cache(maxsize=50_000)  # words repeat
def normalise(word: str) -> str:
    """The form in which words are compared: lower case, one apostrophe, no stress marks, ё as е."""
    return word.lower().translate(_SAME)


class Group(Strict):
    """Patterns of one class that belong together, with sentences in which they fire and one in which they do not."""

    kind: Annotated[CueClass, Field(alias="class")]
    about: str
    patterns: Annotated[tuple[str, ...], Field(min_length=1)]
    example: Annotated[str, Field(min_length=1)] | Annotated[tuple[str, ...], Field(min_length=1)]
    wrong: Annotated[str, Field(min_length=1)] | Annotated[tuple[str, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _readable(self) -> Group:
        for pattern in self.patterns:
            parse_pattern(pattern)
        return self

    @property
    def examples(self) -> tuple[str, ...]:
        """Sentences in which the class is found."""
        return (self.example,) if isinstance(self.example, str) else self.example

    @property
    def wrongs(self) -> tuple[str, ...]:
        """Sentences in which it is not."""
        return (self.wrong,) if isinstance(self.wrong, str) else self.wrong


class Times(Strict):
    """How a language writes days: names of weekdays (Monday first) and months, each with all its forms."""

    weekdays: Annotated[tuple[tuple[str, ...], ...], Field(min_length=7, max_length=7)]
    months: Annotated[tuple[tuple[str, ...], ...], Field(min_length=12, max_length=12)]
    days: dict[str, int]
    next: tuple[str, ...] = ()
    last: tuple[str, ...] = ()


class Lexicon(Strict):
    """One language.

    `articles` before a person or an office are overlooked, as are, between a comma and an adjective,
    `relatives`: pronouns that are articles too („Scholz, der französische Präsident Macron und Tusk“).

    `spaced` is false where words are written without spaces; `words` are then taken whole.

    `verb_last` is true where the object of an infinitive stands before it ("will Scholz treffen").
    `free_order` is true where both sides may stand behind the verb ("traf Xi seinen Gastgeber Macron").
    `present_ahead` is true where a text's present tense beside a day tells what is to come ("Merz empfängt am Montag").
    `owners` tie an unnamed envoy to whom he acts for ("enviado de Trump"): only the envoy is at the table.
    `companions` are the words for "with": whoever stands behind one is a partner, and a subject is still to come.
    `subjects` are pronouns that are never an object: "il a été reçu par Xi" is about whom the sentence began with.
    `variants` names a file of pairs of characters, the first to be read as the second (traditional Chinese).
    """

    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
    spaced: bool = True
    verb_last: bool = False
    free_order: bool = False
    present_ahead: bool = False
    owners: tuple[str, ...] = ()
    companions: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    variants: str | None = None
    words: tuple[str, ...] = ()
    articles: tuple[str, ...] = ()
    relatives: tuple[str, ...] = ()
    before_place: tuple[str, ...]
    times: Times
    places: dict[str, tuple[str, ...]]
    groups: tuple[Group, ...]


@cache
def languages() -> tuple[str, ...]:
    """Codes of the languages that have a lexicon."""
    folder = resources.files("config").joinpath("lexicon")
    names = (entry.name for entry in folder.iterdir())
    return tuple(sorted(name[:-5] for name in names if re.fullmatch(r"[a-z]{2}\.yaml", name)))


@cache
def load_lexicon(language: str) -> Lexicon:
    """The built-in lexicon of a language; raises KeyError when there is none."""
    if language not in languages():
        raise KeyError(language)
    name = f"lexicon/{language}.yaml"
    return parse_lexicon(resources.files("config").joinpath(name).read_text(encoding="utf-8"), Path(name))


def parse_lexicon(text: str, file: Path) -> Lexicon:
    """Read a lexicon; raises ConfigError with file and line of every fault."""
    try:
        data = parse_data(text)
        return Lexicon.model_validate(data)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        raise ConfigError([Finding(file, line, column, f"not YAML: {error.problem}")]) from error
    except ValidationError as error:
        positions = YAML(typ="rt", pure=True).load(text)
        findings = [
            Finding(file, *_position(positions, fault["loc"]), f"{_path(fault['loc'])}: {fault['msg']}")
            for fault in error.errors()
        ]
        raise ConfigError(findings) from error


def _path(loc: Iterable[int | str]) -> str:
    return ".".join(str(part) for part in loc) or "the file"


def _position(node: Any, loc: Sequence[int | str]) -> tuple[int, int]:
    """Line and column of the deepest part of `loc` that stands in the file."""
    place = (1, 1)
    for part in loc:
        try:
            key = part in node.lc.data if isinstance(node.lc.data, dict) else False
            if not key:
                break
            line, column = node.lc.data[part][:2]
            place = (line + 1, column + 1)
            node = node[part]
        except (AttributeError, KeyError, IndexError, TypeError):
            break
    return place
