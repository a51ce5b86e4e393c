"""What is fuzzed: for each reader of foreign bytes a function that breaks when one of its laws does, and its seeds.

`tests/test_fuzzing.py` tries a few hundred inputs of each, `benchmarks/fuzz.py` as many as there is time for. Every
target takes any bytes, raises nothing but `Broken`, reads no clock and leaves nothing behind.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from traceback import extract_tb

import crawler.telegram
import envoywatch  # noqa: F401 (makes the plain-named packages importable)
from alerts.meetings.reader import MeetingReader
from alerts.names import NameForms
from alerts.sentences import split_sentences
from alerts.watches.errors import QueryError
from alerts.watches.matcher import compile_watches
from alerts.watches.query import parse_query, render_query
from config.durations import parse_duration, render_duration
from config.errors import ConfigError, EnvoywatchError
from config.files import decode as decode_own
from config.load import load_config
from config.offices import load_office_kinds
from config.people import load_people
from config.people_files import parse_people
from config.sources_csv import scan_csv, write_csv
from config.sources_opml import scan_opml, write_opml
from config.vocabulary import LANGUAGES
from crawler import feeds, listings, pages, sitemaps
from crawler.cutting import cut, pack, shorten, unpack
from crawler.decoding import decode
from crawler.entries import ENTRIES_MAX, ParsedFeed
from crawler.feeds import parse_feed
from crawler.http1 import (
    AnswerReader,
    BodyTooLargeError,
    BrokenOffError,
    HeadersTooLargeError,
    NotHttpError,
    request_bytes,
)
from crawler.listings import ListingRules, read_page
from crawler.pages import PageBytes, extract
from crawler.parsing import FeedReading, read_feed, read_rest
from crawler.polling import fresh_for
from crawler.sitemaps import SitemapIndex, parse_sitemap
from crawler.telegram import parse_preview
from crawler.times import believed, has_zone, iso_moment, told_moment
from crawler.urls import canonical_url
from storage.identity import text_hash
from storage.model import Document, Entry, Fault, FaultKind, Field, TextOrigin

URL = "https://outlet.example/news/"
_CHANNEL = "https://t.me/s/outlet"
AT = datetime(2024, 5, 15, 12, tzinfo=UTC)
FILE = Path("fuzzed.yaml")
_OURS = re.compile(r"\((?:Attribute|Type|Key|Index|Name|UnboundLocal|ZeroDivision|Assertion|NotImplemented)Error\)")
_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")


class Broken(AssertionError):  # noqa: N818 (a law is broken)
    """A law does not hold for an input; says which."""


def law(holds, text):
    """Raise Broken when it does not hold."""
    if not holds:
        raise Broken(text)


# ---------------------------------------------------------------- from the network


def _entries_are_sane(entries):
    law(len(entries) <= ENTRIES_MAX, "more entries than are kept")
    for entry in entries:
        told = "\n".join(filter(None, (entry.url, entry.guid, entry.title, entry.summary, entry.content, entry.author)))
        law(not _UNREADABLE.search(told), f"an unreadable character in {told!r}")
        law(entry.url is None or canonical_url(entry.url) == entry.url, f"{entry.url!r} is not canonical")
        law(entry.url is None or entry.url.startswith(("http://", "https://")), f"{entry.url!r} is no web address")
        law(entry.published_at is None or entry.published_at.utcoffset() == timedelta(0), "a time that is not UTC")


def _is_told(found, *kinds):
    """The outcome is one of those a reader may have."""
    law(isinstance(found, (Fault, *kinds)), f"{type(found).__name__} was returned")
    if isinstance(found, Fault):
        law(found.detail, "a fault without words")
    elif isinstance(found, ParsedFeed):
        _entries_are_sane(found.entries)


def feed(data):
    """Read once and again: the second time nothing is new, and the marks of what was seen stay."""
    first = read_feed(data, None, URL, b"")
    _is_told(first.parsed if isinstance(first, FeedReading) else first, ParsedFeed)
    if isinstance(first, Fault):
        _no_mistake_of_ours(first, lambda: feeds._parse(data, None, URL))
        return
    second = read_feed(data, None, URL, first.seen)
    law(isinstance(second, FeedReading), "read once, and not again")
    if any("well-formed" in note for note in first.parsed.notes):  # one broken item may hide another until it is known
        return
    law(second.seen == first.seen, "the marks of what was seen changed")
    known = {_identity(entry) for entry in first.parsed.entries}
    law(known >= {_identity(entry) for entry in second.parsed.entries}, "the same feed gave something new")


def _no_mistake_of_ours(fault, again):
    """A fault that hides an exception hides one of a library, for hostile input, and none that our own code raised."""
    if not _OURS.search(fault.detail):
        return
    try:
        again()
    except Exception as error:  # noqa: BLE001 (whatever it hides)
        file = Path(extract_tb(error.__traceback__)[-1].filename)
        law("site-packages" in file.parts or not file.is_file(), f"{fault.detail}: {error!r} in {file.name}")


def _identity(entry):
    return entry.url, entry.guid, entry.title, entry.summary, entry.content


def feed_by_both(data):
    """What is read without feedparser is read as feedparser does."""
    try:
        text = decode(data, None)
        simply = feeds.read_simply(feeds._for_parser(text), URL)
    except Exception as error:  # noqa: BLE001 (feedparser is asked then)
        law(not _OURS.search(f"({type(error).__name__})"), repr(error))
        return
    if simply is None:
        return
    ours = feeds._parsed(simply, URL)
    reader, feeds.read_simply = feeds.read_simply, lambda *_: None
    try:
        theirs = feeds._parse_xml(text, URL)
    finally:
        feeds.read_simply = reader
    law(replace(ours, notes=theirs.notes) == theirs, f"read simply {ours}, by feedparser {theirs}")


def cutting(data):
    """A feed cut by the marks of one half of its items keeps the others, and nothing is lost of the bytes between."""
    shorter, left_out = shorten(data)
    law(left_out or shorter == data, "a short feed was shortened")
    whole = cut(data, {})
    law(whole.body == data and not whole.known, "a feed of which nothing was seen was cut")
    if whole.unsure:
        return
    seen = dict.fromkeys(whole.fresh[::2], b"mark")
    part = cut(data, seen)
    law(not part.unsure and set(part.known) == set(seen), "what was seen was not found again")
    law(set(part.fresh) == set(whole.fresh) - set(seen), "an item that was not seen was cut")
    marks = pack(replace(unpack(b""), links=seen))
    law(unpack(marks).links == seen, "marks do not survive packing")
    unpack(data)
    _what_is_left_is_read_alike(data, whole, part, marks)


def _what_is_left_is_read_alike(data, whole, part, marks):
    """The entries of a feed's fresh items are those that reading the whole gives for them."""
    every = parse_feed(data, None, URL)
    if isinstance(every, Fault) or every.items != len(whole.fresh) or any("well-formed" in one for one in every.notes):
        return
    left = read_rest(part, None, URL, marks)
    if left is not None:
        wanted = set(part.fresh)
        told = zip(every.places, every.entries, strict=True)
        fresh = [_identity(entry) for place, entry in told if whole.fresh[place] in wanted]
        law([_identity(entry) for entry in left.parsed.entries] == fresh, "what is left reads otherwise")


