"""The languages of the page: their catalogues, how they write numbers, days and lists, and which a browser wants."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from babel import Locale
from babel.dates import format_skeleton
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from markupsafe import Markup, escape

from alerts import harmless
from envoywatch.web.negotiation import weight_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from babel.messages.catalog import Catalog

CATALOGUES: Final = Path(__file__).resolve().parent / "locale"
"""`messages.pot`, the catalogue in English, and a folder for each translation."""

_NOT_IN_XML: Final = {0xFFFE: None, 0xFFFF: None}
_LONGEST_HEADER: Final = 500
_THOUSAND: Final = 1000
_SAMPLE: Final = date(1987, 1, 25)
"""No figure of its day stands in its year: the places of both are found in what a locale makes of it."""


def N_(text: str) -> str:  # noqa: N802 (the name by which gettext's tools know it)
    """Put a text into the catalogue that is translated where it is shown."""
    return text


def n_(one: str, many: str) -> tuple[str, str]:
    """As `N_`, of a text with a number."""
    return one, many


def cleaned(value: Any) -> Any:
    """What is put into a page: a text without control and bidirectional characters, anything else as it is."""
    if type(value) is not str or value.isprintable():
        return value
    return harmless.clean(value).translate(_NOT_IN_XML)


class Language:
    """A language with its catalogue. `tag` is as in `lang` attributes; `locale` names its conventions in the CLDR.

    Translations may hold mark-up, which was reviewed with them; what is filled in is escaped.
    """

    def __init__(self, tag: str, catalogue: NullTranslations, locale: str) -> None:
        self.tag = tag
        self._catalogue = catalogue
        known = Locale.parse(locale)
        symbols = known.number_symbols["latn"]
        self._group, self._decimal = symbols["group"], symbols["decimal"]
        self._weekdays = known.days["stand-alone"]["wide"]
        lists = known.list_patterns["standard"]
        self._between = Markup(lists["middle"].removeprefix("{0}").removesuffix("{1}"))  # noqa: S704 (of the CLDR)
        self._before_last = Markup(lists["end"].removeprefix("{0}").removesuffix("{1}"))  # noqa: S704 (likewise)
        self.days = tuple(_day_of_month(known, month, "MMMd") for month in range(1, 13))
        """How a day of each month is written: `{day}` stands for its number."""
        self.days_of_years = tuple(_day_of_month(known, month, "yMMMd") for month in range(1, 13))
        """The same with `{year}`."""
        self.full_stop = "。" if known.language == "zh" else "."

    # ---------------------------------------------------------------- the catalogue

    def gettext(self, text: str, /, **values: Any) -> Markup:
        """The text in this language, its placeholders filled in."""
        return self._filled(self._catalogue.gettext(text), values)

    def ngettext(self, one: str, many: str, number: int, /, **values: Any) -> Markup:
        """As `gettext`, in the form that goes with the number."""
        return self._filled(self._catalogue.ngettext(one, many, number), {"num": number, **values})

    def pgettext(self, context: str, text: str, /, **values: Any) -> Markup:
        """As `gettext`, where the same English words mean two things."""
        return self._filled(self._catalogue.pgettext(context, text), values)

    def npgettext(self, context: str, one: str, many: str, number: int, /, **values: Any) -> Markup:
        """Both."""
        return self._filled(self._catalogue.npgettext(context, one, many, number), {"num": number, **values})

    def count(self, text: str, number: int) -> str:
        """As `gettext` where nothing but the number `n` is put into a text without mark-up: times are written often."""
        return self._catalogue.gettext(text) % {"n": self.number(number)}

    def find(self, text: str) -> Markup | None:
        """As `gettext` without placeholders; None for what the catalogue does not know, or in English."""
        found = self._catalogue.gettext(text)
        return None if found is text or found == text else Markup(found)  # noqa: S704 (reviewed with the catalogue)

    def _filled(self, text: str, values: Mapping[str, Any]) -> Markup:
        # Not by Markup's own operator, which takes three times as long.
        ready = {
            name: value if type(value) is Markup else self.number(value) if type(value) is int else _escaped(value)
            for name, value in values.items()
        }
        return Markup(text % ready)  # noqa: S704 (the text was reviewed with its catalogue)

    # ---------------------------------------------------------------- conventions

    def number(self, value: int) -> str:
        """With its thousands set apart."""
        return str(value) if -_THOUSAND < value < _THOUSAND else f"{value:,}".replace(",", self._group)

    def decimal(self, value: float, digits: int = 1) -> str:
        """With so many digits after the decimal sign."""
        return f"{value:.{digits}f}".replace(".", self._decimal)

    def short(self, value: float) -> str:
        """With three figures that count."""
        return f"{value:.3g}".replace(".", self._decimal)

    def day(self, value: date) -> str:
        """`17 May`, without its year."""
        return self.days[value.month - 1].format(day=value.day)

    def day_of_year(self, value: date) -> str:
        """`17 May 2023`."""
        return self.days_of_years[value.month - 1].format(day=value.day, year=value.year)

    def weekday(self, value: date) -> str:
        """Its name."""
        return str(self._weekdays[value.weekday()])

    def listed(self, items: Iterable[Any]) -> Markup:
        """`A, B, C`."""
        return self._between.join(map(_escaped, items))

    def both(self, items: Iterable[Any]) -> Markup:
        """`A, B and C`."""
        *first, last = items
        return self._before_last.join((self.listed(first), _escaped(last)) if first else (_escaped(last),))


def _escaped(item: Any) -> Markup:
    return escape(cleaned(item))


def _day_of_month(locale: Locale, month: int, skeleton: str) -> str:
    written = format_skeleton(skeleton, _SAMPLE.replace(month=month), locale=locale)
    return written.replace(str(_SAMPLE.year), "{year}").replace(str(_SAMPLE.day), "{day}")


ENGLISH: Final = Language("en", NullTranslations(), "en_GB")


class Languages:
    """Those that the page has; English is always one of them."""

    def __init__(self, folder: Path = CATALOGUES) -> None:
        self._files = {path.parents[1].name: path for path in folder.glob("*/LC_MESSAGES/messages.po")}
        self._read: dict[str, Language] = {ENGLISH.tag: ENGLISH}
        self.wanted = lru_cache(maxsize=64)(self._wanted)
        """The language that a browser likes best of those there are, by its `Accept-Language`."""

    @property
    def tags(self) -> tuple[str, ...]:
        """Of all of them."""
        return ENGLISH.tag, *sorted(self._files)

    def get(self, tag: str) -> Language:
        """A language that there is; its catalogue is read when somebody first wants it."""
        if tag not in self._read:
            with self._files[tag].open("rb") as file:
                read = Language(tag, compiled(read_po(file, locale=tag)), tag)
            self._read.setdefault(tag, read)  # two threads may want it at once, and templates belong to one of the two
        return self._read[tag]

    def add(self, language: Language) -> None:
        """One that has no file."""
        self._files[language.tag] = Path()
        self._read[language.tag] = language
        self.wanted.cache_clear()

    def _wanted(self, header: str) -> Language:
        weights: dict[str, float] = {}
        for part in header[:_LONGEST_HEADER].lower().split(","):
            tag, *parameters = (piece.strip() for piece in part.split(";"))
            known = next((one for one in (tag, tag.partition("-")[0]) if one in self.tags), None)
            if known is not None:
                weights[known] = max(weights.get(known, 0.0), weight_of(parameters))
        best = max(weights, key=weights.__getitem__, default=ENGLISH.tag)
        return self.get(best if weights.get(best) else ENGLISH.tag)


def compiled(catalogue: Catalog) -> GNUTranslations:
    """The catalogue as Python's gettext reads it; what is not translated, or only guessed, stays English."""
    file = BytesIO()
    write_mo(file, catalogue)
    file.seek(0)
    return GNUTranslations(file)
