"""One request to a server that answers as no well-behaved one would."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from itertools import chain, cycle

import pytest

from streamtmpl.doctor import AddressError, Asking, End, Pace, diagnose
from streamtmpl.doctor.asking import parse_address
from streamtmpl.doctor.connection import connect
from streamtmpl.doctor.fetching import fetch
from tests.adapters.launch import free_port

from .scripted import chunk, response, scripted
from .virtual import CHUNKED, LAST, STAYS, page

PATIENCE = 30


def ask(url, encoding="identity", **options):
    return fetch(parse_address(url), encoding, Asking(**{"timeout": PATIENCE, **options}))


def test_pieces_are_timed(network):
    three = [chunk(b"three"), LAST]
    server = network.server([0.1, response(chunk(b"one"), CHUNKED), 0.3, *three])
    seen = ask(server.url())
    assert [(piece.size, piece.characters) for piece in seen.pieces] == [(3, 3), (5, 5)]
    assert [piece.at for piece in seen.pieces] == pytest.approx([0.1, 0.4])
    assert (seen.head_at, seen.ended_at) == pytest.approx((0.1, 0.4))
    assert (seen.end, seen.chunk_sizes, seen.failure) == (End.COMPLETE, (3, 5), None)
    assert seen.pace is Pace.STREAMS


@pytest.mark.parametrize(("pause", "pieces"), [(0.0009, 1), (0.0011, 2)])
def test_pieces_that_come_together_are_one(pause, pieces, network):
    server = network.server(page(b"one", pause, b"three"))
    assert len(ask(server.url()).pieces) == pieces


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
    read = threading.Event()

    def answer(connection, request):
        connection.sendall(b"one")
        read.wait(PATIENCE)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    deadline = time.monotonic() + PATIENCE
    with scripted(answer) as server:
        opened = connect(parse_address(server.url()), Asking(), deadline)
        with opened.socket as client:
            client.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert opened.receive(deadline) == b"one"
            assert not opened.broken
            read.set()
            assert opened.receive(deadline) == b""
            assert opened.broken


def test_a_reset_cuts_a_body_off(network):
    server = network.server([response(b"one"), 0.2, ConnectionResetError()])
    assert ask(server.url()).end is End.CUT


def test_a_silent_server_is_given_up():
    def answer(connection, request):
        connection.sendall(response(chunk(b"one"), CHUNKED))
        connection.recv(1)  # waits until the client leaves

    with scripted(answer) as server:
        began = time.monotonic()
        seen = ask(server.url(), timeout=0.5)
        assert 0.5 <= time.monotonic() - began < PATIENCE
    assert seen.end is End.TIME


def test_time_is_bounded(network):
    server = network.server([response(chunk(b"one"), CHUNKED), STAYS])
    seen = ask(server.url(), timeout=0.7)
    assert seen.ended_at == pytest.approx(0.7)
    assert (seen.end, seen.pace, seen.characters) == (End.TIME, Pace.STREAMS, 3)


def test_a_server_that_says_nothing(network):
    server = network.server([STAYS])
    seen = ask(server.url(), timeout=0.6)
    assert (seen.end, seen.pace, seen.head) == (End.TIME, Pace.NOTHING, None)
    found = diagnose([server.url()], Asking(encodings=("identity",), timeout=0.6))
    assert found.verdict.startswith("held back: nothing that can be read came within 0.60 s")


def test_size_is_bounded():
    def answer(connection, request):
        connection.sendall(response(b"", CHUNKED))
        while True:  # until the client leaves
            connection.sendall(chunk(b"x" * 10_000))

    with scripted(answer) as server:
        seen = ask(server.url(), max_size=50_000)
    assert seen.end is End.SIZE
    assert 50_000 <= seen.size < 200_000


def test_what_is_packed_small_is_bounded_as_well(network):
    packed = gzip.compress(b"x" * 6_000_000)
    pieces = [packed[at : at + 1000] for at in range(0, len(packed), 1000)]
    server = network.server([response(b"", "Content-Encoding: gzip"), *pieces])
    seen = ask(server.url(), "gzip", max_size=200_000)
    assert seen.end is End.SIZE
    assert 2_000_000 <= seen.characters < 4_000_000


def test_events_have_no_end(network):
    head = response(b"", CHUNKED, "Content-Type: text/event-stream")
    events = cycle([chunk(b"data: x\n\n"), 0.2])
    seen = ask(network.server(chain([head, 1.0], events)).url(), timeout=30.0)
    assert (seen.end, seen.pace) == (End.ENOUGH, Pace.STREAMS)
    assert seen.ended_at == pytest.approx(4.0)  # three seconds behind the first


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
