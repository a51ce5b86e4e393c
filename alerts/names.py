"""People and offices in a text: who is meant where, at what level on that day, and in which capacity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.mention import Mention
from alerts.name_forms import NameForms
from alerts.noun_phrases import Grouper
from alerts.pieces import Scanner
from alerts.resolver import Resolver
from config.offices import load_lexicon
from config.vocabulary import LANGUAGES

if TYPE_CHECKING:
    from datetime import date

    from config.people import People

__all__ = ["Mention", "NameFinder", "NameForms"]


class NameFinder:
    """Finds mentions. One per worker: the automaton of a language is built when the language is first met."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._scanners: dict[str, Scanner] = {}

    def find(self, text: str, language: str, at: date) -> list[Mention]:
        """The mentions in the order of the text, disjoint. A language that is not read is searched as English."""
        language = language.partition("-")[0]
        language = language if language in LANGUAGES else "en"
        scanner = self._scanners.get(language)
        if scanner is None:
            scanner = self._scanners[language] = Scanner(self._people, language)
        pieces = scanner.scan(text)
        if not pieces:
            return []
        phrases = load_lexicon().phrases[language]
        groups = Grouper(text, phrases).group(pieces)
        return Resolver(self._people, text, language, phrases, at).resolve(groups)
