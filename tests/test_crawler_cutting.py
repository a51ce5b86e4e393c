from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.cutting import Cut, Seen, cut, link_mark, pack, spans_in, unpack
from storage.model import Entry


def item(name, more=""):
    return f"<item><title>{name}</title><link>https://news.example/{name}</link>{more}</item>"


def rss(*items, head="<title>News</title>", between="\n"):
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{head}{between.join(items)}</channel></rss>'.encode()


def seen_of(body):
    found = cut(body, {})
    assert not found.unsure
    return dict.fromkeys(found.known + found.fresh, b"link")


# ---------------------------------------------------------------- what is cut


def test_nothing_is_cut_at_first():
    body = rss(item("a"), item("b"))
    found = cut(body, {})
    assert (found.body, len(found.fresh), found.known, found.unsure) == (body, 2, (), "")


def test_seen_items_are_cut_and_the_feed_around_them_stays():
    seen = seen_of(rss(item("a"), item("b")))
    found = cut(rss(item("c"), item("a"), item("b"), head="<title>Other</title>", between=""), seen)
    assert found.body == rss(item("c"), head="<title>Other</title>")
    assert (len(found.fresh), len(found.known)) == (1, 2)


def test_an_item_that_changed_by_one_character_is_fresh():
    seen = seen_of(rss(item("a"), item("b")))
    found = cut(rss(item("a", "<description>.</description>"), item("b")), seen)
    assert b"<description>" in found.body
    assert b"/b</link>" not in found.body


def test_when_all_were_seen_nothing_is_fresh_whatever_the_feed_says_of_itself():
    seen = seen_of(rss(item("a"), item("b")))
    found = cut(rss(item("b"), item("a"), head="<lastBuildDate>now</lastBuildDate>"), seen)
    assert (found.fresh, len(found.known)) == ((), 2)


@pytest.mark.parametrize(
    "hidden",
    [
        "<description><![CDATA[ends </item> and begins <item> ]]></description>",
        "<!-- </item> <item> -->",
        "<description>&lt;/item&gt;</description>",
        "<items><li/></items><itemised>x</itemised>",
    ],
)
def test_what_only_looks_like_an_items_border_is_none(hidden):
    body = rss(item("a", hidden), item("b"))
    assert len(cut(body, {}).fresh) == 2
    assert cut(body, seen_of(rss(item("b")))).body == rss(item("a", hidden), "")


def test_items_in_comments_are_none():
    assert len(cut(rss("<!-- " + item("old") + " -->", item("a")), {}).fresh) == 1


@pytest.mark.parametrize(
    "document",
    [
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:base="/x/"><entry>{0}</entry ><entry>{1}</entry></feed>',
        '<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:entry>{0}</a:entry><a:entry\n>{1}</a:entry></a:feed>',
        '<rdf:RDF><channel><items><rdf:Seq/></items></channel><item rdf:about="x">{0}</item><item>{1}</item></rdf:RDF>',
        "<!DOCTYPE rss PUBLIC 'x'><RSS><Item>{0}</Item><Item>{1}</Item></RSS>",
    ],
)
def test_items_of_every_kind_of_feed_are_found(document):
    body = document.format("one", "two").encode()
    found = cut(body, {})
    assert (len(found.fresh), found.unsure) == (2, "")
    left = cut(body, {found.fresh[0]: b""}).body
    assert b"one" not in left
    assert b"two" in left
    assert left.startswith(body[: body.index(b"tem" if b"tem>" in body else b"entry") - 2])


