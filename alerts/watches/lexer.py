"""The words, quotes, operators and conditions of a query, and what may be wrong with each of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NoReturn

from lark.lexer import Lexer as LarkLexer
from lark.lexer import Token

from alerts.text import fold
from alerts.watches.conditions import BadValueError, parse_value
from alerts.watches.errors import QueryError
from alerts.watches.habits import EXAMPLES, FIELDS, meant_field, meant_near, meant_sign, meant_word
from alerts.watches.nodes import SENTENCE, About, Condition, Person, Phrase, Regex, Word
from alerts.watches.regex import BadPatternError, compile_pattern
from storage.model import Field

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LONGEST_QUERY = 20_000
DEEPEST = 50
LONGEST_DISTANCE = 100
_SHORTEST_PREFIX = 2

QUOTES = {'"': '"', "“": "”", "„": "”“", "«": "»", "＂": "＂", "「": "」", "”": "”"}  # opening, and what closes it
_NO_QUOTES = str.maketrans(dict.fromkeys("".join(QUOTES) + "".join(QUOTES.values()), " "))
_CLOSING_QUOTES = frozenset("".join(QUOTES.values()))
_SINGLE_QUOTES = "'‘’‚‹›"
_SINGLY_QUOTED = re.compile(rf"[{_SINGLE_QUOTES}][^{_SINGLE_QUOTES}]*[^\s{_SINGLE_QUOTES}][{_SINGLE_QUOTES}](?!\w)")
_OPEN, _CLOSE = "(（", ")）"
_RUN = re.compile(r'[^\s()（）"“”„«»＂「」]+')
_FIELD = re.compile(r"([^\W\d_][\w-]*)[:：]")
_NEAR = re.compile(r"NEAR/(\d{1,9}|[sS])")
_SLOP = re.compile(r"~(\d{0,9})")
_PERSON = re.compile(r"[\w.'’-]+")
_TEXT_FIELDS = {field.value: field for field in Field}
_OPERATORS = {"AND": "_AND", "OR": "_OR", "NOT": "_NOT"}
_REFUSED = {  # what other query languages give a meaning that this one does not have
    "?": "? stands for no letter here",
    "^": "boosts have no meaning here: an article matches or it does not",
    "~": '~ follows a phrase and a number counts the words between, as in "a b"~3; words are not matched by likeness',
    "[": "ranges have no meaning here",
    "]": "ranges have no meaning here",
    "{": "ranges have no meaning here",
    "}": "ranges have no meaning here",
    "\\": "nothing is escaped here",
}


class Passthrough(LarkLexer):
    """Hands the parser the tokens that `split` has made."""

    def __init__(self, lexer_conf: Any) -> None:
        """Lark's own configuration of a lexer is not needed."""

    def lex(self, data: Iterable[Token]) -> Iterator[Token]:  # type: ignore[override]  # lark's type says str, any is documented
        """The tokens, as they are."""
        return iter(data)


def split(text: str) -> tuple[list[Token], list[str]]:
    """The tokens of a query and warnings about it; raises QueryError."""
    scanner = _Scanner(text)
    scanner.scan()
    return scanner.tokens, scanner.warnings


