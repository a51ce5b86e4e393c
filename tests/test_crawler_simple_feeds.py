"""What is read without feedparser is read as by feedparser: every test asks both."""

import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler import feeds
from crawler.entries import ParsedFeed
from crawler.feeds import parse_feed
from crawler.simple_feeds import read_simply

URL = "https://news.example/feeds/rss.xml"
NAMESPACES = (
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    ' xmlns:media="http://search.yahoo.com/mrss/" xmlns:atom="http://www.w3.org/2005/Atom"'
    ' xmlns:own="https://own.example/ns" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"'
    ' xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0" xmlns:dcterms="http://purl.org/dc/terms/"'
)
TITLE = "<title>Envoy in Kyiv</title>"
SHORT = "<description>&lt;p&gt;One&lt;/p&gt;</description>"
FULL = "<content:encoded><![CDATA[<p>All</p>]]></content:encoded>"


def rss(*items, head="<title>News</title>", root=""):
    inside = "".join(f"<item>{item}</item>" for item in items)
    return f'<rss version="2.0" {NAMESPACES} {root}><channel>{head}{inside}</channel></rss>'.encode()


def atom(*entries, head="<title>News</title>", root=""):
    inside = "".join(f"<entry>{entry}</entry>" for entry in entries)
    return f'<feed xmlns="http://www.w3.org/2005/Atom" {NAMESPACES} {root}>{head}{inside}</feed>'.encode()