def test_an_empty_item_is_one():
    assert len(cut(rss("<item/>", "<item rdf:about='x' />", item("a")), {}).fresh) == 3


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (rss(item("a"), "<item><title>cut off"), "balanced"),
        (rss("<item>" + item("nested") + "</item>"), "balanced"),
        (rss("</item>", item("a")), "balanced"),
        (rss(item("a"), "</item>"), "balanced"),
        (rss(item("a"), "<item>"), "balanced"),
        (rss(item("a"), "<item>x</item"), "balanced"),
        (rss(item("a"), item("b").replace("item", "entry")), "names"),
        (rss(item("a"), item("b").replace("item", "Item")), "names"),
        (rss(item("a", "<![CDATA[")), "no end"),
        (rss(item("a"), "<!-- "), "no end"),
        (b'<!DOCTYPE rss [<!ENTITY who "x">]>' + rss(item("&who;")), "entities"),
        (rss(item("a")).decode().encode("utf-16"), "UTF-8"),
        (rss(item("a")).decode().encode("utf-16-le"), "UTF-8"),
        (rss(item("Ж")).decode().encode("windows-1251"), "UTF-8"),
        (rss(*["<item/>"] * 2_001), "2000"),
        (b'{"items": [' + b", ".join([b"{}"] * 2_001) + b"]}", "2000"),
        (b'{"items": [{}, ', "JSON"),
        (b'{"items": [{} {}', "JSON"),
        (b'{"items": ' + b"[" * 100_000, "JSON"),
    ],
)
def test_whatever_is_unsure_stays_whole_and_says_why(body, why):
    found = cut(body, seen_of(rss(item("a"))))
    assert (found.body, found.fresh, found.known) == (body, (), ())
    assert why in found.unsure


def test_a_hostile_feed_takes_time_in_proportion_to_its_size():
    for part in ("<![CDATA[]]>", "<!-- <item> -->", "<!x>", "<items>", "<item"):
        cut(rss("<item>", part * 50_000), {})
        cut(rss(part * 50_000), {})


# ---------------------------------------------------------------- JSON Feed


def test_items_of_a_json_feed_are_cut_too():
    first = '{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "Ж"}, {"id": "]"}], "x": {"items": [3]}}'
    seen = seen_of(first.encode())
    assert len(seen) == 2
    later = first.replace('"items": [{', '"items": [ {"id": "new"} ,{')
    found = cut(later.encode(), seen)
    assert found.body.decode() == (
        '{"version": "https://jsonfeed.org/version/1.1", "items": [ {"id": "new"}], "x": {"items": [3]}}'
    )
    assert (len(found.fresh), len(found.known)) == (1, 2)
    assert cut(first.encode(), seen).fresh == ()


@pytest.mark.parametrize("body", [b'{"items": {}}', b'{"items": []}', b"{}", b'{"items": "["}'])
def test_json_without_items_has_none(body):
    assert cut(body, {}) == Cut(body)


# ---------------------------------------------------------------- what is remembered


def test_marks_survive_packing():
    seen = Seen(seen_of(rss(item("a"), item("b"))), timedelta(minutes=90), timedelta(days=1))
    assert unpack(pack(seen)) == seen
    assert spans_in(pack(seen)) == (timedelta(minutes=90), timedelta(days=1))
    assert len(pack(seen)) == 5 + 2 * 12
    assert unpack(pack(Seen(period=timedelta(days=365)))).period == timedelta(minutes=65_535)


@pytest.mark.parametrize("data", [b"", b"\x01", b"\xff\x00\x00\x00\x00" + bytes(24)])
def test_marks_that_another_way_of_reading_left_are_none(data):
    assert unpack(data) == Seen()
    assert spans_in(b"") == (None, None)


def test_entries_are_told_by_their_link_else_by_their_guid():
    one = Entry("https://a.example/1", "g", "T")
    assert link_mark(one) == link_mark(Entry("https://a.example/1", "other", "U"))
    assert link_mark(one) != link_mark(Entry("https://a.example/2", "g", "T"))
    assert link_mark(Entry(None, "g", "T")) == link_mark(Entry(None, "g", "U")) != link_mark(Entry(None, None, "T"))


# ---------------------------------------------------------------- laws

PIECES = st.sampled_from(
    [
        "<item>",
        "</item>",
        "<item/>",
        "<entry>",
        "</entry>",
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "<!",
        ">",
        "x",
        "<",
        "/",
        "é",
    ]
)


@given(st.lists(PIECES, max_size=20), st.lists(PIECES, max_size=20))
def test_a_cut_never_raises_and_never_takes_out_what_was_not_seen(before, after):
    seen = dict.fromkeys(cut(rss("".join(before)), {}).fresh, b"")
    body = rss("".join(after))
    found = cut(body, seen)
    assert set(found.known) <= set(seen)
    assert not set(found.fresh) & set(seen)
    assert len(found.body) <= len(body)
    if not found.unsure:
        whole = cut(body, {})
        assert len(whole.fresh) == len(found.fresh) + len(found.known)
        assert cut(found.body, {}).fresh == found.fresh
