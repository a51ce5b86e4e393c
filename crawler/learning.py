"""Which links of a listing page are its articles, learned from the page: the repeated structure whose links look so.

Pure. What is learned is a CSS selector: it can be read, tried by hand and copied into the configuration.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lxml.cssselect import CSSSelector

from crawler.markup import element_text
from crawler.page_meta import site_of
from crawler.urls import canonical_url

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lxml import etree

LINKS_MIN = 3
_ANCHORS_READ = 4_000
_STEPS = 4
_STEPS_MAX = 8
_MOST = 0.8
_TITLE_ENOUGH = 24  # letters; a Chinese character says as much as two and a half
_WIDE = 2.5
_ALIKE = 0.4
"""A further structure belongs to the list when it scores so much of the best one's, and leads to the same shelf."""
_STRUCTURES_MAX = 4
_SCORE_MIN = 0.25

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_TAG = re.compile(r"[a-z][a-z0-9-]*")
"""Others, such as Word's `o:p`, have no name in a selector."""
_MADE_UP = re.compile(
    r"\d{2,}|^(?:css|sc|jsx|svelte|emotion|styles?)-|__[A-Za-z0-9]{5,}$|^[a-z]{1,2}$|^\w{0,4}[a-z][A-Z][a-z][A-Z]\w{0,4}$"
)
"""Names that a style compiler makes change with every release of a site."""
_PASSING = re.compile(r"(?:^|[-_])(?:first|last|odd|even|active|current|new|hot|selected|visited|lazy\w*)(?:$|[-_])")
_ASIDE_TAGS = frozenset({"nav", "header", "footer", "aside", "form", "select", "menu"})
_ASIDE = re.compile(
    r"(?:^|[-_\s])(?:nav\w*|menu\w*|foot\w*|breadcrumb\w*|pag(?:er|ination|inator)|social|share|tags?|tagcloud|lang\w*"
    r"|login|cookie\w*|copyright|partners?|banner|sidebar|toolbar|submenu|subnav|sitemap|friend\w*)(?:$|[-_\s\d])",
    re.IGNORECASE,
)
_ARTICLE_PATH = re.compile(
    r"\d{4,}|(?:[^/-]+-){3}|/20\d\d/|/\d+/?$|\.s?html?$|[?&](?:id|nid|p|a|art\w*|news\w*)=\d+", re.IGNORECASE
)
_TIME = re.compile(r"\b20\d\d[-./年]\s?\d{1,2}|\b\d{1,2}[./]\d{1,2}[./]20\d\d|\b\d{1,2}:\d\d\b|\b20\d\d\b")
_WIDE_LETTER = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True, slots=True)
class Learned:
    """A selector, and how many different links it finds on the page it was learned from."""

    selector: str
    links: int


@dataclass
class _Structure:
    """The anchors that stand in the same kind of place."""

    anchors: list[etree._Element] = field(default_factory=list)
    titles: dict[str, str] = field(default_factory=dict)
    """By canonical URL, the longest text of a link to it."""
    score: float = 0.0


def learn_links(root: etree._Element, url: str, base: str) -> Learned | None:
    """The best structure of a page, with those like it; None when no three links look like articles."""
    structures = [one for one in _structures(root, url, base) if len(one.titles) >= LINKS_MIN]
    for one in structures:
        one.score = _score(one)
    likely = sorted((one for one in structures if one.score >= _SCORE_MIN), key=lambda one: -one.score)
    chosen: dict[str, _Structure] = {}
    for one in likely:
        best = next(iter(chosen.values()), one)
        if one.score < _ALIKE * best.score or len(chosen) == _STRUCTURES_MAX:
            break
        selector = _exact(root, one) if _shelf(one.titles) == _shelf(best.titles) else None
        if selector is not None:
            chosen[selector] = one
    if not chosen:
        return None
    return Learned(", ".join(chosen), len({link for one in chosen.values() for link in one.titles}))


def _structures(root: etree._Element, url: str, base: str) -> Iterable[_Structure]:
    host = _site(url)
    itself = canonical_url(url)
    found: dict[str, _Structure] = {}
    for number, anchor in enumerate(root.iter("a")):
        if number >= _ANCHORS_READ:
            break
        href = (anchor.get("href") or "").strip()
        if not href or href.startswith("#"):
            continue
        link = canonical_url(href, base)
        if link is None or link == itself or _site(link) != host:
            continue
        structure = found.setdefault(_selector(anchor), _Structure())
        structure.anchors.append(anchor)
        title = link_title(anchor)
        if len(title) >= len(structure.titles.get(link, "")):
            structure.titles[link] = title
    return found.values()


def link_title(anchor: etree._Element) -> str:
    """A link's words; of a whole card that is one link only its heading's."""
    heading = next(anchor.iter("h1", "h2", "h3", "h4", "h5"), None)
    text = element_text(anchor if heading is None else heading)
    return " ".join((text or anchor.get("title", "") or anchor.get("aria-label", "")).split())


@lru_cache(maxsize=1_000)
def _site_of_host(host: str) -> str:
    return site_of(f"https://{host}/")


def _site(url: str) -> str:
    """News of `www.x.org` may live on `news.x.org`."""
    return _site_of_host(urlsplit(url).netloc)