def sitemap(data):
    found = parse_sitemap(data, URL)
    _is_told(found, ParsedFeed, SitemapIndex)
    if isinstance(found, Fault):
        _no_mistake_of_ours(found, lambda: sitemaps._parse(sitemaps._unpacked(data), URL))
    for child in found.children if isinstance(found, SitemapIndex) else ():
        law(canonical_url(child) == child, f"{child!r} is not canonical")


def listing(data):
    """Read without a selector, and again with the one that was learned: the same links."""
    first = read_page(data, None, URL, ListingRules())
    _is_told(first.parsed, ParsedFeed)
    if isinstance(first.parsed, Fault):
        _no_mistake_of_ours(first.parsed, lambda: listings._read(data, None, URL, ListingRules()))
    if first.learned is not None and isinstance(first.parsed, ParsedFeed):
        again = read_page(data, None, URL, ListingRules(learned=first.learned))
        law(again.parsed == first.parsed, f"{first.learned} finds others than before")
        law(
            read_page(data, None, URL, ListingRules(links=first.learned)).learned is None, "a given selector is learned"
        )


def selector(data):
    """Whatever is written as a selector is one, or is named as none."""
    page = b'<html><body><h3><a href="/a">Envoy leaves for talks</a></h3></body></html>'
    words = data.decode("utf-8", "replace")
    _is_told(read_page(page, None, URL, ListingRules(links=words, next_page=words)).parsed, ParsedFeed)


