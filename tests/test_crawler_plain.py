import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.plain import clean, one_line, plain_text


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("plain", "plain"),
        ("AT&amp;T &lt;b&gt;", "AT&T <b>"),
        ("a &amp; b &#8212; c&nbsp;d", "a & b — c d"),
        ("<p>One</p><p>Two<br>Three</p>", "One\nTwo\nThree"),
        ("<b>bold</b> and <i>more</i>", "bold and more"),
        ("x<script>alert(1)</script><style>p{}</style>y", "xy"),
        ("<ul><li>a</li><li>b</li></ul>", "a\nb"),
        ("2 < 3 > 1", "2 < 3 > 1"),
        ("<p>open <b>never closed", "open never closed"),
        ("<!-- hidden --><p>seen</p>", "seen"),
        ("<img src=x onerror=alert(1)>", ""),
        ("<p>line\n  wrapped</p>", "line wrapped"),
        ("", ""),
    ],
)
def test_markup_becomes_readable_text(markup, text):
    assert plain_text(markup) == text


def test_acting_and_impossible_characters_are_dropped():
    assert clean("a\x00b\x1b[31mc\x9bd\u202ee\ufefff\ud800g\u00adh") == "ab[31mcdefgh"
    assert clean("one\r\ntwo\rthree\u2028four\x85five") == "one\ntwo\nthree\nfour\nfive"
    assert clean("क्‍ष म‌ن") == "क्‍ष म‌ن"


def test_lines_are_bounded_visibly():
    assert one_line("a\nb\tc", 10) == "a b c"
    assert one_line("abcdefghij", 6) == "abcde…"


def test_hostile_nesting_ends():
    assert plain_text("<div>" * 50_000 + "deep") in {"", "deep"}
    assert plain_text("<" * 100_000) == "<" * 100_000


@given(st.text(alphabet=st.characters(codec=None), max_size=200))
def test_any_text_is_cleaned_without_an_exception_and_once_for_all(text):
    for made in (clean(text), plain_text(text), one_line(text, 50)):
        made.encode("utf-8")
        assert clean(made) == made
        assert not any(character < " " and character not in "\n\t" for character in made)
