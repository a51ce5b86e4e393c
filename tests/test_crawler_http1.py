import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.http1 import (
    HEADERS_MAX,
    AnswerReader,
    BodyTooLargeError,
    BrokenOffError,
    HeadersTooLargeError,
    NotHttpError,
    request_bytes,
)


def read(data, *, limit=1_000_000, step=None, end=True, wanted=None):
    reader = AnswerReader(limit, wanted)
    for start in range(0, len(data), step or len(data) or 1):
        reader.feed(data[start : start + (step or len(data))])
        if reader.done:
            break
    if end:
        reader.end()
    return reader


def feed_often(reader, piece):
    for _ in range(HEADERS_MAX // len(piece) + 1):
        reader.feed(piece)


COUNTED = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nhe\r\n003 \r\nllo\r\n0\r\nX-Sum: 1\r\n\r\n"
CLOSED = b"HTTP/1.0 200\r\n\r\nhello"
INTERIM = b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + COUNTED
BARE = b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello"
MIXED = b"HTTP/1.1 200 OK\r\nno colon here\r\n : \r\nX-Long: a\r\n  b\r\nContent-Length : 5, 5\r\n\r\nhello"


@pytest.mark.parametrize("answer", [COUNTED, CHUNKED, CLOSED, INTERIM, BARE, MIXED])
@given(step=st.integers(1, 40))
def test_an_answer_reads_alike_in_whatever_pieces_it_comes(answer, step):
    reader = read(answer, step=step)
    assert (reader.status, reader.body, reader.done, reader.truncated) == (200, b"hello", True, False)


def test_headers_keep_their_bytes_and_their_order():
    answer = b'HTTP/1.1 200 OK\r\nETag: "caf\xe9"\r\nSet: 1\r\nset:2\r\nX-Long: a\r\n  b\r\nContent-Length: 0\r\n\r\n'
    assert read(answer).headers == [
        (b"etag", b'"caf\xe9"'),
        (b"set", b"1"),
        (b"set", b"2"),
        (b"x-long", b"a b"),
        (b"content-length", b"0"),
    ]


@pytest.mark.parametrize(
    ("answer", "reusable"),
    [
        (COUNTED, True),
        (CHUNKED, True),
        (CLOSED, False),
        (COUNTED + b"more", False),
        (COUNTED.replace(b"\r\n\r\n", b"\r\nConnection: Keep-Alive, Close\r\n\r\n"), False),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", True),
    ],
)
def test_a_connection_is_used_again_only_where_the_next_answer_would_begin(answer, reusable):
    reader = read(answer, end=not reusable)
    assert (reader.done, reader.reusable) == (True, reusable)


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (COUNTED[:-2], b"hel"),
        (CHUNKED[:60], b"he"),
        (CHUNKED.replace(b"003 ", b"zzz"), b"he"),
        (CHUNKED.replace(b"003 ", b"-03"), b"he"),
        (CHUNKED.replace(b"llo\r\n", b"llooo\r\n"), b"hello"),
        (CHUNKED.partition(b"2;")[0] + b"2;" + b"x" * 20_000, b""),
    ],
)
def test_what_came_of_a_broken_body_is_kept_and_marked(answer, body):
    reader = read(answer)
    assert (reader.body, reader.truncated, reader.reusable) == (body, True, False)


def test_a_body_without_an_announced_end_is_marked_when_the_connection_was_lost():
    reader = AnswerReader(100)
    reader.feed(CLOSED)
    reader.end(clean=False)
    assert (reader.body, reader.truncated) == (b"hello", True)


@pytest.mark.parametrize("length", ["x", "5, 6", "-5", "5_0", "9" * 30, ""])
def test_a_length_that_makes_no_sense_is_no_length(length):
    answer = f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\nhello".encode()
    assert (read(answer).body, read(answer).reusable) == (b"hello", False)


@pytest.mark.parametrize(
    "answer",
    [b"SSH-2.0-OpenSSH\r\n\r\n", b"<html>", b"HTTP/1.1\r\n\r\n", b"HTTP/1.1 abc OK\r\n\r\n", b"\x15\x03\x01\x00"],
)
def test_what_is_no_http_is_told_at_once(answer):
    with pytest.raises(NotHttpError):
        read(answer)


@pytest.mark.parametrize("part", [b"", b"HTT", COUNTED[:30], b"HTTP/1.1 100 Continue\r\n\r\n"])
def test_an_end_before_the_headers_end_is_no_answer(part):
    with pytest.raises(BrokenOffError):
        read(part)


@pytest.mark.parametrize(
    "piece", [b"X: " + b"y" * 1000 + b"\r\n", b"\r\nHTTP/1.1 100 Continue\r\nX: " + b"y" * 1000 + b"\r\n"]
)
def test_headers_without_end_are_given_up(piece):
    reader = AnswerReader(1_000)
    reader.feed(b"HTTP/1.1 100 Continue\r\n")
    with pytest.raises(HeadersTooLargeError):
        feed_often(reader, piece)


def test_trailers_without_end_are_given_up():
    reader = AnswerReader(1_000)
    reader.feed(CHUNKED[: CHUNKED.index(b"X-Sum")])
    with pytest.raises(HeadersTooLargeError):
        feed_often(reader, b"X: " + b"y" * 1000 + b"\r\n")


@pytest.mark.parametrize("answer", [COUNTED, CHUNKED, CLOSED])
def test_a_body_over_the_limit_is_refused(answer):
    with pytest.raises(BodyTooLargeError):
        read(answer, limit=4)


def test_a_body_nobody_wants_is_not_read():
    reader = read(COUNTED, limit=1, wanted=lambda status, headers: (status, headers[0][0]) != (200, b"content-type"))
    assert (reader.done, reader.body, reader.reusable) == (True, b"", False)


def test_after_the_answer_about_a_tunnel_no_body_is_awaited():
    reader = AnswerReader(100, tunnel=True)
    reader.feed(b"HTTP/1.1 200 Connection established\r\n\r\n")
    assert (reader.done, reader.reusable) == (True, True)


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_no_bytes_break_the_reader(pieces):
    reader = AnswerReader(50)
    try:
        for piece in [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *pieces]:
            reader.feed(piece)
        reader.end()
    except (NotHttpError, BodyTooLargeError):
        return
    assert reader.done


def test_no_value_can_begin_a_line_of_its_own():
    sent = request_bytes("GET", "/a", [(b"If-None-Match", b'"x"\r\nEvil: 1\x00\n')])
    assert sent == b'GET /a HTTP/1.1\r\nIf-None-Match: "x" Evil: 1 \r\n\r\n'
