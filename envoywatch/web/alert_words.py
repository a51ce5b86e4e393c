"""What alerts tell, in the language of the page: the lines that they keep in English are read and said anew."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from alerts import absence_words, words
from envoywatch.web.languages import ENGLISH, n_
from envoywatch.web.terms import term
from storage.faults import describe
from storage.model import AlertKind, FaultKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from alerts.absence_words import Sentence
    from envoywatch.web.languages import Language
    from storage.views import AlertLine


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an alert. `lang` is that of the page where it was said anew, else English, or None: not known."""

    text: str
    lang: str | None


def title_of(language: Language, alert: AlertLine) -> Line:
    """What an alert is called; those of matches are titles of articles."""
    if alert.kind is AlertKind.MATCH:
        return Line(alert.title, None)
    if alert.kind is AlertKind.MEETING and language is not ENGLISH:
        said = _meeting(language, alert)
        return Line(alert.title, ENGLISH.tag) if said is None else Line(said, language.tag)
    return _line(language, alert, alert.title, absence_words.TITLES)


def detail_of(language: Language, alert: AlertLine) -> tuple[Line, ...]:
    """What an alert says besides, line by line."""
    lines = alert.detail.splitlines()
    if alert.kind is AlertKind.MATCH:
        return tuple(Line(line, None) for line in lines)
    if alert.kind is AlertKind.OVERDUE:
        lines = _joined(lines)
    return tuple(_line(language, alert, line, absence_words.DETAILS) for line in lines)


def _line(language: Language, alert: AlertLine, text: str, sentences: Iterable[Sentence]) -> Line:
    said = None
    if alert.kind is AlertKind.OVERDUE and language is not ENGLISH:
        said = _said(language, text, sentences)
    return Line(text, ENGLISH.tag) if said is None else Line(said, language.tag)


def _meeting(language: Language, alert: AlertLine) -> str | None:
    """`A – B: held, leader level, Kyiv, 17 May 2023`; None where the title is another one, such as of a correction."""
    if alert.change is None:
        return None
    people, _, rest = alert.title.partition(f": {words.CHANGE[alert.change]}, ")
    told = _MEETING.fullmatch(rest)
    if told is None:
        return None
    parts = [f"{people}: {term(language, alert.change)}", term(language, _LEVELS[told[1]])]
    parts += [alert.place] if alert.place else []
    parts += [language.day_of_year(alert.date)] if alert.date else []
    return language.listed(parts).unescape()


def _joined(lines: Iterable[str]) -> list[str]:
    """Lists of sources are broken into lines for messages; here each is one again."""
    out: list[str] = []
    for line in lines:
        is_list = bool(out) and any(one.read(out[-1]) for one in (absence_words.READ, absence_words.NOT_READABLE))
        if is_list and not any(one.read(line) is not None for one in absence_words.DETAILS):
            out[-1] += f" {line}"
        else:
            out.append(line)
    return out


def _said(language: Language, line: str, sentences: Iterable[Sentence]) -> str | None:
    """The line in the language; None when it is none of the sentences."""
    for sentence in sentences:
        parts = sentence.read(line)
        if parts is not None:
            return _sentence(language, sentence, parts)
    return None


def _sentence(language: Language, sentence: Sentence, parts: Mapping[str, str]) -> str:
    said = {name: _PARTS[name](language, text) if name in _PARTS else text for name, text in parts.items()}
    if not sentence.many:
        return language.gettext(sentence.text, **said).unescape()
    return language.ngettext(sentence.text, sentence.many, absence_words.read_number(parts["num"]), **said).unescape()


# ---------------------------------------------------------------- its parts

_LEVELS: Final = {text: level for level, text in words.LEVEL.items()}
_MEETING: Final = re.compile(rf"({'|'.join(_LEVELS)})(?:, .*)?")
_ROLES: Final = {text: role for role, text in words.ROLE.items()}
_FAULTS: Final = tuple(describe(kind).words for kind in FaultKind)
_AGES: Final = {
    # L10N: so long ago
    "hour": n_("%(num)s hour", "%(num)s hours"),
    # L10N: so long ago
    "minute": n_("%(num)s minute", "%(num)s minutes"),
}
_ROLE: Final = re.compile(rf"\(({'|'.join(map(re.escape, _ROLES))})(?=, [a-z]|\))")
_FAULT: Final = re.compile(rf"(?<=\): )({'|'.join(map(re.escape, _FAULTS))})(?=, |$)")


def _day(language: Language, text: str) -> str:
    return language.day_of_year(absence_words.read_day(text))


def _number(language: Language, text: str) -> str:
    return language.number(absence_words.read_number(text))


def _people(language: Language, text: str) -> str:
    return language.both(re.split(r", | and ", text)).unescape()


def _age(language: Language, text: str) -> str:
    number, unit = text.split(" ")
    return language.ngettext(*_AGES[unit.removesuffix("s")], absence_words.read_number(number)).unescape()


def _hosts(language: Language, text: str) -> str:
    return "; ".join(_said(language, one, (absence_words.HOSTS,)) or one for one in text.split("; "))


def _sources(language: Language, text: str) -> str:
    more = absence_words.MORE.read(text)
    if more is not None:
        return _sentence(language, absence_words.MORE, more)
    text = _ROLE.sub(lambda found: f"({term(language, _ROLES[found[1]])}", text)
    return _FAULT.sub(lambda found: language.gettext(found[1]).unescape(), text)


_PARTS: Final[Mapping[str, Callable[[Language, str], str]]] = {
    "age": _age,
    "countries": _people,
    "day": _day,
    "hosts": _hosts,
    "level": lambda language, text: term(language, _LEVELS[text]),
    "n": _number,
    "num": _number,
    "people": _people,
    "sources": _sources,
}
"""How what is not said as it is written is said; names of people, places and sources are."""
