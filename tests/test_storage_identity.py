import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.identity import fold, identify, page_key, plain_address, text_hash
from storage.model import Entry


def entry(url="https://a.example/1", guid="g1", title="A title", summary=""):
    return Entry(url=url, guid=guid, title=title, summary=summary)


def keys(*entries):
    return [identity.key for identity in identify(entries)]


def test_promise_04_a_link_of_its_own_is_the_identity_whatever_else_changes():
    assert keys(entry()) == keys(entry(guid="new", title="Edited", summary="seen 17 times"))


def test_promise_05_ten_entries_with_one_guid_are_ten():
    assert len(set(keys(*(entry(url=f"https://a.example/{n}", guid="same") for n in range(10))))) == 10


def test_promise_05_ten_entries_with_one_link_are_ten_and_none_has_the_page_as_its_own():
    found = identify([entry(guid=f"g{n}", title=f"T{n}") for n in range(10)])
    assert len({one.key for one in found}) == 10
    assert len({one.article_url for one in found}) == 10
    assert not any(one.own_page for one in found)


def test_promise_05_entries_with_neither_link_nor_guid_are_told_apart_by_their_words():
    found = identify([entry(url=None, guid=None, title=f"T{n}") for n in range(10)])
    assert len({one.key for one in found}) == 10
    assert found[0].article_url.startswith("envoywatch:entry/")


def test_the_same_entry_twice_in_one_answer_is_one():
    assert len(identify([entry(), entry()])) == 1


@pytest.mark.parametrize("urls", [(None, ""), ("", None)])
def test_no_link_and_an_empty_one_are_the_same(urls):
    again = keys(*(entry(url=url, guid="0") for url in urls))
    assert again == keys(entry(url=None, guid="0"))
    assert again[0].startswith("g:")


def test_entries_without_a_title_are_told_apart_by_their_summary():
    assert (
        len(keys(entry(url=None, guid=None, title="", summary="a"), entry(url=None, guid=None, title="", summary="b")))
        == 2
    )


def test_a_front_page_is_no_identity():
    first, second = (identify([entry(url="https://a.example/", guid=None, title=title)])[0] for title in ("One", "Two"))
    assert first.key != second.key
    assert not first.own_page


def test_a_text_hash_ignores_case_width_and_spaces():
    long = "The president received the envoy in the capital. " * 10
    assert text_hash("A", long) == text_hash("B", long.upper().replace(" ", "\n  "))


def test_a_short_text_counts_only_with_its_title():
    assert text_hash("A", "Sunny.") != text_hash("B", "Sunny.")


@given(
    st.lists(
        st.builds(Entry, url=st.none() | st.text(), guid=st.none() | st.text(), title=st.text(), summary=st.text())
    )
)
def test_identities_are_unique_and_stable_under_order(entries):
    found = identify(entries)
    assert len({one.key for one in found}) == len(found)
    assert {one.key for one in identify(list(reversed(entries)))} == {one.key for one in found}


@given(st.text())
def test_folding_is_idempotent(text):
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    "url",
    [
        "http://news.example/a/talks-7",
        "https://www.news.example/a/talks-7/",
        "https://m.news.example/a/talks-7",
        "https://amp.news.example/a/talks-7?amp=1",
        "https://news.example/a/talks-7/amp/",
        "https://news.example/a/talks-7?outputType=amp",
    ],
)
def test_twins_of_a_page_share_its_key(url):
    assert page_key(url) == "news.example/a/talks-7"


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("https://news.example/amp/a/7", "https://news.example/a/7"),
        ("https://news.example/a/7.amp.html", "https://news.example/a/7.html"),
        ("https://news.example/amp", "https://news.example/amp"),
        ("https://news.example/camp/7?example=amp", "https://news.example/camp/7?example=amp"),
        ("https://news.example/a#entry-12", "https://news.example/a#entry-12"),
    ],
)
def test_an_amp_pages_marks_are_dropped_and_nothing_else(url, plain):
    assert plain_address(url) == plain


@given(st.text(max_size=40))
def test_a_key_of_a_page_is_its_twins_key_too(tail):
    url = "https://news.example/a" + tail.replace("[", "").replace("]", "")
    assert page_key(url) == page_key(url.replace("https://", "http://www.", 1))
