"""One request to a server that answers as no well-behaved one would."""

from __future__ import annotations

import gzip
import socket
import time

import pytest

from streamtmpl.doctor import AddressError, Asking, End, Pace, diagnose
from streamtmpl.doctor.asking import parse_address
from streamtmpl.doctor.fetching import fetch
from tests.adapters.launch import free_port

from .scripted import chunk, response, scripted

CHUNKED = "Transfer-Encoding: chunked"
TEXT = "<p>some text</p>" * 20


def ask(url, encoding="identity", **options):
    return fetch(parse_address(url), encoding, Asking(**{"timeout": 10.0, **options}))


def test_pieces_are_timed():
    def answer(connection, request):
        connection.sendall(response(chunk(b"one"), CHUNKED))
        time.sleep(0.3)
        connection.sendall(chunk(b"three"))
        connection.sendall(b"0\r\n\r\n")

    with scripted(answer) as server:
        seen = ask(server.url())
    assert [(piece.size, piece.characters) for piece in seen.pieces] == [(3, 3), (5, 5)]
    assert seen.pieces[1].at - seen.pieces[0].at > 0.25
    assert (seen.end, seen.chunk_sizes, seen.failure) == (End.COMPLETE, (3, 5), None)
    assert seen.pace is Pace.STREAMS


@pytest.mark.parametrize(
    ("answer", "end"),
    [
        (response(chunk(b"one") + b"0\r\n\r\n", CHUNKED), End.COMPLETE),
        (response(chunk(b"one"), CHUNKED), End.CUT),
        (response(b"8\r\none", CHUNKED), End.CUT),
        (response(b"one", CHUNKED), End.CUT),
        (response(b"one two\n", CHUNKED), End.MALFORMED),
        (response(b"one", "Content-Length: 3"), End.COMPLETE),
        (response(b"one", "Content-Length: 4"), End.CUT),
        (response(b"one"), End.CONNECTION),
        (response(b"", "Content-Length: 0"), End.COMPLETE),
        (response(b"", status="204 No Content"), End.COMPLETE),
    ],
)
def test_ends(answer, end):
    with scripted(answer) as server:
        assert ask(server.url()).end is end


def test_a_reset_is_no_end():
    def answer(connection, request):
        connection.sendall(response(b"one"))
        time.sleep(0.2)  # so that it has been read
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    with scripted(answer) as server:
        assert ask(server.url()).end is End.CUT


def test_time_is_bounded():
    def answer(connection, request):
        connection.sendall(response(chunk(b"one"), CHUNKED))
        connection.recv(1)  # waits until the client leaves

    with scripted(answer) as server:
        began = time.monotonic()
        seen = ask(server.url(), timeout=0.7)
        assert 0.6 < time.monotonic() - began < 5
    assert (seen.end, seen.pace, seen.characters) == (End.TIME, Pace.STREAMS, 3)


def test_a_server_that_says_nothing():
    def answer(connection, request):
        connection.recv(1)  # waits until the client leaves

    with scripted(answer) as server:
        seen = ask(server.url(), timeout=0.6)
        assert (seen.end, seen.pace, seen.head) == (End.TIME, Pace.NOTHING, None)
        found = diagnose([server.url()], Asking(encodings=("identity",), timeout=0.6))
    assert found.verdict.startswith("held back: nothing that can be read came within 0.6")


def test_size_is_bounded():
    def answer(connection, request):
        connection.sendall(response(b"", CHUNKED))
        while True:  # until the client leaves
            connection.sendall(chunk(b"x" * 10_000))

    with scripted(answer) as server:
        seen = ask(server.url(), max_size=50_000)
    assert seen.end is End.SIZE
    assert 50_000 <= seen.size < 200_000


def test_what_is_packed_small_is_bounded_as_well():
    packed = gzip.compress(b"x" * 30_000_000)
    with scripted(response(packed, "Content-Encoding: gzip")) as server:
        seen = ask(server.url(), "gzip", max_size=1_000_000)
    assert seen.end in (End.SIZE, End.CONNECTION)
    assert seen.size < 40_000


def test_events_have_no_end():
    def answer(connection, request):
        connection.sendall(response(b"", CHUNKED, "Content-Type: text/event-stream"))
        while True:
            connection.sendall(chunk(b"data: x\n\n"))
            time.sleep(0.2)

    with scripted(answer) as server:
        began = time.monotonic()
        seen = ask(server.url(), timeout=30.0)
        assert time.monotonic() - began < 10
    assert (seen.end, seen.pace) == (End.ENOUGH, Pace.STREAMS)


