"""A reading of watches so simple that it is surely right: every stretch of words is held against every form.

The matcher is compared with it, in tests and in `benchmarks/matching.py`.
"""

import re
from itertools import product

from alerts.sentences import split_sentences
from alerts.watches.inflection import inflect
from alerts.watches.nodes import SENTENCE, About, And, Condition, InField, Near, Not, Or, Person, Phrase, Regex, Word
from storage.folding import fold
from storage.model import Field


def smallest(places):
    """Those that hold no other."""
    return [p for p in places if not any(p != other and p[0] <= other[0] and other[1] <= p[1] for other in places)]


class Naive:
    """Every occurrence by brute force over all stretches of tokens."""

    def __init__(self, document, people):
        self.people = people
        self.document = document
        self.language = document.language.partition("-")[0] if document.language else None
        self.texts = {Field.TITLE: document.title, Field.TEXT: document.text}

    def holds(self, node, fields=tuple(Field)):  # noqa: PLR0911 (one return a kind of node)
        match node:
            case And(parts):
                return all(self.holds(part, fields) for part in parts)
            case Or(parts):
                return any(self.holds(part, fields) for part in parts)
            case Not(part):
                return not self.holds(part, fields)
            case InField(field, part):
                return self.holds(part, (field,))
            case About(condition, value):
                return self.is_about(condition, value)
            case Near():
                return any(self.near(node, field) for field in fields)
            case _:
                return any(self.places(node, field) for field in fields)

    def is_about(self, condition, value):
        asked = {
            Condition.LANGUAGE: self.language,
            Condition.SOURCE: self.document.source,
            Condition.COUNTRY: self.document.country,
            Condition.ROLE: self.document.role,
        }[condition]
        return (asked or "").casefold() == value.casefold()

    def places(self, node, field):
        text = self.texts[field]
        tokens = fold(text).tokens
        stretches = [(first, last) for first in range(len(tokens)) for last in range(first + 1, len(tokens) + 1)]
        match node:
            case Or(parts):
                return [place for part in parts for place in self.places(part, field)]
            case Phrase(words, 0):
                return [stretch for stretch in stretches if self.is_row(words, *stretch, field)]
            case Phrase(words, slop):
                return self.windows(words, slop, tokens, field)
            case Regex(pattern):
                spans = [found.span() for found in re.finditer(pattern, text, re.IGNORECASE)]
                return [
                    (sum(t.end <= start for t in tokens), sum(t.start < end for t in tokens)) for start, end in spans
                ]
            case Person(name):
                names = [name for names in self.people.forms_of(name).values() for name in names]
                return [s for s in stretches for name in names if self.is_name(name, tokens[slice(*s)], text)]
            case Word():
                return [stretch for stretch in stretches if self.is_word(node, tokens[slice(*stretch)])]

    def forms(self, word):
        forms = inflect(word.text)
        if word.exact or word.prefix or (self.language is not None and self.language not in forms):
            return {fold(word.text).text}
        if self.language is None:
            return {fold(word.text).text, *(form for language in forms.values() for form in language)}
        return forms[self.language]

    def is_word(self, word, stretch):
        return any(self.is_form(form, stretch, prefix=word.prefix) for form in self.forms(word))

    @staticmethod
    def is_form(form, stretch, *, prefix=False):
        wanted = fold(form).tokens
        if len(wanted) != len(stretch):
            return False
        touching = all(
            have.joined or not (want.joined and want.unspaced)
            for want, have in zip(wanted[1:], stretch[1:], strict=True)
        )
        equal = [want.text for want in wanted] == [have.text for have in stretch]
        begins = [want.text for want in wanted[:-1]] == [have.text for have in stretch[:-1]] and stretch[
            -1
        ].text.startswith(wanted[-1].text)
        return touching and (equal or (prefix and begins))

    def is_name(self, name, stretch, text):
        """A name stands with its capital letters; one of three letters at most with each of them."""
        wanted = fold(name).tokens
        letters = 3 if len(wanted) == 1 and len(name) <= 3 else 1
        return self.is_form(name, stretch) and all(
            not any(map(str.isupper, name[want.start : want.end][:letters]))
            or [one.isupper() for one in name[want.start : want.end][:letters]]
            == [one.isupper() for one in text[have.start :][: min(letters, want.end - want.start)]]
            for want, have in zip(wanted, stretch, strict=True)
        )

    def is_row(self, words, first, last, field):
        if not words:
            return first == last
        tokens = fold(self.texts[field]).tokens
        return any(
            self.is_word(words[0], tokens[first:cut]) and self.is_row(words[1:], cut, last, field)
            for cut in range(first + 1, last + 1)
        )

    def windows(self, words, slop, tokens, field):
        shortest = {word: min(len(fold(form).tokens) for form in self.all_forms(word)) for word in words}
        width = sum(shortest[word] for word in words) + slop
        found = {word: smallest(self.places(word, field)) for word in words}
        windows = []
        for first in range(len(tokens)):
            inside = {w: [p for p in found[w] if first <= p[0] and p[1] <= first + width] for w in words}
            starts_here = any(place[0] == first for places in inside.values() for place in places)
            if starts_here and all(len(set(inside[word])) >= words.count(word) for word in words):
                windows.append((first, max(place[1] for places in inside.values() for place in places)))
        return windows

    @staticmethod
    def all_forms(word):
        forms = {} if word.exact or word.prefix else inflect(word.text)
        return {fold(word.text).text, *(form for language in forms.values() for form in language)}

    def near(self, node, field):
        found = [self.places(operand, field) for operand in node.operands]
        return any(
            all(
                self.are_near(one, other, distance, field)
                for one, other, distance in zip(chain, chain[1:], node.distances, strict=False)
            )
            for chain in product(*found)
        )

    def are_near(self, one, other, distance, field):
        (first, second) = sorted([one, other])
        if second[0] < first[1]:
            return False
        if distance != SENTENCE:
            return second[0] - first[1] < distance
        return self.sentence(first, field) == self.sentence(second, field)

    def sentence(self, place, field):
        text = self.texts[field]
        if field is Field.TITLE:
            return 0
        start = fold(text).tokens[place[0]].start
        return sum(begin <= start for begin, _ in split_sentences(text, self.language))
