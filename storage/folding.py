"""How written text is compared: folded characters with a map back to the original, and the tokens made of them.

Watches match on this, and the full-text index holds exactly these tokens, so that the archive and the watches agree.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cached_property
from itertools import accumulate, compress, count
from operator import add, itemgetter
from typing import TYPE_CHECKING, NamedTuple

from config.variants import TRADITIONAL, load_variants

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
_SIGNS = "".join(chr(code) for code in range(0x0900, 0x0E00) if unicodedata.category(chr(code))[0] == "M")
"""Vowel signs of the Indic scripts; they belong to the word, which `\\w` does not know."""
_SIGN = re.compile(f"[{_SIGNS}]")
_TOKEN = re.compile(f"[{_CJK}{_SOUTH_EAST_ASIAN}]|(?:[^\\W_{_CJK}{_SOUTH_EAST_ASIAN}]|(?<=[\u0900-\u0dff])[{_SIGNS}])+")
_CJK_RUN = re.compile(f"[{_CJK}]+")
_UNSPACED = re.compile(f"[{_CJK}{_SOUTH_EAST_ASIAN}]")
_RUN = re.compile(f"([{_CJK}{_SOUTH_EAST_ASIAN}]+)|{_TOKEN.pattern}")

# What most texts consist of. Of the rest each character is looked at once.
_LETTERS = "а-яєіїўґα-ωא-ת\u0627-\u063a\u0641-\u064aぁ-ゔァ-ヴ\u4e00-\u9fff"
_SEPARATORS = frozenset("\t\n\r!\"#$%&'()*+,-./:;<=>?@[\\]^_{|}~")
_REFOLDED = "ىة" + "".join(map(chr, load_variants(TRADITIONAL)))
_UNUSUAL = re.compile(f"[^\t\n\r -_a-~{_LETTERS}–—•。、「」『』《》【】]|[{_REFOLDED}]")
"""Of case-folded text: what may not fold to itself."""
_UNEVEN = re.compile(f"[^\t\n\r -~А-ЯЄІЇЎҐ{_LETTERS}–—•。、「」『』《》【】]")
"""Of any text: what may not fold to a single character."""
_USUAL_ASCII = b"\t\n\r" + bytes(range(0x20, 0x60)) + bytes(range(0x61, 0x7F))
"""What `_UNUSUAL` and `_UNEVEN` leave out of ASCII."""
_ASCII_SPACED = bytes(code if chr(code).isalnum() else 32 for code in range(128)) + bytes(128)

# Marks that are dropped; those of kana, Thai and the Indic scripts are letters to their readers and stay.
_MARK = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe2f]"
)
_HALF_WIDTH_MARKS = frozenset("\uff9e\uff9f")
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
        "ٱ": "ا",
        **dict.fromkeys("ىی", "ي"),
        **dict.fromkeys("ةەہھ", "ه"),
        "ک": "ك",
    }
)
"""Of Arabic the letters that are typed for one another, and those of Persian and Urdu."""

_FIRST_IDEOGRAPH = "\u3400"
_LATIN_TO_CYRILLIC = dict(zip("abcehikmoptxysj", "авсенікмортхуѕј", strict=True))
_CYRILLIC_TO_LATIN = {cyrillic: latin for latin, cyrillic in _LATIN_TO_CYRILLIC.items()}
_ALIKE_AS_CAPITALS = frozenset("bhkmtвнкмт")
_CYRILLIC = re.compile("[\u0430-\u045f]")
_MIXED = re.compile("[a-z](?:(?=[\u0430-\u045f])|(?<=[\u0430-\u045f].))")
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
    if unicodedata.category(character) == "Nd":  # digits of every script
        return str(unicodedata.decimal(character))
    composed = unicodedata.normalize("NFKC", character).casefold()
    parts = (part if part in _KEPT else _MARK.sub("", unicodedata.normalize("NFKD", part)) for part in composed)
    plain = unicodedata.normalize("NFC", "".join(parts)).translate(_PLAIN)
    return plain.translate(load_variants(TRADITIONAL)) if plain > _FIRST_IDEOGRAPH else plain


_TABLE = _FoldTable()


class Folded:
    """Text made comparable, with the way back to the original, which is worked out only when it is asked for."""

    def __init__(
        self,
        text: str,
        original: str,
        present: str = "",
        bounds: tuple[Sequence[int], Sequence[int]] | None = None,
    ) -> None:
        """`present` has, among others, every character of the text that is no ordinary ASCII."""
        self.text = text
        self._original = original
        self._present = present
        self._bounds = bounds

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Folded) and (self.text, self.starts) == (other.text, other.starts)

    def __hash__(self) -> int:
        return hash(self.text)

    @cached_property
    def _characters(self) -> tuple[Sequence[int], Sequence[int]]:
        if self._bounds is not None:
            return self._bounds
        starts = _starts(self._original)
        return starts, range(1, len(starts) + 1) if isinstance(starts, range) else list(map((1).__add__, starts))

    @property
    def starts(self) -> Sequence[int]:
        """Where, in the original, what each folded character came from begins."""
        return self._characters[0]

    @property
    def ends(self) -> Sequence[int]:
        """Where that ends."""
        return self._characters[1]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The original span of folded characters `start` to `end` (end excluded; at least one character)."""
        return self.starts[start], self.ends[end - 1]

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """`tokenize` of this text, kept."""
        return tokenize(self)

    @cached_property
    def words(self) -> list[str]:
        """The texts of `tokens`, at a tenth of their price."""
        if self.spaced is None:
            return self._run_words()
        return list(filter(None, self._pieces))

    @property
    def unspaced(self) -> int:
        """How many of its characters are of scripts written without spaces."""
        return 0 if self.text.isascii() else len(_UNSPACED.findall(self.text))

    @property
    def word_bounds(self) -> tuple[Sequence[int], Sequence[int]]:
        """Where each of `words` begins and ends in the original text."""
        starts, ends = self.folded_bounds
        if not starts or isinstance(self.starts, range):
            return starts, ends
        lasts = [end - 1 for end in ends]
        return _picked(self.starts, starts), _picked(self.ends, lasts)

    @cached_property
    def folded_bounds(self) -> tuple[Sequence[int], Sequence[int]]:
        """Where each of `words` begins and ends in `text`."""
        if self.spaced is None:
            starts = self._run_starts()
        else:
            before = accumulate(map(len, self._pieces), initial=0)
            starts = list(compress(map(add, before, count()), self._pieces))
        return starts, list(map(add, starts, map(len, self.words)))

    @cached_property
    def has_unspaced(self) -> bool:
        """Whether it may have characters of scripts written without spaces; if not, it surely has none."""
        return _UNSPACED.search(self._present) is not None

    @cached_property
    def _pieces(self) -> list[str]:
        """Its words, with an empty piece between neighbouring spaces."""
        return self.spaced.split(" ") if self.spaced else []

    @cached_property
    def spaced(self) -> str | None:
        """The text with a space for each character that is in no word; None when that is not all there is to it."""
        if self.text.isascii():
            return self.text.encode().translate(_ASCII_SPACED).decode()
        if _SIGN.search(self._present) or self.has_unspaced:
            return None
        rare = {character for character in self._present if not character.isalnum()}
        spaced = self.text
        for character in _SEPARATORS | rare:
            spaced = spaced.replace(character, " ")
        return spaced

    def _run_words(self) -> list[str]:
        """Words of a text with scripts without spaces, run by run."""
        words: list[str] = []
        for found in _RUN.finditer(self.text):
            if found.lastindex:
                words.extend(found[0])
            else:
                words.append(found[0])
        return words

    def _run_starts(self) -> list[int]:
        starts: list[int] = []
        for found in _RUN.finditer(self.text):
            start, end = found.span()
            if found.lastindex:
                starts.extend(range(start, end))
            else:
                starts.append(start)
        return starts


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

    й, ї and ў stay letters of their own, ё becomes е; ß becomes ss. Traditional Chinese is read as simplified, digits
    of any script as ours, and Arabic without hamza and the points that are left out as often. Look-alikes: a Cyrillic
    letter inside a Latin word becomes Latin, and the other way round.
    """
    if text.isascii():
        return Folded(text.lower().replace("`", "'"), text, "", _even_bounds(text))
    folded = text.casefold()
    present = _rare_characters(folded)
    unusual = set(_UNUSUAL.findall(present))
    if not unicodedata.is_normalized("NFC", text) or not _HALF_WIDTH_MARKS.isdisjoint(unusual):
        folded, starts, ends = _fold_clusters(text)
        present = _rare_characters(folded)
        return Folded(_unmix(folded, present), text, present, (starts, ends))
    is_even = len(folded) == len(text)
    pieces = {character: _TABLE[ord(character)] for character in unusual}
    for character, piece in pieces.items():  # few: this takes a fraction of the time of looking at each character
        if piece != character:
            folded = folded.replace(character, piece)
            is_even = is_even and len(piece) == 1
    present = "".join([present, *pieces.values()])
    return Folded(_unmix(folded, present), text, present, _even_bounds(text) if is_even else None)


def _rare_characters(text: str) -> str:
    """Each character that is no ordinary ASCII, once: a tenth of the time of looking for them with an expression."""
    rest = text.encode("utf-8", "surrogatepass").translate(None, _USUAL_ASCII)
    return "".join(set(rest.decode("utf-8", "surrogatepass")))


def _even_bounds(text: str) -> tuple[range, range]:
    """Of a text each character of which has become one: none becomes less than one before that is seen."""
    return range(len(text)), range(1, len(text) + 1)


def _picked(items: Sequence[int], places: Sequence[int]) -> Sequence[int]:
    return itemgetter(*places)(items) if len(places) > 1 else [items[place] for place in places]


def _starts(text: str) -> Sequence[int]:
    """For each folded character of composed text the one that it came from."""
    uneven = {character for character in _UNEVEN.findall(_rare_characters(text)) if len(_TABLE[ord(character)]) != 1}
    if not uneven:
        return range(len(text))
    starts: list[int] = []
    last = 0
    for found in re.finditer("[" + re.escape("".join(uneven)) + "]", text):
        at = found.start()
        starts.extend(range(last, at))
        starts.extend([at] * len(_TABLE[ord(found[0])]))
        last = at + 1
    starts.extend(range(last, len(text)))
    return starts


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


def _unmix(folded: str, present: str) -> str:
    """Look-alike letters of the other script inside a word, brought back to the script of the word.

    `present` has every character of the text that is no ordinary ASCII.
    """
    if not _CYRILLIC.search(present) or not _MIXED.search(folded):
        return folded
    return _WORD.sub(_unmix_word, folded)


def _unmix_word(found: re.Match[str]) -> str:
    word = found[0]
    latin = [letter for letter in word if letter < "\u0400"]
    cyrillic = [letter for letter in word if letter >= "\u0400"]
    if not latin or not cyrillic:
        return word
    to_latin = all(letter in _CYRILLIC_TO_LATIN for letter in cyrillic)
    to_cyrillic = all(letter in _LATIN_TO_CYRILLIC for letter in latin)
    if to_latin and (not to_cyrillic or _weight(latin) >= _weight(cyrillic)):
        return "".join(_CYRILLIC_TO_LATIN.get(letter, letter) for letter in word)
    if to_cyrillic:
        return "".join(_LATIN_TO_CYRILLIC.get(letter, letter) for letter in word)
    return word


def _weight(letters: Sequence[str]) -> tuple[int, int]:
    """How surely letters belong to their own script: some look alike as capitals alone."""
    return sum(letter in _ALIKE_AS_CAPITALS for letter in letters), len(letters)


def tokenize(folded: Folded) -> tuple[Token, ...]:
    """Words and single characters of unspaced scripts, in order, with their spans in the original text."""
    tokens = []
    last = -1
    for found in _TOKEN.finditer(folded.text):
        start, end = found.span()
        tokens.append(Token(found[0], folded.starts[start], folded.ends[end - 1], start == last))
        last = end
    return tuple(tokens)


def index_columns(title: str, text: str) -> tuple[str, str, str]:
    """What the full-text index holds of an article: words of the title, words of the text, pairs of characters of both.

    The pairs are those of each run of characters written without spaces; a run of one is that character. Words are the
    tokens but for those.
    """
    folded = fold(title), fold(text)
    in_title, in_text = (_indexed_words(one) for one in folded)
    return in_title, in_text, " ".join(pair for one in folded for pair in _pairs_in(one.text))


def cjk_bigrams(text: str) -> str:
    """The pairs of a text as the index holds them."""
    return " ".join(_pairs_in(fold(text).text))


def _indexed_words(folded: Folded) -> str:
    """Without vowel signs, at which SQLite would cut a word in two."""
    if folded.text.isascii():
        return " ".join(folded.words)
    return _SIGN.sub("", " ".join(word for word in folded.words if not _CJK_RUN.match(word)))


def _pairs_in(folded: str) -> Iterator[str]:
    if not folded.isascii():
        for found in _CJK_RUN.finditer(folded):
            yield from _pairs(found[0])


def _pairs(run: str) -> list[str]:
    return [run[index : index + 2] for index in range(len(run) - 1)] or [run]
