"""How written text is compared: folded characters with a map back to the original, and the tokens made of them.

Watches match on this, and the full-text index holds exactly these tokens, so that the archive and the watches agree.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Scripts whose words are found inside runs of letters without spaces. Hangul is among them because its particles are
# glued to the name.
_CJK = (
    "\u1100-\u11ff\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3038-\u303c\u3041-\u3096\u309d-\u309f\u30a1-\u30fa"
    "\u30fc-\u30ff\u3105-\u318e\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97c\uac00-\ud7fb"
    "\uf900-\ufaff\U00020000-\U0003ffff"
)
_SOUTH_EAST_ASIAN = "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ecd\u1000-\u103f\u1780-\u17d3"
_VOWEL_SIGNS = "".join(chr(code) for code in range(0x0900, 0x0E00) if unicodedata.category(chr(code))[0] == "M")
"""Of the Indic scripts; they belong to the word, which `\\w` does not know."""
_TOKEN = re.compile(
    f"[{_CJK}{_SOUTH_EAST_ASIAN}]|(?:[^\\W_{_CJK}{_SOUTH_EAST_ASIAN}]|(?<=[\u0900-\u0dff])[{_VOWEL_SIGNS}])+"
)
_CJK_RUN = re.compile(f"[{_CJK}]+")
_UNSPACED = re.compile(f"[{_CJK}{_SOUTH_EAST_ASIAN}]")

# Marks that are dropped; those of kana, Thai and the Indic scripts are letters to their readers and stay.
_MARK = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe2f]"
)
_HALF_WIDTH_MARK = re.compile("[\uff9e\uff9f]")
_FOLLOWER = re.compile("[\uff9e\uff9f\u1160-\u11ff]")
"""Not marks to Unicode, but part of the character before: half-width voicing, later letters of a Hangul syllable."""
_KEPT = frozenset("йїў")
"""Letters of their own, which only Unicode sees as a letter with a mark."""
_PLAIN = str.maketrans(
    {
        **dict(zip("łøđħıŧɨ", "lodhiti", strict=True)),
        "æ": "ae",
        "œ": "oe",
        **dict.fromkeys("‘’‚‛′ʼʹ`´＇", "'"),
        **dict.fromkeys("“”„‟″«»〝〞〟", '"'),
    }
)

_LATIN_TO_CYRILLIC = dict(zip("abcehikmoptxysj", "авсенікмортхуѕј", strict=True))
_CYRILLIC_TO_LATIN = {cyrillic: latin for latin, cyrillic in _LATIN_TO_CYRILLIC.items()}
_MIXED = re.compile("[a-z][\u0430-\u045f]|[\u0430-\u045f][a-z]")
_WORD = re.compile("[a-z\u0430-\u045f]+")


class _FoldTable(dict[int, str]):
    """Folded form of each code point, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        folded = self[code] = _fold_character(chr(code))
        return folded


def _fold_character(character: str) -> str:
    if unicodedata.category(character) == "Cf":  # soft hyphen, zero-width, direction marks
        return ""
    if unicodedata.category(character) == "Cs":  # an unpaired half: no text, and no library below takes it
        return " "
    composed = unicodedata.normalize("NFKC", character).casefold()
    parts = (part if part in _KEPT else _MARK.sub("", unicodedata.normalize("NFKD", part)) for part in composed)
    return unicodedata.normalize("NFC", "".join(parts)).translate(_PLAIN)


_TABLE = _FoldTable()


@dataclass(frozen=True)
class Folded:
    """Text made comparable. `starts[i]` and `ends[i]` bound, in the original, what folded character `i` came from."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The original span of folded characters `start` to `end` (end excluded; at least one character)."""
        return self.starts[start], self.ends[end - 1]

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """`tokenize` of this text, kept."""
        return tokenize(self)


class Token(NamedTuple):
    """A word, or one character of a script without spaces; `start` and `end` are in the original text.

    `joined` says that nothing stands between this token and the one before.
    """

    text: str
    start: int
    end: int
    joined: bool = False

    @property
    def unspaced(self) -> bool:
        """Whether it is a single character of a script written without spaces."""
        return bool(_UNSPACED.match(self.text))


