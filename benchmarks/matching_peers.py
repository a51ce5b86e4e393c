"""What `matching.py` compares with: one regular expression a watch, and percolation with tantivy."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import envoywatch  # noqa: F401 (makes the plain-named packages importable)
from alerts.watches.nodes import About, And, InField, Near, Not, Or, Person, Phrase, Regex, Word

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from alerts.names import NameForms
    from alerts.watches.nodes import Node, Query
    from storage.model import Document

    Search = Callable[[Document], object]


def words_of(node: Node, forms: NameForms) -> list[str]:  # noqa: PLR0911 (one return a kind of node)
    """The words and names of a query, as patterns."""
    match node:
        case Word(text, prefix=prefix):
            return [text + (r"\w*" if prefix else "")]
        case Phrase(words):
            return [" ".join(word.text for word in words)]
        case Person(name):
            return list(dict.fromkeys(form for known in forms.forms_of(name).values() for form in known))
        case Near(parts) | And(parts) | Or(parts):
            return [word for part in parts for word in words_of(part, forms)]
        case InField(_, part):
            return words_of(part, forms)
        case Regex(pattern):
            return [pattern]
        case Not() | About():
            return []


def one_pattern_each(queries: Sequence[Query], forms: NameForms) -> Search:
    """What one would write first: any of a watch's words as one regular expression; no logic, no inflection."""
    patterns = [re.compile(rf"\b(?:{'|'.join(words_of(query.root, forms))})\b", re.IGNORECASE) for query in queries]
    return lambda document: [pattern.search(document.text) for pattern in patterns]


def percolation(queries: Sequence[Query], forms: NameForms) -> Search | None:
    """An article is indexed in memory and every watch's query run on it; no inflection, no distances between names."""
    try:
        import tantivy  # noqa: PLC0415 (without it the rest runs)
    except ImportError:
        return None
    builder = tantivy.SchemaBuilder()
    for field in ("title", "text", "lang", "role", "source", "country"):
        builder.add_text_field(field, stored=False)
    schema = builder.build()
    translator = Translator(tantivy, schema, forms)
    asked = [parsed for query in queries if (parsed := translator.query(query.root))]

    def percolate(document: Document) -> list[bool]:
        index = tantivy.Index(schema)
        writer = index.writer(heap_size=15_000_000, num_threads=1)
        writer.add_document(
            tantivy.Document(
                title=document.title,
                text=document.text,
                lang=document.language,
                role=document.role.value,
                source=document.source,
                country=document.country,
            )
        )
        writer.commit()
        index.reload()
        searcher = index.searcher()
        return [bool(searcher.search(query, 1, count=False).hits) for query in asked]

    return percolate


class Translator:
    """Our queries as tantivy's."""

    def __init__(self, tantivy: Any, schema: Any, forms: NameForms) -> None:
        self._must = tantivy.Occur.Must
        self._must_not = tantivy.Occur.MustNot
        self._should = tantivy.Occur.Should
        self._make = tantivy.Query
        self._schema = schema
        self._forms = forms

    def query(self, node: Node) -> Any:  # noqa: C901, PLR0911 (one case a kind of node)
        """None when nothing of it can be said."""
        match node:
            case Word(text, prefix=True):
                return self._make.regex_query(self._schema, "text", text.lower() + ".*")
            case Word(text):
                return self._row(text)
            case Phrase(words, slop):
                return self._row(" ".join(word.text for word in words), slop)
            case Person():
                names = [self._row(name) for name in words_of(node, self._forms) if re.search(r"\w", name)]
                return self._make.boolean_query([(self._should, name) for name in names])
            case Near((Word(first), Word(second)), (distance,)) if distance:
                return self._row(f"{first} {second}", distance)
            case Near(parts) | And(parts):
                return self._joined(parts, self._must)
            case Or(parts):
                return self._joined(parts, self._should)
            case InField(_, part):
                return self.query(part)
            case About(condition, value):
                return self._make.term_query(self._schema, str(condition), value)
            case Regex(pattern):
                return self._make.regex_query(self._schema, "text", pattern.lower())
            case Not(part):
                asked = self.query(part)
                everything = (self._must, self._make.all_query())
                return asked and self._make.boolean_query([everything, (self._must_not, asked)])

    def _joined(self, parts: Sequence[Node], how: Any) -> Any:
        known = [(how, asked) for part in parts if (asked := self.query(part))]
        return self._make.boolean_query(known) if known else None

    def _row(self, text: str, slop: int = 0) -> Any:
        words = re.findall(r"\w+", text.lower())
        if len(words) == 1:
            return self._make.term_query(self._schema, "text", words[0])
        return self._make.phrase_query(self._schema, "text", words, slop)


PEERS: dict[str, Callable[[Sequence[Query], NameForms], Search | None]] = {
    "one re a watch": one_pattern_each,
    "tantivy": percolation,
}