def page(data):
    entry = Entry(url=URL + "a", guid=None, title="", summary="A word of the feed.")
    given = PageBytes(URL + "a", data, None)
    text = extract(given, entry, None)
    _no_mistake_of_ours(Fault(FaultKind.MALFORMED, text.reason), lambda: pages._from_page(given, entry))
    law(text.origin is not TextOrigin.PAGE or text.text, "an empty text is said to be the page's")
    law(text.url is None or canonical_url(text.url) == text.url, f"{text.url!r} is not canonical")
    law(not _UNREADABLE.search(text.title + text.text + text.page_title), "an unreadable character")
    law(text_hash(text.title, text.text) == text_hash(text.title, text.text), "its hash is no function of it")


def telegram(data):
    found = parse_preview(data, None, _CHANNEL)
    _is_told(found, ParsedFeed)
    if isinstance(found, Fault):
        _no_mistake_of_ours(found, lambda: crawler.telegram._parse(data, None, _CHANNEL))


def encoding(data):
    """The first line names the type that the server told."""
    head, _, body = data.partition(b"\n")
    for kind in (None, "text/xml; charset=" + head.decode("latin-1")[:80]):
        text = decode(body, kind)
        law(isinstance(text, str), "no text")
        text.encode("utf-8", "surrogatepass")
    with suppress(UnicodeDecodeError):
        plain = body.decode("utf-8")
        if not {"\x00", "\x1b", "\ufffd", "\ufeff"} & set(plain):
            law(decode(body, kind) == plain, "sound UTF-8 was read as something else")


def reply(data):
    """An HTTP answer reads alike in whatever pieces it comes."""
    step = 1 + (data[0] if data else 0) % 7
    whole, pieces = _answer(data, len(data) or 1), _answer(data, step)
    law(whole == pieces, f"in pieces of {step}: {pieces}, at once: {whole}")
    law(request_bytes("GET", "/", [(b"x", data)]).count(b"\r\n") == 3, "a value ended its line")


def _answer(data, step):
    reader = AnswerReader(10_000)
    try:
        for start in range(0, len(data), step):
            reader.feed(data[start : start + step])
            if reader.done:
                break
        reader.end()
    except (NotHttpError, BodyTooLargeError, HeadersTooLargeError, BrokenOffError) as error:
        return type(error)
    return reader.status, reader.headers, reader.body, reader.truncated


# ---------------------------------------------------------------- from people


@cache
def _reader():
    return MeetingReader(load_people())


@cache
def _forms():
    return NameForms(load_people())


def query(data):
    """A query is refused at a place in it, or its normal form reads back as itself; spans lie in the text."""
    text = data.decode("utf-8", "replace")
    try:
        found = parse_query(text)
    except QueryError as error:
        law(1 <= error.column <= len(text) + 1, f"a fault at column {error.column} of {len(text)}")
        return
    normal = render_query(found)
    try:
        again = parse_query(normal)
    except QueryError as error:
        raise Broken(f"its normal form {normal!r} is refused: {error}") from error
    law(render_query(again) == normal, f"{normal!r} becomes {render_query(again)!r}")
    law(again.root == found.root, f"{normal!r} reads back as something else")
    article = Document(title="The envoy speaks", text=f"Talks went on. {text} Nothing more.", language="en")
    matcher = compile_watches([("fuzzed", found)], _forms())
    for match in matcher.match(article):
        for span in match.spans:
            law(0 <= span.start < span.end <= len(getattr(article, span.field)), f"a span outside the text: {span}")