def test_a_redirect_is_followed_with_its_cookies():
    def answer(connection, request):
        if "/first" in request:
            headers = ["Location: second?x=1", "Set-Cookie: seen=yes; Path=/", "Content-Length: 0"]
            connection.sendall(response(b"", *headers, status="302 Found"))
        else:
            connection.sendall(response(b"there", "Content-Length: 5"))

    with scripted(answer) as server:
        seen = ask(server.url("/a/first"), cookies=(("own", "1"),))
        assert server.requests[1].startswith("GET /a/second?x=1 HTTP/1.1\r\n")
        assert server.header("Cookie") == "own=1; seen=yes"
        assert seen.url == server.url("/a/second?x=1")
        assert seen.redirects == (server.url("/a/first"),)
    assert seen.characters == 5


def test_secrets_stay_with_their_host():
    with scripted(response(b"there", "Content-Length: 5")) as other:
        to_other = response(b"", f"Location: {other.url()}", status="301 Moved Permanently")
        with scripted(to_other) as server:
            url = server.url().replace("//", "//ann:s%C3%A9cret@")
            headers = (("Authorization", "Bearer x"), ("X-Own", "1"))
            seen = ask(url, cookies=(("own", "1"),))
            ask(server.url(), headers=headers)
            assert server.header("Cookie", 0) == "own=1"
            assert server.header("Authorization", 0) == "Basic YW5uOnPDqWNyZXQ="
            assert server.header("Authorization", 1) == "Bearer x"
            assert "cret" not in seen.url + "".join(seen.redirects)
        for number in (0, 1):
            assert other.header("Cookie", number) is None
            assert other.header("Authorization", number) is None
        assert other.header("X-Own", 1) == "1"


def test_redirects_in_a_circle():
    def answer(connection, request):
        to = "/b" if " /a" in request else "/a"
        connection.sendall(response(b"", f"Location: {to}", status="302 Found"))

    with scripted(answer) as server:
        seen = ask(server.url("/a"))
        assert len(server.requests) == 11
    assert seen.failure is not None
    assert "redirects without an end" in seen.failure
    assert seen.pace is Pace.NO_PAGE


def test_a_redirect_to_nowhere():
    with scripted(response(b"", "Location: mailto:x@y.z", status="302 Found")) as server:
        seen = ask(server.url())
    assert "expected a URL of http or https" in (seen.failure or "")


def test_what_is_sent_is_what_browsers_send():
    with scripted(response(b"one")) as server:
        ask(server.url(), "br")
        assert server.header("Accept-Encoding") == "br"
        assert server.header("Host") == f"127.0.0.1:{server.port}"
        assert server.header("Sec-Fetch-Dest") == "document"
        assert "application/xhtml+xml" in (server.header("Accept") or "")
        ask(server.url(), fragment=True, headers=(("user-agent", "me"), ("Host", "example.com")))
        assert server.header("Sec-Fetch-Dest") == "empty"
        assert server.header("HX-Request") == "true"
        assert server.header("User-Agent") == "me"
        assert server.header("Host") == "example.com"
        assert server.requests[-1].lower().count("user-agent:") == 1


def test_ipv6():
    try:
        server = scripted(response(b"one"), "::1")
        with server as running:
            seen = ask(running.url(host="[::1]"))
            assert running.header("Host") == f"[::1]:{running.port}"
    except OSError:
        pytest.skip("this machine has no IPv6")
    assert (seen.peer, seen.characters) == ("::1", 3)


def test_nobody_listens():
    port = free_port()
    seen = ask(f"http://127.0.0.1:{port}/")
    assert seen.failure == f"nobody listens on 127.0.0.1:{port}: is the server running?"
    assert seen.pace is Pace.NO_PAGE


def test_a_name_that_is_not_known():
    seen = ask("http://no-such-host.invalid/")
    assert seen.failure == "the name 'no-such-host.invalid' is not known (DNS)"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"", "closed the connection without an answer"),
        (b"220 mail.example.com ESMTP\r\n", "no HTTP/1.1: it answers b'220 mail"),
        (b"\x15\x03\x03\x00\x02\x02\x0a", "it speaks TLS on that port: use https://"),
    ],
)
def test_what_is_no_answer(answer, said):
    with scripted(answer) as server:
        assert said in (ask(server.url()).failure or "")


@pytest.mark.parametrize(
    "text", ["ftp://a/", "http://", "http://a:x/", "http://a:99999/", "//", "http://a b/", ""]
)
def test_what_is_no_address(text):
    with pytest.raises(AddressError):
        parse_address(text)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("localhost:8000/a", "http://localhost:8000/a"),
        ("https://example.com", "https://example.com/"),
        ("http://EXAMPLE.com:80/a b?q=ü&x[]=1#there", "http://example.com/a%20b?q=%C3%BC&x[]=1"),
        ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://ann:pw@[::1]:81/", "http://[::1]:81/"),
    ],
)
def test_addresses(text, url):
    assert parse_address(text).url == url