def _selector(anchor: etree._Element, most: int = _STEPS) -> str:
    """The anchor's place: itself and a few elements around it, each with the one class or id that seems to last."""
    steps: list[str] = []
    for node in itertools.chain([anchor], anchor.iterancestors()):
        if len(steps) == most or not isinstance(node.tag, str) or node.tag == "html" or not _TAG.fullmatch(node.tag):
            break
        steps.append(node.tag + _lasting_name(node))
    return " > ".join(reversed(steps))


def _lasting_name(node: etree._Element) -> str:
    for mark, names in ((".", (node.get("class") or "").split()), ("#", (node.get("id") or "").split())):
        for name in names:
            if _NAME.fullmatch(name) and not _MADE_UP.search(name) and not _PASSING.search(name.lower()):
                return mark + name
    return ""


def _exact(root: etree._Element, structure: _Structure) -> str | None:
    """A selector that finds the structure and hardly anything else, as short as does; None when there is none."""
    own = set(structure.anchors)
    for steps in range(_STEPS, _STEPS_MAX + 1):
        selector = _selector(structure.anchors[0], steps)
        found = set(CSSSelector(selector, translator="html")(root))
        if len(found & own) >= _MOST * len(own) and len(found - own) <= (1 - _MOST) * len(own):
            return selector
    return None


def _score(structure: _Structure) -> float:
    """How much a structure looks like a list of articles: headlines for words, articles' addresses, a time beside."""
    titles = list(structure.titles.values())
    words = sum(_weight(title) for title in titles) / len(titles)
    distinct = len(set(titles)) / len(titles)
    paths = sum(bool(_ARTICLE_PATH.search(link.partition("//")[2].partition("/")[2])) for link in structure.titles)
    shaped = 0.4 + 0.6 * paths / len(titles)
    sample = structure.anchors[:20]
    timed = 1 + 0.5 * sum(map(_is_timed, sample)) / len(sample)
    headed = 1.3 if any(_is_headed(anchor) for anchor in sample[:3]) else 1.0
    aside = 0.15 if _is_aside(sample[0]) else 1.0
    return words * distinct * shaped * timed * headed * aside * math.log2(1 + min(len(titles), 40)) / 2


def _weight(title: str) -> float:
    wide = len(_WIDE_LETTER.findall(title))
    letters = sum(character.isalpha() for character in title) - wide + _WIDE * wide
    return min(1.0, (letters / _TITLE_ENOUGH) ** 2)


def _is_timed(anchor: etree._Element) -> bool:
    """Whether a time stands with the link: in the nearest two elements around it, if those hold little else."""
    for around in itertools.islice(itertools.chain([anchor], anchor.iterancestors()), LINKS_MIN):
        if len({one.get("href") for one in around.iter("a")}) > LINKS_MIN:
            return False
        if around.find(".//time") is not None or _TIME.search(element_text(around)[:600]):
            return True
    return False


def _is_headed(anchor: etree._Element) -> bool:
    if next(anchor.iter("h1", "h2", "h3", "h4"), None) is not None:
        return True
    return any(one.tag in {"h1", "h2", "h3", "h4", "article"} for one in list(anchor.iterancestors())[:_STEPS])


def _is_aside(anchor: etree._Element) -> bool:
    return any(
        (one.tag in _ASIDE_TAGS and next(one.iterancestors("article"), None) is None)
        or one.get("role") in {"navigation", "banner", "contentinfo", "complementary"}
        or bool(_ASIDE.search(f"{one.get('class') or ''} {one.get('id') or ''}"))
        for one in anchor.iterancestors()
        if one.tag not in {"body", "html"}
    )


def _shelf(links: Iterable[str]) -> tuple[str, ...]:
    """The kind of address that most links have: its folders, with digits and slugs masked."""
    shapes: defaultdict[tuple[str, ...], int] = defaultdict(int)
    for link in links:
        folders = urlsplit(link).path.split("/")[1:-1]
        shapes[tuple("#" if re.search(r"\d", one) else one for one in folders[:2])] += 1
    return max(shapes, key=lambda shape: shapes[shape])


# ---------------------------------------------------------------- the next page


def find_next(root: etree._Element, url: str, base: str) -> str | None:
    """The address of the page after this one, where it says so: `rel=next`, or a link whose only word is "next"."""
    relations = [*root.iter("link"), *root.iter("a")]
    for element in relations:
        if "next" in (element.get("rel") or "").lower().split():
            return other_page(element.get("href"), url, base)
    for anchor in root.iter("a"):
        label = " ".join((element_text(anchor) or anchor.get("title") or anchor.get("aria-label") or "").split())
        if label.strip(" .:>→›»").casefold() in _next_words() and (label or "").strip():
            return other_page(anchor.get("href"), url, base)
    return None


def other_page(href: str | None, url: str, base: str) -> str | None:
    """On the same site, and not this page again."""
    target = canonical_url(href, base)
    if target is None or target == canonical_url(url) or _site(target) != _site(url):
        return None
    return target


@cache
def _next_words() -> frozenset[str]:
    text = files("crawler").joinpath("data/next-words.txt").read_text(encoding="utf-8")
    return frozenset(line.strip().casefold() for line in text.splitlines() if line.strip() and not line.startswith("#"))
