import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.decoding import decode

RU = "Встреча прошла в среду, сообщили в министерстве. " * 5
ZH = "外交部发言人表示会谈富有成果。" * 5


@pytest.mark.parametrize(
    ("text", "encoding", "content_type"),
    [
        (RU, "utf-8", None),
        (RU, "utf-8", "text/xml; charset=iso-8859-1"),
        (RU, "utf-8", "text/xml; charset=windows-1251"),
        (RU, "utf-8-sig", None),
        (RU, "utf-16", None),
        (RU, "windows-1251", "text/xml; charset=windows-1251"),
        (RU, "koi8-r", "text/html;charset=KOI8-R"),
        (ZH, "gb18030", "text/html; charset=gb2312"),
        (ZH, "gbk", "text/html; charset=GBK"),
        ("Łódź - żółw " * 9, "iso-8859-2", "text/xml; charset=iso-8859-2"),
        ("naïve café “quotes” " * 9, "windows-1252", "text/html; charset=ISO-8859-1"),
        ("plain", "ascii", "text/html; charset=no-such-thing"),
    ],
)
def test_promise_26_text_is_read_in_its_own_encoding_whatever_is_declared(text, encoding, content_type):
    assert decode(text.encode(encoding), content_type) == text


def test_the_documents_own_declaration_counts_when_the_server_says_nothing():
    xml = f'<?xml version="1.0" encoding="windows-1251"?><a>{RU}</a>'
    assert RU in decode(xml.encode("windows-1251"), "application/xml")
    page = f'<html><head><meta charset="koi8-r"></head>{RU}'
    assert RU in decode(page.encode("koi8-r"), None)


def test_undeclared_text_is_guessed():
    assert RU in decode(f"<a>{RU * 4}</a>".encode("windows-1251"), None)


def test_utf16_without_a_mark_is_seen():
    assert decode("<rss>text</rss>".encode("utf-16-le"), None) == "<rss>text</rss>"
    assert decode("<rss>text</rss>".encode("utf-16-be"), None) == "<rss>text</rss>"


def test_one_broken_byte_does_not_spoil_the_rest():
    body = RU.encode() + b"\xff" + RU.encode()
    assert decode(body, None).count("Встреча") == 10
    assert decode(RU.encode()[:-3], None).startswith("Встреча")


@pytest.mark.parametrize("name", ["zlib", "hex", "rot13", "idna", "punycode", "unicode_escape", "utf-7", "undefined"])
def test_a_codec_that_is_no_encoding_of_documents_is_not_used(name):
    assert "<a>" in decode(b"<a>\xff\xfe\xfd</a>", f"text/xml; charset={name}")


@given(st.binary(max_size=300), st.one_of(st.none(), st.text(max_size=30)))
def test_any_bytes_become_text(body, content_type):
    assert isinstance(decode(body, content_type), str)


def test_a_style_sheet_broken_more_often_than_the_beginning_has_letters_hides_no_utf8():
    body = b"<style>" + b".a{content:'\xff'}" * 30 + b"</style>" + b" " * 30_000
    assert "Президент принял посланника" in decode(body + "<p>Президент принял посланника</p>".encode() * 3, None)
