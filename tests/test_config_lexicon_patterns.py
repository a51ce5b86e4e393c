from datetime import date
from functools import cache
from pathlib import Path

import pytest

from alerts.meetings.cues import PatternIndex, compiled
from alerts.names import NameFinder
from alerts.sentences import split_sentences
from config.lexicon import languages, load_lexicon
from config.people import load_people

SENTENCES = Path(__file__).parent / "data" / "patterns"
"""Per language one sentence a line; with the groups' own examples they show every pattern of the lexicon."""

AT = date(2024, 5, 15)


@cache
def _finder():
    return NameFinder(load_people())


def _found(language, sentences, index):
    """Group number and pattern of everything found."""
    tokenizer, seen = compiled(language).tokenizer, set()
    for text in sentences:
        mentions = _finder().find(text, language, AT)
        for start, end in split_sentences(text, language):
            inside = [mention for mention in mentions if start <= mention.start and mention.end <= end]
            seen |= {payload for payload, _ in index.find(tokenizer.tokens(text, (start, end), inside))}
    return seen


@pytest.mark.parametrize("language", languages())
def test_every_pattern_is_found_in_a_sentence(language):
    index = PatternIndex()
    groups = load_lexicon(language).groups
    for number, group in enumerate(groups):
        for pattern in group.patterns:
            index.add(pattern, (number, pattern))
    sentences = (SENTENCES / f"{language}.txt").read_text(encoding="utf-8").splitlines()
    seen = _found(language, [*sentences, *(text for group in groups for text in group.examples)], index)
    never = [
        f"{group.kind}: {pattern}"
        for number, group in enumerate(groups)
        for pattern in group.patterns
        if (number, pattern) not in seen
    ]
    assert never == [], f"{len(never)} patterns are in no sentence of {language}.txt"