class _Scanner:
    """One pass over a query, left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.tokens: list[Token] = []
        self.warnings: list[str] = []
        self.opened: list[int] = []

    def scan(self) -> None:
        while self.at < min(len(self.text), LONGEST_QUERY):
            if self.text[self.at].isspace():
                self.at += 1
            else:
                self._token(self.text[self.at])
        if len(self.text) > LONGEST_QUERY:  # told after the mistakes before that place, which are often the reason
            size = f"a query may have {LONGEST_QUERY:,} characters; this one has {len(self.text):,}"
            self._fail(size, LONGEST_QUERY, "make several watches of it, or a group of people")
        if self.opened:
            self._fail("this parenthesis is never closed", self.opened[-1], "add )")
        if not self.tokens:
            self._fail("the query is empty", 0, "write at least one word")

    def _fail(self, message: str, at: int, hint: str = "") -> NoReturn:
        raise QueryError(message, text=self.text, column=at + 1, hint=hint)

    def _emit(self, kind: str, value: object, start: int) -> None:
        self.tokens.append(Token(kind, value, start_pos=start))

    def _token(self, first: str) -> None:
        if first in _OPEN:
            self._open()
        elif first in _CLOSE:
            self._close()
        elif first in QUOTES:
            self._phrase(self.at, exact=False)
        elif first == "@":
            self._person()
        elif first == "/":
            self._regex()
        elif first in "-−–—":
            self._minus()
        elif first == "=":
            self._exact()
        elif first in "»」":
            self._fail(f"nothing was opened that this {first} could close", self.at, "remove it")
        else:
            self._run()

    def _open(self) -> None:
        self.opened.append(self.at)
        if len(self.opened) > DEEPEST:
            self._fail(f"parentheses may be nested {DEEPEST} deep", self.at, "make several watches of it")
        self._emit("_OPEN", "(", self.at)
        self.at += 1

    def _close(self) -> None:
        if not self.opened:
            self._fail("nothing was opened that this parenthesis could close", self.at, "remove it")
        if self.tokens[-1].type == "_OPEN":
            self._fail("there is nothing between these parentheses", self.opened[-1], "remove them")
        self.opened.pop()
        self._emit("_CLOSE", ")", self.at)
        self.at += 1

    def _quoted(self, start: int, what: str) -> str:
        """The text between the quotes that open at `start`; goes on after them."""
        closers = QUOTES[self.text[start]]
        ends = [at for closer in closers if (at := self.text.find(closer, start + 1)) >= 0]
        if not ends:
            self._fail("this quote is never closed", start, f"add {closers[0]}")
        inside = self.text[start + 1 : min(ends)]
        if not inside.strip():
            self._fail(f"an empty {what}", start, "write something between the quotes")
        self.at = min(ends) + 1
        return inside

    def _phrase(self, start: int, *, exact: bool) -> None:
        quote = self.at
        inside = self._quoted(quote, "phrase")
        words = tuple(self._phrase_words(inside, quote + 1, exact=exact))
        if not words:
            self._fail("a phrase without a word", quote, "marks alone cannot be searched for; use /regex/")
        slop = self._slop(words)
        single = len(words) == 1 and not slop
        self._emit("TERM", words[0] if single else Phrase(words, slop), start)

    def _phrase_words(self, inside: str, start: int, *, exact: bool) -> Iterator[Word]:
        for found in re.finditer(r"\S+", inside.translate(_NO_QUOTES)):
            if fold(found[0]).tokens:
                yield self._word(found[0], start + found.start(), exact=exact, quoted=True)

    def _slop(self, words: tuple[Word, ...]) -> int:
        found = _SLOP.match(self.text, self.at)
        if not found:
            return 0
        if not found[1]:
            self._fail("~ needs a number of words", self.at, 'as in "a b"~3')
        if len(words) == 1:
            self._fail("~ after a single word has no meaning", self.at, "write two words or more in the quotes")
        if int(found[1]) > LONGEST_DISTANCE:
            self._fail(f"a phrase may be stretched by {LONGEST_DISTANCE} words at most", self.at + 1)
        self.at = found.end()
        return int(found[1])

    def _person(self) -> None:
        start = self.at
        self.at += 1
        if self.at < len(self.text) and self.text[self.at] in QUOTES:
            name = self._quoted(self.at, "name").strip()
        elif found := _PERSON.match(self.text, self.at):
            name = found[0]
            self.at = found.end()
        else:
            self._fail("@ needs a name", start, 'as in @li-hui or @"Li Hui"')
        self._emit("TERM", Person(name, start + 1), start)

    def _regex(self) -> None:
        start = self.at
        found = re.compile(r"/((?:[^/\\]|\\.)*)/", re.DOTALL).match(self.text, start)
        if not found:
            self._fail("this regular expression is never closed", start, "add /, and write \\/ for a / inside")
        if not found[1].strip():
            self._fail("an empty regular expression", start, "write something between the slashes")
        pattern = found[1].replace("\\/", "/")
        try:
            compile_pattern(pattern)
        except BadPatternError as error:
            self._fail(str(error), start + 1 + error.at, error.hint)
        self._emit("TERM", Regex(pattern), start)
        self.at = found.end()

    def _minus(self) -> None:
        following = self.text[self.at + 1 : self.at + 2]
        if not following or following.isspace() or following in ")）":
            self._fail("a lone -", self.at, "write -word without a space, or NOT word")
        if following in "-−–—":
            self._fail("two negations in a row", self.at, "write the word without either")
        self._emit("_NOT", "-", self.at)
        self.at += 1

    def _exact(self) -> None:
        start = self.at
        self.at += 1
        following = self.text[self.at : self.at + 1]
        if following and following in QUOTES:
            self._phrase(start, exact=True)
            return
        found = _RUN.match(self.text, self.at)
        if not found:
            self._fail("= needs a word right after it", start, "as in =Li, for this form alone")
        self._emit("TERM", self._word(found[0], self.at, exact=True), start)
        self.at = found.end()

    def _run(self) -> None:
        """An operator, a field or a word."""
        found = _RUN.match(self.text, self.at)
        run = found[0] if found else self.text[self.at]
        if run in _OPERATORS:
            self._emit(_OPERATORS[run], run, self.at)
        elif near := _NEAR.fullmatch(run):
            self._near(near[1])
        elif field := _FIELD.match(run):
            self._field(field[1], self.at + field.end())
            return
        else:
            self._refuse_misspelt(run)
            self._emit("TERM", self._word(run, self.at, exact=False), self.at)
        self.at += len(run)

    def _near(self, distance: str) -> None:
        if distance in "sS":
            self._emit("NEAR", SENTENCE, self.at)
            return
        if not 1 <= int(distance) <= LONGEST_DISTANCE:
            self._fail(
                f"NEAR counts from 1 to {LONGEST_DISTANCE} words", self.at + 5, "or NEAR/s: in the same sentence"
            )
        self._emit("NEAR", int(distance), self.at)

    def _refuse_misspelt(self, run: str) -> None:
        if near := meant_near(run):
            self._refuse_near(run, near)
        if sign := meant_sign(run):
            self._fail(f"{sign[0]} is not an operator here", self.at, f"did you mean {sign[1]}?")
        if run.startswith("+"):
            self._fail("+ is not needed", self.at, "every word is required unless there is an OR")
        if run[0] in _SINGLE_QUOTES and re.search(
            rf"[^\s{_SINGLE_QUOTES}][{_SINGLE_QUOTES}](?!\w)", self.text[self.at :]
        ):
            self._fail("a phrase stands in double quotes", self.at, 'as in "peace plan"')
        if self.tokens and (operator := meant_word(run)):
            self.warnings.append(f"“{run}” at column {self.at + 1} is searched as a word; the operator is {operator}")
        if run.endswith((",", ";", "，", "、", "；")):
            self.warnings.append(
                f"the {run[-1]} at column {self.at + len(run)} means nothing: both are asked for, as with AND"
            )

    def _refuse_near(self, run: str, near: str) -> None:
        after = self.text[self.at + len(run) :].lstrip()
        if after[:1] in _OPEN and not self.tokens:
            self._fail(f"{run} stands between what it joins", self.at, f"as in a {near} b")
        split = re.match(r"/\s?(\d{1,9}|[sS])(?!\w)", after)
        self._fail(
            "NEAR needs a distance" if run == "NEAR" else f"{run} is not an operator",
            self.at,
            f"did you mean {f'NEAR/{split[1]}' if split else near}?",
        )

    def _word(self, run: str, start: int, *, exact: bool, quoted: bool = False) -> Word:
        body = run.removesuffix("*")
        if "*" in body or not body:
            hint = "write the beginning of the word before it, as in negotiat*"
            self._fail("* stands only at the end of a word" if body else "a lone *", start + run.index("*"), hint)
        for sign, why in _REFUSED.items():
            if sign in body and not quoted:
                self._refuse_sign(sign, why, start + body.index(sign))
        folded = "".join(token.text for token in fold(body).tokens)
        if not folded:
            self._fail(f"there is no word in {body}", start, "marks alone cannot be searched for; use /regex/")
        prefix = body != run
        if prefix and exact:
            self._fail("a word is either exact (=) or a beginning (*)", start, "remove one of them")
        if prefix and len(folded) < _SHORTEST_PREFIX and folded.isascii():
            self._fail("one letter and * would match almost everything", start, "write more of the word")
        return Word(body, exact=exact, prefix=prefix)

    def _refuse_sign(self, sign: str, why: str, at: int) -> NoReturn:
        before = self.text[:at]
        if sign == "?" and (before.endswith("(") or re.search(r"\([a-zA-Z]$", before)):
            self._fail(why, at, "capitals make no difference to words; (?i) and its like belong in /regex/")
        if sign == "~" and before.rstrip()[-1:] in _CLOSING_QUOTES and before != before.rstrip():
            self._fail("~ touches the quotes it belongs to", at, 'as in "a b"~3')
        self._fail(why, at, "put text that contains it in /regex/")

    def _field(self, name: str, end: int) -> None:
        start = self.at
        if name not in FIELDS:
            close = meant_field(name)
            hint = f"did you mean {close}:?" if close else f"fields are {', '.join(f'{field}:' for field in FIELDS)}"
            self._fail(f"there is no field {name}:", start, f"{hint} Text that contains a colon goes in quotes")
        if self.tokens and self.tokens[-1].type == "FIELD":
            self._fail("a field within a field", start, "one is enough")
        self.at = end
        following = self.text[end : end + 1]
        if not following or following.isspace() or following in _CLOSE:
            self._fail(f"{name}: needs a value right after the colon", start, f"as in {EXAMPLES[name]}")
        if name in _TEXT_FIELDS:
            self._emit("FIELD", _TEXT_FIELDS[name], start)
        else:
            self._emit("TERM", About(Condition(name), self._condition(Condition(name))), start)

    def _condition(self, condition: Condition) -> str:
        start = self.at
        found = _RUN.match(self.text, self.at)
        if self.text[start] in QUOTES:
            value = self._quoted(start, "value").strip()
        elif found:
            value = found[0]
            self.at = found.end()
        else:
            self._fail(f"{condition}: takes one value", start, f"as in {EXAMPLES[condition]}; for several, use OR")
        several = re.split(r"[,;|，、]", value)
        if len(several) > 1 and condition is not Condition.SOURCE:
            hint = " OR ".join(f"{condition}:{one}" for one in several if one)
            self._fail(f"{condition}: takes one value", start, f"did you mean ({hint})?")
        try:
            return parse_value(condition, value)
        except BadValueError as error:
            self._fail(str(error), start, error.hint)
