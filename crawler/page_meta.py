"""What a page says about itself: its address, title, author, time, and whether it is a wall. Pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from crawler.entries import TITLE_MAX
from crawler.plain import one_line
from crawler.times import has_zone, iso_moment
from crawler.urls import canonical_url
from storage.identity import plain_address

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml import etree

_REL = "translate(@rel, 'CANONICAL', 'canonical')"
_NO_ADDRESS = frozenset({"undefined", "null", "none", "nan", "404", "error", "index"})
_SLUG_DASHES = 3


# ---------------------------------------------------------------- address


def page_address(root: etree._Element, url: str) -> str | None:
    """The page's canonical URL: what its one `rel=canonical` names when that makes sense, else the URL it was read at.

    It must lie on the same site and be neither the front page nor a section above the article, which careless
    templates name on every page.
    """
    own = canonical_url(url)
    hrefs = {
        canonical_url(urljoin(url, str(href).strip()))
        for href in root.xpath(f"//link[contains(concat(' ', {_REL}, ' '), ' canonical ')]/@href")
        if str(href).strip()
    }
    named = hrefs.pop() if len(hrefs) == 1 else None
    if named is None or own is None or not _makes_sense(named, own):
        return own
    if named.startswith("http://") and own.startswith("https://") and urlsplit(named).netloc == urlsplit(own).netloc:
        return "https" + named.removeprefix("http")
    return named


def _makes_sense(named: str, own: str) -> bool:
    if site_of(named) != site_of(own):
        return False
    there, here = urlsplit(named).path.rstrip("/"), urlsplit(plain_address(own)).path.rstrip("/")
    if there == here or (not here and not there):
        return True
    last = there.rpartition("/")[2].lower()
    if not there or last in _NO_ADDRESS:
        return False
    is_above = here.startswith(there + "/")
    return not is_above or any(map(str.isdigit, last)) or last.count("-") >= _SLUG_DASHES


def site_of(url: str) -> str:
    """The registrable domain (`example.co.uk`); the last two names of a host that no public list knows, an IP whole."""
    from courlan import extract_domain  # noqa: PLC0415 (slow to import, for a worker)

    host = urlsplit(url).hostname or ""
    found = extract_domain(url)
    return found or (host if ":" in host or host.replace(".", "").isdigit() else ".".join(host.split(".")[-2:]))


# ---------------------------------------------------------------- title, author, time


def page_title(root: etree._Element) -> str:
    """The headline without the site's name where the page keeps them apart."""
    headings = root.xpath("//h1//text()")
    found = meta(root, "og:title") or " ".join(str(part) for part in headings) or root.findtext(".//title") or ""
    return one_line(found, TITLE_MAX)


def page_author(root: etree._Element) -> str | None:
    """Who wrote it, as the metadata has it."""
    return meta(root, "author")


_DATES = ("article:published_time", "datePublished", "date", "dc.date", "pubdate", "publishdate", "og:published_time")
_JSON_DATE = re.compile(r'"datePublished"\s*:\s*"([^"\\]{8,40})"')
_TIMES = "//time[@datetime and (@itemprop='datePublished' or @pubdate)]/@datetime"


def page_date(root: etree._Element) -> tuple[datetime | None, bool]:
    """The publication time in the page's metadata, and whether it named its zone (UTC is taken when it did not).

    Exact fields first, then htmldate's reading of the day; None rather than a guess out of the text.
    """
    told = _best_told(root)
    if told is not None:
        return iso_moment(told), has_zone(told)
    import htmldate  # noqa: PLC0415 (comes with trafilatura; only when nothing else has a date)

    day = htmldate.find_date(root, extensive_search=False, original_date=True, deferred_url_extractor=True)
    return (datetime.fromisoformat(day).replace(tzinfo=UTC) if day else None), True


def told_day(root: etree._Element) -> date | None:
    """The day of publication where the page was written: as told, whatever day that was in UTC."""
    told = _best_told(root)
    return datetime.fromisoformat(told).date() if told is not None else None


def _best_told(root: etree._Element) -> str | None:
    """The first exact time; one that tells the same hands of the clock with their zone goes before one without."""
    told = [text for text in map(str.strip, _told_dates(root)) if iso_moment(text) is not None]
    if not told or has_zone(told[0]):
        return told[0] if told else None
    hands = datetime.fromisoformat(told[0])
    zoned = (one for one in told if has_zone(one) and datetime.fromisoformat(one).replace(tzinfo=None) == hands)
    return next(zoned, told[0])


def _told_dates(root: etree._Element) -> Iterator[str]:
    for name in _DATES[:2]:
        yield meta(root, name) or ""
    for script in _linked_data(root):
        found = _JSON_DATE.search(script)
        if found:
            yield found[1]
            break
    for name in _DATES[2:]:
        yield meta(root, name) or ""
    yield from (str(value) for value in root.xpath(_TIMES)[:1])


def meta(root: etree._Element, name: str) -> str | None:
    """The first content of a `<meta>` with this property, name or itemprop."""
    for attribute in ("property", "name", "itemprop"):
        for content in root.xpath(f"//meta[@{attribute}=$name]/@content", name=name)[:1]:
            text = one_line(str(content), TITLE_MAX)
            if text:
                return text
    return None


def _linked_data(root: etree._Element) -> Iterator[str]:
    for script in root.iter("script"):
        if "ld+json" in (script.get("type") or ""):
            yield script.text or ""


# ---------------------------------------------------------------- walls


_NOT_FREE = re.compile(r'"isAccessibleForFree"\s*:\s*"?\s*(?:false|no)\b', re.IGNORECASE)


def is_paywalled(root: etree._Element) -> bool:
    """Whether the page says of itself that its text is for subscribers (schema.org's and the search engines' marks)."""
    if (meta(root, "article:content_tier") or "").lower() in {"locked", "metered"}:
        return True
    return any(_NOT_FREE.search(script) for script in _linked_data(root))


def wall(root: etree._Element, url: str, asked: str | None) -> str:
    """What stands in the article's place, as a reason for a person; empty when nothing does.

    A challenge to prove oneself human, a sign-in or consent page it led to, or the front page.
    """
    here, there = urlsplit(url), urlsplit(asked or url)
    walls = _walls()
    title = " ".join((root.findtext(".//title") or "").split()).casefold()
    if title.startswith(walls["challenge"]):
        return f"the server asks for proof of a human reader ({one_line(title, 60)!r})"
    if (here.netloc, here.path) != (there.netloc, there.path):
        if not here.path.strip("/") and there.path.strip("/"):
            return "the address leads to the front page"
        steps = {*here.path.lower().strip("/").split("/"), (here.hostname or "").partition(".")[0]}
        for kind, told in (("sign-in", "the page asks to sign in"), ("consent", "the page asks for consent first")):
            if steps.intersection(walls[kind]):
                return told
    return ""


@cache
def _walls() -> dict[str, tuple[str, ...]]:
    walls: dict[str, list[str]] = {}
    kind = ""
    for line in files("crawler").joinpath("data/walls.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            kind = line.strip("[]")
        elif line and not line.startswith("#"):
            walls.setdefault(kind, []).append(line)
    return {kind: tuple(patterns) for kind, patterns in walls.items()}
