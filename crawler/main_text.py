"""The readable text of a page, out of its tree: trafilatura's fast mode, tuned by script. For a worker."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from copy import deepcopy
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

from crawler.entries import CONTENT_MAX
from crawler.plain import clean

if TYPE_CHECKING:
    from configparser import ConfigParser

    from lxml import etree

_SHORT = 1_500  # characters below which a page is searched for prose that was missed
_MUCH_MORE = 5
_SENTENCE = 20  # characters a piece of text has at least when it is no label
_CLOSE = 4  # levels
_CACHES_FRESH = 500  # documents between two resets of trafilatura's caches, which only grow

_LEAST = 70
"""Characters below which trafilatura takes up whatever else the page holds, navigation included. With its own 250 a
news flash comes with the menu, and F1 over 255 pages is 0.954 instead of 0.957."""
_LEAST_DENSE = 40
"""The same where a character is a word or half of one: a whole news flash in Chinese has 60."""
_LEAST_SLOW = 150
_DENSE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
_LETTERS_SAID = 2.5  # by one character
_LETTER = re.compile(r"[^\W\d_]")

_documents = itertools.count(1)


def main_text(root: etree._Element, url: str, title: str) -> str:
    """The article's words, blocks on lines of their own; empty when none are found. The tree stays as it is.

    `title` tells the script. Fast mode costs no quality but where it misses nearly all: then, when one part of the page
    holds far more, the slower mode is asked too (7 of 255 pages) and believed when it finds much more.
    """
    least = _LEAST_DENSE if is_dense(title) else _LEAST
    text = _extracted(root, url, least, fast=True)
    if len(text) >= _SHORT or _largest_run(root) <= _MUCH_MORE * len(text):
        return text
    fuller = _extracted(root, url, _LEAST_SLOW, fast=False)
    return fuller if len(fuller) > _MUCH_MORE * len(text) else text


def is_dense(text: str) -> bool:
    """Whether the text is mainly Chinese, Japanese or Korean, which say in 100 characters what takes others 250."""
    return _LETTERS_SAID * len(_DENSE.findall(text)) > len(_LETTER.findall(text))


def _extracted(root: etree._Element, url: str, least: int, *, fast: bool) -> str:
    import trafilatura  # noqa: PLC0415 (0.18 s that only a worker pays)
    from trafilatura.meta import reset_caches  # noqa: PLC0415 (likewise)

    if next(_documents) % _CACHES_FRESH == 0:
        reset_caches()
    document = trafilatura.bare_extraction(
        root, url=url, fast=fast, include_comments=False, with_metadata=False, config=_config(least)
    )
    return clean(str(getattr(document, "text", None) or ""))[:CONTENT_MAX]


@cache
def _config(least: int) -> ConfigParser:
    from trafilatura.settings import DEFAULT_CONFIG  # noqa: PLC0415 (as above)

    config = deepcopy(DEFAULT_CONFIG)
    config["DEFAULT"]["MIN_EXTRACTED_SIZE"] = str(least)
    return config


def _largest_run(root: etree._Element) -> int:
    """How many characters of sentences stand close together, at most: below one element, few levels under it."""
    sizes: Counter[etree._Element] = Counter()
    for element in root.iter("p", "br", "div"):
        size = _own_size(element)
        if size >= _SENTENCE and next(element.iterancestors("nav", "footer"), None) is None:
            for above in islice(element.iterancestors(), _CLOSE):
                sizes[above] += size
    return max(sizes.values(), default=0)


def _own_size(element: etree._Element) -> int:
    if element.tag == "p":
        return sum(map(len, element.itertext()))
    return len((element.text if element.tag == "div" else element.tail) or "")