def moment(data):
    """Dates and durations as feeds, pages, servers and people write them."""
    text = data.decode("utf-8", "replace")
    at, zoneless = told_moment(text)
    law(at == iso_moment(text) and (at is not None or not zoneless), "two readings of one time differ")
    law(isinstance(has_zone(text), bool), "no answer")
    for zone in (None, "Europe/Moscow", "Pacific/Apia"):
        found = believed(at, has_zone=not zoneless, zone=zone, seen_at=AT)
        law(found is None or found.utcoffset() == timedelta(0), "a time that is not UTC")
    for name in ("Cache-Control", "Expires", "Age", "Date"):
        fresh = fresh_for({name: text, "Date": "Wed, 15 May 2024 12:00:00 GMT"} | {name: text})
        law(fresh is None or timedelta(0) <= fresh <= timedelta(days=366), f"{fresh} fresh")
    with suppress(ValueError):
        span = parse_duration(text)
        law(abs(parse_duration(render_duration(span)) - span) < timedelta(milliseconds=1), f"{span} does not come back")
    body = f"<rss version='2.0'><channel><title>x</title><item><title>a</title><pubDate>{_safe(text)}</pubDate></item>"
    parsed = parse_feed(f"{body}</channel></rss>".encode(), None, URL)
    _is_told(parsed, ParsedFeed)
    law(isinstance(parsed, ParsedFeed) and len(parsed.entries) == 1, "a date lost its entry")


def _safe(text):
    return "".join(" " if character in "<&>" or ord(character) < 32 else character for character in text)


def detector(data):
    """The first byte chooses the language: every claim's sentence stands where it says, and reading is repeatable."""
    language = LANGUAGES[(data[0] if data else 0) % len(LANGUAGES)]
    text = data[1:].decode("utf-8", "replace")
    title, _, rest = text.partition("\n")
    written = {Field.TITLE: title, Field.TEXT: rest}
    claims = _reader().read(title, rest, language, AT)
    law(claims == _reader().read(title, rest, language, AT), "read twice, two results")
    for claim in claims:
        span = claim.span
        law(0 <= span.start < span.end <= len(written[span.field]), f"a sentence outside the text: {span}")
        law(len(claim.participants) > 1, "a meeting of one")
        for cue in claim.cues:
            law(0 <= cue.span.start <= cue.span.end <= len(written[cue.span.field]), f"a cue outside the text: {cue}")
    spans = split_sentences(rest, language)
    law(all(start < end <= len(rest) for start, end in spans), "a sentence outside the text")
    law(all(one[1] <= other[0] for one, other in pairwise(spans)), "sentences overlap")


def configuration(data):
    """Faults are told with their places; nothing else is raised."""
    with suppress(ConfigError):
        text = decode_own(data, FILE)
        try:
            load_config(FILE, environ={"TOKEN": "secret-value"}, text=text)
        except ConfigError as error:
            law(error.findings, "refused without a reason")
            for finding in error.findings:
                law(finding.line >= 0 and finding.column >= 0 and finding.message, f"no place: {finding}")
                law("secret-value" not in str(finding), f"a secret is told: {finding}")


def people(data):
    findings = []
    with suppress(ConfigError):
        for line in parse_people(decode_own(data, FILE), FILE, load_office_kinds(), findings):
            law(line.line > 0 and line.person.label, "a person without a place")
    law(all(finding.message for finding in findings), "a fault without words")


def sources(data):
    """What was read from a list, written and read again is the same."""
    for scan, write in ((_scan_csv, write_csv), (_scan_opml, write_opml)):
        with suppress(ConfigError):
            found = [row.source for row in scan(data).rows]
            if found:
                again = scan(write(found).encode("utf-8"))
                law(not again.findings, f"our own list is refused: {again.findings}")
                law(_by_name(row.source for row in again.rows) == _by_name(found), "a list does not survive writing")


def _by_name(found):
    """OPML keeps them in folders."""
    return sorted(found, key=lambda source: source.name)


def _scan_csv(data):
    return scan_csv(decode_own(data, FILE), FILE)


def _scan_opml(data):
    return scan_opml(data, FILE)


# ---------------------------------------------------------------- where to begin

