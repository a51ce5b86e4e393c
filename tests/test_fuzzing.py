"""The laws of `tests/fuzzing.py` on inputs near the seeds: few here, more with HYPOTHESIS_PROFILE=long."""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.errors import ConfigError
from config.sources_files import read_sources
from crawler.feeds import parse_feed
from crawler.listings import ListingRules, read_page
from tests.fuzzing import TARGETS, URL, try_input

settings.register_profile("fuzz-ci", max_examples=25)
settings.register_profile("fuzz-long", max_examples=5_000)
PROFILE = settings.get_profile("fuzz-long" if os.environ.get("HYPOTHESIS_PROFILE") == "long" else "fuzz-ci")


@st.composite
def near(draw, target):
    """A seed with a few pieces of it removed, doubled or exchanged for bytes, and words of its kind strewn in."""
    data = draw(st.sampled_from(target.seeds))
    for _ in range(draw(st.integers(0, 6))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 40)))
        piece = data[start:end]
        new = draw(
            st.sampled_from([b"", piece * 2, *target.words]) | st.binary(max_size=6) | st.text(max_size=4).map(_bytes)
        )
        data = data[:start] + new + data[end:]
    return data


def _bytes(text):
    return text.encode("utf-8", "replace")


@pytest.mark.parametrize("name", TARGETS)
def test_promise_18_no_input_breaks_a_law(name):
    for data in (*TARGETS[name].seeds, b"", b"\x00"):
        try_input(name, data)

    @settings(PROFILE, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(near(TARGETS[name]) | st.binary(max_size=60))
    def holds(data):
        try_input(name, data)

    holds()


# ---------------------------------------------------------------- what the fuzzers found


def test_promise_26_crossed_tags_in_one_item_leave_the_others():
    items = "<item><title>{0}</title><link>https://o.example/{0}</link></item>"
    body = f"<rss><channel>{items.format(1)}<item><link>x</item></link>{items.format(2)}</channel></rss>"
    parsed = parse_feed(body.encode(), None, URL)
    assert [entry.title for entry in parsed.entries] == ["1", "2"]
    assert "well-formed" in parsed.notes[0]


@pytest.mark.parametrize(
    "left", ["<item><title>Three", "<item><title>Three</title><link>https://o.example/3", "<item>"]
)
def test_promise_04_an_item_in_whose_midst_a_feed_breaks_off_is_no_entry_yet(left):
    whole = "".join(f"<item><title>{n}</title><link>https://o.example/{n}</link></item>" for n in ("One", "Two"))
    parsed = parse_feed(f"<rss><channel><title>N</title>{whole}{left}".encode(), None, URL)
    assert [entry.title for entry in parsed.entries] == ["One", "Two"]


def test_a_listing_whose_links_stand_in_tags_that_no_selector_can_name_is_read():
    rows = "".join(f"<o:p><a href='/news/2024/{n}.html'>The envoy reached town number {n}</a></o:p>" for n in range(9))
    found = read_page(f"<html><body><main>{rows}</main></body></html>".encode(), None, URL, ListingRules())
    assert len(found.parsed.entries) == 9


@pytest.mark.parametrize("text", ['"a~/b" c', '"a\\b"', '"a(b" c', '"x?y"', '"a]b" NEAR/5 c'])
def test_the_normal_form_of_a_quoted_word_with_signs_is_read_again(text):
    try_input("query", text.encode())


def test_an_address_of_an_opml_list_that_is_none_is_told_with_its_line(tmp_path):
    path = tmp_path / "list.opml"
    path.write_text(
        '<opml><body>\n<outline text="A" xmlUrl="https://[x/"/><outline text="A" xmlUrl="https://[y/"/></body></opml>'
    )
    with pytest.raises(ConfigError) as refused:
        read_sources(path)
    assert {finding.line for finding in refused.value.findings} == {2}


@pytest.mark.parametrize("text", ["\x00", "&a", "[]"])
def test_a_file_of_people_that_is_none_is_told(text):
    try_input("people", text.encode())
