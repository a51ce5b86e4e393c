"""A sentence as tokens: words in comparable form, each known person or office as one token."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ahocorasick_rs import AhoCorasick, MatchKind

from config.lexicon import normalise

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from alerts.names import Mention

MENTION = "@"
"""The comparable form of a token that stands for a person or an office."""

# A stress mark without its letter is no token: normalised, nothing would be left of it.
_WORD = re.compile(r"[^\W_]+(?:['’ʼ‘\u0301][^\W_]+)*|[^\w\s\u0301]|_")
_RUN = re.compile(r"[0-9]+|[^\W0-9\u2e80-\u9fff_]+|[^\s\u0301]")
_INVISIBLE = (0x00AD, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFEFF, *range(0x202A, 0x202F))
_FULL_WIDTH_DIGITS = {chr(0xFF10 + digit): str(digit) for digit in range(10)}
_SHOWN = dict.fromkeys(map(chr, _INVISIBLE), " ") | _FULL_WIDTH_DIGITS
_HIDDEN = re.compile(f"[\ud800-\udfff{''.join(_SHOWN)}]")


class Token(NamedTuple):
    """Characters `start` to `end` of the article's field; `word` is normalised."""

    start: int
    end: int
    word: str
    mention: Mention | None = None


def visible(text: str) -> str:
    """The same text, character for character, without what would hide or break words: marks, unpaired surrogates."""
    return text if text.isascii() else _HIDDEN.sub(lambda found: _SHOWN.get(found[0], "\ufffd"), text)


class Tokenizer:
    """Cuts sentences of one language. Without spaces, `vocabulary` is taken whole: longest first, from the left."""

    def __init__(
        self,
        *,
        spaced: bool,
        vocabulary: Iterable[str] = (),
        articles: Iterable[str] = (),
        relatives: Iterable[str] = (),
    ) -> None:
        self._articles = frozenset(articles)
        self._relatives = frozenset(relatives)
        self._whole = None if spaced else AhoCorasick(sorted(set(vocabulary)), matchkind=MatchKind.LeftmostLongest)

    def words(self, text: str, start: int, end: int) -> list[Token]:
        """Tokens of `text[start:end]`, mentions not yet joined."""
        if self._whole is None:
            found = [
                Token(match.start(), match.end(), normalise(match[0])) for match in _WORD.finditer(text, start, end)
            ]
            return [token for position, token in enumerate(found) if not _is_inner_hyphen(found, position)]
        return list(self._cut(text, start, end))

    def _cut(self, text: str, start: int, end: int) -> Iterable[Token]:
        assert self._whole is not None  # noqa: S101 (only called without spaces)
        piece, at = text[start:end], 0
        for _, begin, stop in self._whole.find_matches_as_indexes(piece):
            yield from _runs(piece, at, begin, start)
            yield Token(start + begin, start + stop, piece[begin:stop])
            at = stop
        yield from _runs(piece, at, len(piece), start)

    def tokens(self, text: str, span: tuple[int, int], mentions: Sequence[Mention]) -> list[Token]:
        """Tokens of a sentence in which every mention is one token; `mentions` are those inside, in order."""
        tokens: list[Token] = []
        at = span[0]
        for mention in mentions:
            if mention.start < at:
                continue
            tokens += self.words(text, at, mention.start)
            while tokens and tokens[-1].start >= at and tokens[-1].word in self._articles:  # « l » and its apostrophe
                tokens.pop()
            if self._ends_in_article(tokens) and text[mention.start].islower():
                tokens.pop()
            tokens.append(Token(mention.start, mention.end, MENTION, mention))
            at = mention.end
        return tokens + self.words(text, at, span[1])

    def _ends_in_article(self, tokens: Sequence[Token]) -> bool:
        """Behind a comma stands what may be a relative pronoun; before an adjective, in small letters, it is none."""
        return len(tokens) > 1 and tokens[-1].word in self._relatives and tokens[-2].word == ","


def _runs(piece: str, start: int, end: int, offset: int) -> Iterable[Token]:
    for match in _RUN.finditer(piece, start, end):
        yield Token(offset + match.start(), offset + match.end(), normalise(match[0]))


def _is_inner_hyphen(tokens: list[Token], position: int) -> bool:
    """`face-to-face` reads as three words; a dash between spaces stays."""
    if tokens[position].word not in {"-", "‑"} or not 0 < position < len(tokens) - 1:
        return False
    return tokens[position - 1].end == tokens[position].start and tokens[position].end == tokens[position + 1].start