_ITEM = (
    b"<item><title>Envoy leaves</title><link>https://outlet.example/1</link><guid isPermaLink='false'>1</guid>"
    b"<pubDate>Wed, 15 May 2024 10:00:00 +0300</pubDate><description>&lt;p&gt;He &amp;amp; she&lt;/p&gt;</description>"
    b"</item>"
)
_RSS = (
    b'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    b' xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>N</title><ttl>60</ttl>'
    + _ITEM
    + b"<item><title><![CDATA[Two]]></title><link>/2</link><dc:creator>A. B.</dc:creator>"
    b"<content:encoded><![CDATA[<p>All of it</p>]]></content:encoded></item><!-- end --></channel></rss>"
)
_ATOM = (
    b'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="pl"><title>N</title><entry><title type="html">A &amp;lt;b>'
    b'</title><link rel="alternate" href="/1"/><id>urn:1</id><updated>2024-05-15T10:00:00Z</updated>'
    b'<author><name>A</name></author><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">x</div></content>'
    b"</entry></feed>"
)
_RDF = (
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"><channel>'
    b'<title>N</title></channel><item rdf:about="http://o.example/1"><title>A</title></item></rdf:RDF>'
)
_JSON = (
    b'{"version":"https://jsonfeed.org/version/1.1","title":"N","language":"uk","items":[{"id":1,"url":"/1","title":'
    b'"A","content_html":"<p>x</p>","date_published":"2024-05-15T10:00:00+03:00","authors":[{"name":"B"}]},'
    b'{"id":"2","content_text":"t"}]}'
)
_SITEMAP = (
    b'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/'
    b'sitemap-news/0.9"><url><loc>https://outlet.example/1</loc><lastmod>2024-05-15</lastmod><news:news><news:'
    b"publication_date>2024-05-15T10:00Z</news:publication_date><news:title>A</news:title></news:news></url></urlset>"
)
_INDEX = (
    b"<sitemapindex><sitemap><loc>https://outlet.example/s.xml</loc><lastmod>2024</lastmod></sitemap></sitemapindex>"
)
_LISTING = (
    "<!DOCTYPE html><html lang='ru'><head><title>Новости</title><base href='/n/'></head><body><main>"
    + "".join(
        f"<article class='teaser'><h3><a href='2024/{n}.html'>Посланник номер {n} прибыл в город</a></h3>"
        f"<time datetime='2024-05-{n:02}T10:00'>x</time></article>"
        for n in range(1, 5)
    )
    + "</main><a rel='next' href='?page=2'>Дальше</a></body></html>"
).encode()
_PAGE = (
    b"<html lang=en><head><title>Envoy leaves - Outlet</title><link rel=canonical href=/news/a><meta "
    b'property="article:published_time" content="2024-05-15T10:00:00Z"><script type="application/ld+json">'
    b'{"@type":"NewsArticle","headline":"Envoy leaves","datePublished":"2024-05-15","author":{"name":"A. Writer"}}'
    b"</script></head><body><nav><a href=/>Home</a></nav><article><h1>Envoy leaves</h1><p>The envoy left the capital on"
    b" Wednesday after two days of talks with the ministry.</p><p>Nothing was said of the next journey, nor of the "
    b"day.</p></article></body></html>"
)
_TELEGRAM = (
    '<html><head><title>Outlet – Telegram</title></head><body><div class="tgme_channel_info"></div><div class="'
    'tgme_widget_message_wrap"><div class="tgme_widget_message" data-post="outlet/7"><a class="'
    'tgme_widget_message_owner_name">Outlet</a><div class="tgme_widget_message_text">One<br/>two</div><a class="'
    'tgme_widget_message_date" href="https://t.me/outlet/7"><time datetime="2024-05-15T10:00:00+00:00">10:00</time>'
    "</a></div></div></body></html>"
).encode()
_CONFIG = b"""\
crawl: {interval: 5m, min_interval: 60s, delay: 1s, user_agent: "E (+https://o.example)"}
web: {listen: "127.0.0.1:8470"}
sources:
  - name: A
    language: en
    role: official
    endpoints: &e [feed: 'https://o.example/a', {listing: 'https://o.example/b', links: "h3 a"}]
  - {name: B, endpoints: *e}
  - catalogue: [ua]
people:
  - {name: Ada Moon, offices: [{title: Envoy, country: CN, level: deputy, from: 2019-08-01}], forms: {zh: [x]}}
groups: {envoys: [Ada Moon]}
watches:
  - {name: W, query: '@ada-moon NEAR/s (a OR b)', send: now, channels: [desk]}
channels:
  desk: {url: "json://${TOKEN}@127.0.0.1:9/x"}
digest: {at: ["08:00"], time_zone: Europe/Kyiv, channels: [desk]}
"""
_CSV = (
    b"name,url,kind,language,country,role\nA,https://o.example/a,feed,en,RU,media\n'=B,https://o.example/b,listing,,,\n"
    b"A,https://o.example/c,sitemap,en,RU,media\n"
)
_OPML = (
    b'<opml version="2.0"><body><outline text="RU"><outline text="A" xmlUrl="https://o.example/a"/></outline>'
    b'<outline text="A" xmlUrl="https://p.example/a" category="/UA/official"/></body></opml>'
)
_SAID = {
    "en": "Macron met Modi in Paris on Monday, the envoy said.\nThe leaders will not meet again; talks were cancelled.",
    "ru": "Путин принял Си Цзиньпина в Москве.\nПеговоры отменены, сообщил источник, в среду встреча не состоится.",
    "zh": "习近平会见普京\n国家主席习近平5月16日在北京会见俄罗斯总统普京。双方没有举行会谈。",
    "uk": "Зеленський зустрівся з Макроном у Парижі.\nЗустріч скасовано, повідомило джерело 15 травня.",
    "de": "Scholz traf Macron am Montag in Berlin.\nDas Treffen wurde abgesagt, hieß es aus Kreisen.",
    "fr": "Macron a reçu Scholz lundi à Paris.\nLa rencontre n'a pas eu lieu, selon une source.",
    "pl": "Tusk spotkał się z Zełenskim w Kijowie.\nRozmowy odwołano w środę.",
    "es": "Sánchez se reunió con Macron el lunes.\nLa reunión fue cancelada, según fuentes.",
}


