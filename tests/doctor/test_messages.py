"""Heads and bodies, in whatever pieces they come."""

from __future__ import annotations

import pytest

from streamtmpl.doctor.messages import BodyReader, Head, HeadReader, NotHttpError

from .scripted import chunk


def head_of(data: bytes, step: int = 1):
    reader = HeadReader()
    for at in range(0, len(data), step):
        found = reader.feed(data[at : at + step])
        if found is not None:
            return found
    return None


def body_of(head: Head, data: bytes, step: int) -> tuple[bytes, BodyReader]:
    reader = BodyReader(head)
    body = b"".join(reader.feed(data[at : at + step]) for at in range(0, len(data), step))
    return body, reader


CHUNKED = Head("1.1", 200, "OK", (("transfer-encoding", "Chunked"),))
LENGTH = Head("1.1", 200, "OK", (("Content-Length", "5"),))
CLOSING = Head("1.0", 200, "OK", ())


@pytest.mark.parametrize("step", [1, 3, 1000])
def test_a_head(step):
    data = b"HTTP/1.1 200 OK\r\nServer: a\r\nVia: b\r\nvia:c\r\nX: \r\n\r\n"
    head, rest = head_of(data, step) or (None, b"")
    assert head == Head("1.1", 200, "OK", (("Server", "a"), ("Via", "b"), ("via", "c"), ("X", "")))
    assert head.get("VIA") == "b, c"
    assert head.get("X") == ""
    assert head.get("Y") is None
    assert rest == b""


def test_interim_heads_are_skipped():
    data = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 204\r\n\r\nrest"
    head, rest = head_of(data, 1000) or (None, b"")
    assert (head, rest) == (Head("1.1", 204, "", ()), b"rest")
    assert BodyReader(Head("1.1", 204, "", ())).ended


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x15\x03\x01\x00\x02\x02\x50", "use https://"),
        (b"\x00\x00\x12\x04\x00\x00\x00\x00\x00", "nothing but HTTP/2"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH-2.0"),
        (b"HTTP/1.1 OK\r\n\r\n", "its first line is 'HTTP/1.1 OK'"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000, "its headers have no end"),
    ],
)
def test_what_is_no_head(data, said):
    with pytest.raises(NotHttpError, match=said):
        head_of(data, 1000)


@pytest.mark.parametrize("step", [1, 2, 7, 1000])
def test_a_chunked_body(step):
    data = chunk(b"hello ") + b"5;name=value\r\nworld\r\n" + b"0\r\nX: trailer\r\n\r\n" + b"more"
    body, reader = body_of(CHUNKED, data, step)
    assert body == b"hello world"
    assert (reader.ended, reader.surplus, reader.problem) == (True, 4, None)
    assert reader.sizes == [6, 5]


@pytest.mark.parametrize("step", [1, 1000])
@pytest.mark.parametrize("end", range(1, 5))
def test_without_its_last_chunk_a_body_has_not_ended(end, step):
    data = chunk(b"hello") + b"0\r\n\r\n"
    body, reader = body_of(CHUNKED, data[:-end], step)
    assert (body, reader.ended, reader.problem) == (b"hello", False, None)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"5\r\nhello!!\r\n", "a chunk is longer than its size says"),
        (b"<html>\n", "a chunk has no size: b'<html>'"),
        (b"-1\r\nx", "a chunk has no size"),
        (b"\r\n\r\n", "a chunk has no size"),
        (b"1" * 5000, "has no end"),
    ],
)
@pytest.mark.parametrize("step", [1, 10_000])
def test_a_body_that_is_framed_wrongly(data, problem, step):
    _, reader = body_of(CHUNKED, data, step)
    assert not reader.ended
    assert problem in (reader.problem or "")


@pytest.mark.parametrize("step", [1, 4, 100])
def test_a_body_of_known_length(step):
    body, reader = body_of(LENGTH, b"hello!", step)
    assert (body, reader.ended, reader.surplus, reader.has_end) == (b"hello", True, 1, True)


def test_a_body_that_the_connection_ends():
    body, reader = body_of(CLOSING, b"hello", 2)
    assert (body, reader.ended, reader.has_end) == (b"hello", False, False)


@pytest.mark.parametrize(("value", "length"), [("5", 5), ("5, 5", 5), ("-5", None), ("x", None)])
def test_lengths(value, length):
    assert Head("1.1", 200, "OK", (("Content-Length", value),)).length == length


def test_a_length_beside_chunks_means_nothing():
    both = Head("1.1", 200, "OK", (("Transfer-Encoding", "chunked"), ("Content-Length", "5")))
    assert both.length is None