def fold(text: str) -> Folded:
    """Case, width, diacritics, curly quotes, invisible characters and look-alike letters smoothed away.

    й, ї and ў stay letters of their own, ё becomes е; ß becomes ss. Look-alikes: a Cyrillic letter inside a Latin
    word becomes Latin, and the other way round.
    """
    simple = unicodedata.is_normalized("NFC", text) and not _HALF_WIDTH_MARK.search(text)
    folded, starts, ends = _fold_composed(text) if simple else _fold_clusters(text)
    return Folded(_unmix(folded), starts, ends)


def _fold_composed(text: str) -> tuple[str, Sequence[int], Sequence[int]]:
    alphabet = set(text)
    if all(len(_TABLE[ord(character)]) == 1 for character in alphabet):
        return _fold_one_to_one(text, alphabet), range(len(text)), range(1, len(text) + 1)
    starts = [index for index, character in enumerate(text) for _ in _TABLE[ord(character)]]
    return text.translate(_TABLE), starts, [start + 1 for start in starts]


def _fold_one_to_one(text: str, alphabet: set[str]) -> str:
    """Five times as fast as the table alone: case in one go, then the few characters that need more."""
    folded = text.casefold()
    if len(folded) != len(text):
        return text.translate(_TABLE)
    for character in {character.casefold() for character in alphabet}:
        if _TABLE[ord(character)] != character:
            folded = folded.replace(character, _TABLE[ord(character)])
    return folded


def _fold_clusters(text: str) -> tuple[str, Sequence[int], Sequence[int]]:
    """As `_fold_composed`, a letter together with the marks that follow it."""
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for start, end in _clusters(text):
        piece = unicodedata.normalize("NFKC", text[start:end]).translate(_TABLE)
        pieces.append(piece)
        starts += [start] * len(piece)
        ends += [end] * len(piece)
    return "".join(pieces), starts, ends


def _clusters(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for index in range(1, len(text)):
        if not (unicodedata.combining(text[index]) or _FOLLOWER.match(text[index])):
            yield start, index
            start = index
    if text:
        yield start, len(text)


def _unmix(folded: str) -> str:
    """Look-alike letters of the other script inside a word, brought back to the script of the word."""
    return folded if folded.isascii() or not _MIXED.search(folded) else _WORD.sub(_unmix_word, folded)


def _unmix_word(found: re.Match[str]) -> str:
    word = found[0]
    latin = [letter for letter in word if letter < "\u0400"]
    cyrillic = [letter for letter in word if letter >= "\u0400"]
    if not latin or not cyrillic:
        return word
    to_latin = all(letter in _CYRILLIC_TO_LATIN for letter in cyrillic)
    to_cyrillic = all(letter in _LATIN_TO_CYRILLIC for letter in latin)
    if to_latin and (not to_cyrillic or len(latin) >= len(cyrillic)):
        return "".join(_CYRILLIC_TO_LATIN.get(letter, letter) for letter in word)
    if to_cyrillic:
        return "".join(_LATIN_TO_CYRILLIC.get(letter, letter) for letter in word)
    return word


def tokenize(folded: Folded) -> tuple[Token, ...]:
    """Words and single characters of unspaced scripts, in order, with their spans in the original text."""
    tokens = []
    last = -1
    for found in _TOKEN.finditer(folded.text):
        start, end = found.span()
        tokens.append(Token(found[0], folded.starts[start], folded.ends[end - 1], start == last))
        last = end
    return tuple(tokens)


def index_words(text: str) -> str:
    """What the word columns of the full-text index hold: the tokens, without those that `cjk_bigrams` covers."""
    return " ".join(found[0] for found in _TOKEN.finditer(fold(text).text) if not _CJK_RUN.match(found[0]))


def cjk_bigrams(text: str) -> str:
    """What the `cjk` column holds: overlapping pairs of each run of CJK characters (a run of one: that character)."""
    return " ".join(pair for found in _CJK_RUN.finditer(fold(text).text) for pair in _pairs(found[0]))


def _pairs(run: str) -> list[str]:
    return [run[index : index + 2] for index in range(len(run) - 1)] or [run]