@dataclass(frozen=True)
class Target:
    """A law-breaking function with seeds, and words that mean something to what is read."""

    run: Callable[[bytes], None]
    seeds: tuple[bytes, ...]
    words: tuple[bytes, ...] = ()


_XML_WORDS = (
    *(b"<![CDATA[", b"]]>", b"<!--", b"-->", b"<item>", b"</item>", b"<item/>", b"<entry>", b"</entry>", b"&#0;"),
    *(b"<!DOCTYPE rss [<!ENTITY e 'x'>]>", b"&e;", b"&amp;", b"&", b"<link>", b"\x00", b"\xff\xfe", b"<x:item>"),
    *(b" xml:base='http://[::1'", b" xmlns=''", b"http://[", b"http://\xd1\x8f.example:99999/", b"9" * 400, b"]]"),
)
_HTML_WORDS = (
    *(b"<a href='http://[x'>", b"<base href='//'>", b"<time datetime='9999-99-99'>", b"<table><tr><td>", b"</a>"),
    *(b"<script type='application/ld+json'>", b"{", b"[[[[", b"null", b"<svg>", b"<!--", b"&#xD800;", b"&#x110000;"),
    *(b"<meta charset=utf-16>", b"<template>", b"<a", b" class=''", b"\x00", b"javascript:", b"<h3><a href='/x'>"),
)
_DATES = (
    *(b"Wed, 15 May 2024 10:00:00 GMT", b"2024-05-15T10:00:00+03:00", b"0001-01-01T00:00:00+14:00", b"1h30m", b"90s"),
    *(b"max-age=60, stale-while-revalidate=9", b"9999-12-31T23:59:59-14:00", b"2024-W20-3", b"20240515T10Z", b"3.5d"),
)
_QUERY_WORDS = (
    *(b" NEAR/5 ", b" NEAR/s ", b" AND ", b" OR ", b" NOT ", b"title:", b"text:", b'"', b"\xe2\x80\x9c", b"\xc2\xab"),
    *(b"(", b")", b"*", b"=", b"/a(b|c)+/", b"~3", b"@li-hui", b"lang:ru", b"role:official", b'source:"', b"-", b"\\"),
    *(b"\xef\xbc\x9a", b"\xe3\x80\x80", b"\xe6\x99\xae\xe4\xba\xac", b"\xd9\x8a", b"\xcc\x81", b"\xef\xbc\x88"),
)
_SAID_WORDS = tuple(word for text in _SAID.values() for word in text.encode().split())