def both(body):
    """The feed as read simply, None when it is not, and as feedparser has it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feeds, "read_simply", lambda *_: None)
        theirs = parse_feed(body, None, URL)
    found = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feeds, "read_simply", lambda *given: found.append(read_simply(*given)) or found[0])
        ours = parse_feed(body, None, URL)
    return (ours if found and found[0] is not None else None), theirs


SIMPLE = [
    TITLE + "<link>https://news.example/a</link><guid>https://news.example/a</guid><description>Words</description>",
    TITLE + "<link> /a?b=1&amp;amp;c=2&amp;x; </link><guid isPermaLink='false'>7</guid>",
    "<guid>https://news.example/b</guid>" + TITLE,
    "<guid>b</guid><link/>" + TITLE,
    "<guid>mailto:b</guid><link>https://news.example/b</link>",
    TITLE
    + "<description>&lt;p&gt;One&lt;/p&gt;</description><content:encoded><![CDATA[<p>All</p>]]></content:encoded>",
    TITLE
    + "<content:encoded><![CDATA[<p>All</p>]]></content:encoded><description>&lt;p&gt;One&lt;/p&gt;</description>",
    TITLE + "<content:encoded>All</content:encoded>",
    TITLE + "<description/><content:encoded>All</content:encoded>",
    TITLE + "<pubDate>Wed, 17 May 2023 10:00:00 +0300</pubDate><dc:date>2023-05-18T10:00:00Z</dc:date>",
    TITLE + "<dc:date>2023-05-18T10:00</dc:date>",
    TITLE + "<pubDate>soon</pubDate><dcterms:modified>2023-05-18</dcterms:modified>",
    TITLE + "<author>a@b.example (A. Writer)</author><dc:creator>B. Writer</dc:creator>",
    TITLE + "<category domain='x'>War</category><comments>x</comments><enclosure url='x'/><source url='x'>Y</source>",
    TITLE + "<own:thing><own:deep a='1'>x</own:deep></own:thing><own:title>Not it</own:title><unknown>x</unknown>",
    TITLE + "<media:content url='x'><media:title>P</media:title><media:credit>C</media:credit></media:content>",
    "<media:title>Photo</media:title>" + TITLE,
    TITLE + "<media:group><media:thumbnail url='x'>t</media:thumbnail></media:group><media:keywords>a</media:keywords>",
    TITLE + "<atom:link rel='Alternate' href='/b'/><atom:link rel='self' href='/c'/>",
    TITLE + "<link>https://news.example/a</link><feedburner:origLink>https://news.example/o</feedburner:origLink>",
    TITLE + "<atom:updated>2023-05-18T10:00:00Z</atom:updated><atom:summary>S</atom:summary>",
    TITLE + "<!-- a comment --><?pi x?><description>Wo<!-- x -->rds</description>",
    "<title>Посол у Києві: “так”</title><description>Ürümqi, &#8220;x&#8221; &amp;amp; y</description>",
    "<title></title><description>only words</description>",
    "",
]
ODD = [
    TITLE + "<description>One</description><description>Two</description>",
    TITLE + TITLE,
    TITLE + "<description>Words <b>bold</b></description>",
    TITLE + "<description type='xhtml'>x</description>",
    TITLE + "<media:description>Photo of</media:description>",
    "<media:title>Photo</media:title>",
    TITLE + "<image><title>Photo</title><link>x</link></image>",
    TITLE + "<link rel='x'>https://news.example/a</link>",
    TITLE + "<link>https:///news.example/a</link>",
    TITLE + "<guid other='x'>1</guid>",
    TITLE + "<atom:source><atom:title>Other</atom:title></atom:source>",
    TITLE + "<own:thing><description>inner</description></own:thing>",
    TITLE + "<links>x</links>",
    TITLE + "<description xml:base='http://other.example/'>x</description>",
    "<title>MÃ¼nchen</title>",
    "<title>quo\x80te</title>",
    "<title>a\xa0&nbsp;b</title>",
    TITLE + "<itunes:summary xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd'>s</itunes:summary>",
    TITLE + "<media:title xmlns:media='https://elsewhere.example/'>x</media:title>",
    TITLE + "<x xmlns='https://elsewhere.example/'>x</x>",
    TITLE + "<item>" + TITLE + "</item>",
]


@pytest.mark.parametrize("item", SIMPLE)
def test_plain_items_are_read_without_feedparser_and_alike(item):
    ours, theirs = both(rss(item, TITLE))
    assert ours is not None
    assert ours == theirs


@pytest.mark.parametrize("item", ODD)
def test_whatever_feedparser_may_read_otherwise_is_left_to_it(item):
    ours, theirs = both(rss(TITLE, item))
    assert ours is None
    assert isinstance(theirs, ParsedFeed)


@pytest.mark.parametrize(
    "entry",
    [
        TITLE + "<id>tag:news.example,2023:1</id><link href='/a'/><updated>2023-05-18T10:00:00Z</updated>",
        "<title type='html'>&lt;b&gt;A&lt;/b&gt; &amp;amp; B</title><id>https://news.example/1</id>",
        "<title type='text'>&lt;b&gt;A</title><link rel='enclosure' href='x'/><link type='text/html' href='b'/>",
        TITLE + "<summary>S &lt;</summary><content type='html'>&lt;p&gt;All&lt;/p&gt;</content>",
        TITLE + "<content type='html'>&lt;p&gt;All&lt;/p&gt;</content><summary type='html'>S &lt;i&gt;</summary>",
        TITLE + "<content>Only &lt;b&gt;</content>",
        TITLE + "<author><name>A. Writer</name><email>a@b.example</email><uri>x</uri></author>",
        TITLE + "<author><email>b@b.example</email></author><category term='x'/>",
        TITLE + "<author><uri>x</uri></author><rights>x</rights>",
        TITLE + "<published>2023-05-18T10:00:00+03:00</published><link type='application/pdf' href='/x.pdf'/>",
    ],
)
def test_plain_atom_is_read_without_feedparser_and_alike(entry):
    ours, theirs = both(atom(entry))
    assert ours is not None
    assert ours == theirs


@pytest.mark.parametrize(
    "entry",
    [
        "<author><name>A</name></author><author><email>b@b.example</email></author>",
        "<author><name>A</name></author><dc:creator>B</dc:creator>",
        "<author><name>A</name><name>B</name></author>",
        "<author><name>A</name><homepage>x</homepage></author>",
        "<contributor><name>C</name></contributor>",
        "<content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>x</div></content>",
        "<content type='application/octet-stream'>eA==</content>",
        "<content src='x'/>",
    ],
)
def test_atom_that_is_not_plain_is_left_to_feedparser(entry):
    assert both(atom(TITLE + entry))[0] is None


@pytest.mark.parametrize(
    "body",
    [
        rss(
            TITLE,
            head="<title>News &amp; more</title><language>uk-UA</language><ttl>30</ttl><image><title>x</title></image>",
        ),
        rss(TITLE, root="xml:lang='ru'"),
        rss(TITLE, root="xml:lang='ru'", head="<dc:language>en</dc:language>"),
        rss(head="<title>Empty</title>"),
        atom(TITLE, root="xml:lang='de'"),
        rss(TITLE, head="<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>"),
    ],
)
def test_what_a_feed_says_of_itself_is_read_alike(body):
    ours, theirs = both(body)
    assert ours is not None
    assert ours == theirs


@pytest.mark.parametrize(
    "document",
    [
        b"<rss><channel/><item/></rss>",
        b"<rdf/>",
        b"<rss><channel><item></channel></rss>",
        b"<rss xml:base='x'><channel/></rss>",
        b"",
    ],
)
def test_other_documents_are_not_read_simply(document):
    assert read_simply(document, URL) is None


PIECES = st.sampled_from(sorted({*SIMPLE, *ODD, "text", "<title>b</title>", "<link>c</link>", "<guid>d</guid>"}))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(PIECES, max_size=3).map("".join), max_size=3), st.sampled_from([rss, atom]))
def test_any_mixture_is_read_alike_or_left_alone(items, feed):
    ours, theirs = both(feed(*items))
    assert ours is None or ours == theirs


@pytest.mark.no_cover
def test_recorded_feeds_are_read_alike_or_left_alone(shared):
    folders = [shared / "data/feeds" / name for name in ("real", "illformed")]
    bodies = [path.read_bytes() for folder in folders for path in sorted(folder.rglob("*"))[::3] if path.is_file()]
    bodies += [
        gzip.decompress(path.read_bytes()) for path in sorted((shared / "data/feeds/timeline").rglob("*.gz"))[::16]
    ]
    simple = 0
    for body in bodies:
        ours, theirs = both(body)
        if ours is not None:
            simple += 1
            assert ours == theirs
    assert simple > 40
