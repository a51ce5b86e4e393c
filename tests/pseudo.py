"""A language that is English in accents, longer, and between brackets: what lacks them was not translated."""

import re
from html.parser import HTMLParser

from babel.messages.pofile import read_po

from envoywatch.web.languages import CATALOGUES, Language, compiled

TAG = "qps"
OPEN, CLOSE = "⟦", "⟧"
_ACCENTS = str.maketrans("aceilnorsuyzACEILNORSUYZ", "áčéíłñóŕšúýžÁČÉÍŁÑÓŔŠÚÝŽ")
_KEPT = re.compile(r"(%\(\w+\)s|%%|\{\w+\}|<[^>]*>|`[^`]*`)")


def pseudo(text):
    """What of a text is for a person, in accents; placeholders, tags and commands stay."""
    pieces = _KEPT.split(text)
    said = "".join(piece if at % 2 else piece.translate(_ACCENTS) for at, piece in enumerate(pieces))
    longer = "~" * (sum(map(len, pieces[::2])) * 2 // 5)
    return f"{OPEN}{said}{longer}{CLOSE}"


def pseudo_language():
    """The whole catalogue in it."""
    with (CATALOGUES / "messages.pot").open("rb") as file:
        catalogue = read_po(file, locale="en")
    for message in catalogue:
        if message.id:
            message.string = tuple(map(pseudo, message.id)) if message.pluralizable else pseudo(message.id)
    return Language(TAG, compiled(catalogue), "en_GB")


_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr", "path", "line"}
_READ = ("title", "alt", "aria-label", "placeholder", "data-label")
_LETTERS = re.compile(r"[^\W\d_]{2,}")


class Untranslated(HTMLParser):
    """The texts and attributes of a page that stand outside of all brackets, but for those of exempt elements.

    `exempt` tells by an element (its name and its attributes) whether what it holds is no text of ours; `words` is a
    pattern of what needs no translation wherever it stands. In titles there are no elements: there may be what stands
    in an exempt one elsewhere on the page.
    """

    def __init__(self, text, exempt, words):
        super().__init__()
        self.found, self.english = [], []
        self._exempt, self._words = exempt, re.compile(words)
        self._stack, self._depth = [], 0
        self._data, self._titles = [], []
        self.feed(text)
        self.close()
        data = " ".join(" ".join(self._data).split())
        for title in self._titles:
            pieces = (piece.strip(" …") for piece in re.split(r"[–,:·]", title))
            self.found += [f"<title> {piece}" for piece in pieces if _LETTERS.search(piece) and piece not in data]

    @property
    def _free(self):
        return any(free for _, free in self._stack)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        free = self._exempt(tag, attrs)
        if not (free or self._free):
            for name in _READ:
                self._look(attrs.get(name) or "", f"{tag} {name}", 0)
        if tag == "input":
            self._data.append(attrs.get("value") or "")
        if tag not in _VOID:
            self._stack.append((tag, free))
            if tag == "span" and attrs.get("lang") == "en":
                self.english.append("")

    def handle_endtag(self, tag):
        while self._stack and self._stack.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if self._stack and self._stack[-1][0] in {"script", "style"}:
            return
        if self.english and self._stack and self._stack[-1] == ("span", True):
            self.english[-1] += data
        if self._free:
            self._data.append(data)
        self._depth = self._look(data, self._stack[-1][0] if self._stack else "", self._depth)

    def _look(self, text, where, depth):
        """Note what is outside of brackets; how many are open after it."""
        outside = []
        for piece in re.split(f"([{OPEN}{CLOSE}])", text):
            if piece == OPEN:
                depth += 1
            elif piece == CLOSE:
                depth -= 1
            elif depth == 0:
                outside.append(piece)
        left = self._words.sub(" ", " ".join(outside))
        if where == "title":
            self._titles.append(" ".join(outside).replace("Envoywatch", ""))
        elif _LETTERS.search(left) and not self._free:
            self.found.append(f"<{where}> {left.strip()}")
        return depth
