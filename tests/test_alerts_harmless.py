import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from alerts import harmless
from tests.hostile import ACTING, CALLS, HOSTILE


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("form", [harmless.plain, harmless.html, harmless.markdown, harmless.one_line, harmless.clean])
def test_promise_31_no_control_or_bidirectional_character_passes(text, form):
    assert not ACTING.search(form(text))


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("form", [harmless.plain, harmless.html, harmless.markdown])
def test_one_text_stays_one_line_that_calls_nobody(text, form):
    made = form(text)
    assert "\n" not in made
    assert not CALLS.search(made)


@pytest.mark.parametrize("text", HOSTILE)
def test_promise_31_html_has_no_tag_and_no_quote(text):
    assert not re.search("[<>\"']", harmless.html(text))


@pytest.mark.parametrize("text", HOSTILE)
def test_promise_31_a_markdown_renderer_makes_nothing_but_text_of_it(text):
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(harmless.markdown(text))
    assert [token.type for token in tokens] in ([], ["paragraph_open", "inline", "paragraph_close"])
    assert {child.type for token in tokens for child in token.children or ()} <= {"text", "text_special"}


@given(st.text(max_size=60))
def test_markdown_reads_as_the_same_words(text):
    tokens = MarkdownIt("commonmark").parse(harmless.markdown(text))
    shown = "".join(child.content for token in tokens for child in token.children or ())
    assert shown.split() == harmless.plain(text).split()


@given(st.text())
def test_cleaning_twice_changes_nothing_more(text):
    once = harmless.clean(text)
    assert harmless.clean(once) == once


def test_ordinary_text_of_any_script_is_left_alone():
    for text in (
        "Зеленський прийняв Лі Хуея — у Києві.",
        "李辉同泽连斯基举行会谈",
        "naïve café, 5 % & more",
        "👩\u200d💻",
    ):
        assert harmless.plain(text) == text


def test_a_terminal_sequence_leaves_no_litter():
    assert harmless.plain("\x1b[1;31mred\x1b[0m, \x1b]0;title\x07done\x1b(B") == "red, doneB"


def test_text_is_cut_to_its_limit_with_an_ellipsis():
    assert harmless.one_line("abcdef", 4) == "abc…"
    assert harmless.one_line("abcd", 4) == "abcd"


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://example.org/",
        "//example.org/x",
        "http://",
        "https://user:pass@example.org/",
        "http://exam\u202eple.org/",
        "https://example.org:port/",
        "https://[::1/",
        " https://example.org/",
        "https://example.org/\r\nX: y",
        "https://example.org/" + "a" * 2000,
        "",
        None,
    ],
)
def test_promise_32_only_clean_links_of_the_web_are_offered(url):
    assert harmless.link(url) is None


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://example.org/a?b=c&d=e#f", "https://example.org/a?b=c&d=e#f"),
        ("HTTP://example.org/", "HTTP://example.org/"),
        ('https://example.org/"><script>', "https://example.org/%22%3E%3Cscript%3E"),
        ("https://example.org/новини", "https://example.org/%D0%BD%D0%BE%D0%B2%D0%B8%D0%BD%D0%B8"),
        ("https://example.org/a%20b", "https://example.org/a%20b"),
        ("https://[2001:db8::1]:8443/x", "https://[2001:db8::1]:8443/x"),
        ("https://example.org/x)](y", "https://example.org/x%29]%28y"),
        ("https://example.org/@desk?a=@everyone", "https://example.org/@desk?a=%40everyone"),
    ],
)
def test_links_come_out_percent_encoded(url, safe):
    assert harmless.link(url) == safe


def test_no_printable_character_is_taken_out_so_that_a_printable_text_need_not_be_looked_through():
    printable = "".join(filter(str.isprintable, map(chr, range(sys.maxunicode + 1))))
    assert harmless.clean(f"{printable}\n") == f"{printable}\n"
    assert harmless.clean(printable) == printable