TARGETS = {
    "feed": Target(feed, (_RSS, _ATOM, _RDF, _JSON), _XML_WORDS),
    "feed-by-both": Target(feed_by_both, (_RSS, _ATOM, _RDF), _XML_WORDS),
    "json-feed": Target(feed, (_JSON,), (b"null", b"[", b"{", b'"items":[', b"1e999", b"\\ud800", b"NaN", b"true")),
    "cutting": Target(cutting, (_RSS, _ATOM, _JSON), _XML_WORDS),
    "sitemap": Target(sitemap, (_SITEMAP, _INDEX, b"https://o.example/1\nhttps://o.example/2\n", _RSS), _XML_WORDS),
    "listing": Target(listing, (_LISTING,), _HTML_WORDS),
    "selector": Target(selector, (b"h3 a", b"main > article.x a[href^='/n']:not(.y)"), (b":", b"::", b"[", b"*", b">")),
    "page": Target(page, (_PAGE, _LISTING), _HTML_WORDS),
    "telegram": Target(telegram, (_TELEGRAM,), _HTML_WORDS),
    "encoding": Target(
        encoding,
        (b"koi8-r\n" + "Посол прибыл".encode("koi8-r"), b"utf-8\n<?xml encoding='gb18030'?>x", b"\n\x1b$B$"),
        (b"utf-16", b"utf-7", b"iso-2022-jp", b"zlib", b"idna", b"punycode", b"\x00", b"\xef\xbb\xbf", b"\x1b$B"),
    ),
    "reply": Target(
        reply,
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a\r\nhe\r\n3\r\nllo\r\n0\r\nX: 1\r\n\r\n",
            b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.0 200\nContent-Length: 5\n\nhello",
        ),
        (
            b"\r\n\r\n",
            b"\n\n",
            b"Content-Length: 3, 3\r\n",
            b"Connection: close\r\n",
            b"HTTP/1.1 304 x",
            b"0\r\n",
            b" ",
        ),
    ),
    "query": Target(
        query,
        (
            b'@li-hui NEAR/s (Ukraine OR "peace talks"~3) -title:rumou*',
            'источник:"ТАСС" OR lang:ru (=Путин OR 普京) /а+б/'.encode(),
        ),
        _QUERY_WORDS,
    ),
    "moment": Target(moment, _DATES, (*_DATES, b"+99:99", b"0000", b"e", b"\xd9\xa3", b"-", b" (MSK)", b"99999999999")),
    "detector": Target(
        detector, tuple(bytes((at,)) + _SAID[name].encode() for at, name in enumerate(LANGUAGES)), _SAID_WORDS
    ),
    "configuration": Target(
        configuration,
        (_CONFIG,),
        (b"*a", b"&a ", b"!!x ", b"? ", b": ", b"- ", b"<<: ", b"${TOKEN}", b"${", b"{}", b"[", b"\t", b"1e999", b"~"),
    ),
    "people": Target(
        people,
        (
            b"- {name: Ada Moon, country: CN, offices: [president 2019..2024, envoy], sex: f, ru: x}\n",
            b"- name: Ada Moon\n  country: FR\n  offices: [minister-foreign 2019-02..]\n",
        ),
        (b"- {", b"name: ", b"offices: [", b"..", b"2019-13", b" jointly", b"short: ", b"zh: ", b"&a", b"*a", b"!!x"),
    ),
    "sources": Target(
        sources,
        (_CSV, _OPML),
        (b'"', b",", b";", b"\t", b"'=", b"\r", b"text='", b"<outline ", b"feed", b"https://x.example/"),
    ),
}


def try_input(target, data):
    """Run a target; what it raises without meaning to is broken law, too."""
    try:
        TARGETS[target].run(data)
    except Broken:
        raise
    except EnvoywatchError as error:
        raise Broken(f"an expected trouble got out: {error!r}") from error
    except Exception as error:
        raise Broken(f"raised {error!r}") from error
