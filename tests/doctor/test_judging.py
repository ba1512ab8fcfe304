"""What follows from when pieces came: servers that answer in ways of their own."""

from __future__ import annotations

import gzip
import socket
import time
import zlib

import pytest

from streamtmpl.doctor import Asking, Status, diagnose

from .scripted import chunk, response, scripted
from .servers import codes, finding

CHUNKED = "Transfer-Encoding: chunked"
HTML = "Content-Type: text/html; charset=utf-8"
GZIP = "Content-Encoding: gzip"
PART = b"<p>some text</p>" * 60


def sending(*parts, headers=(), last=True):
    """An answer of chunks, each with the seconds before it."""

    def answer(connection, request):
        if headers:
            connection.sendall(response(b"", CHUNKED, HTML, *headers))
        for number, (seconds, part) in enumerate(parts):
            time.sleep(seconds)
            if not headers and not number:
                connection.sendall(response(b"", CHUNKED, HTML))
            connection.sendall(chunk(part))
        if last:
            connection.sendall(chunk(b""))

    return answer


def by_encoding(**answers):
    def answer(connection, request):
        for name, each in answers.items():
            if f"Accept-Encoding: {name}\r\n" in request:
                each(connection, request)

    return answer


STREAMING = sending((0, PART), (0.5, PART), (0.5, PART))
LATE = sending((1.0, PART * 3))


def ask(*servers, encodings=("identity", "gzip"), **options):
    asking = Asking(encodings=encodings, timeout=options.pop("timeout", 20.0), **options)
    return diagnose([server.url("/a?b=c") for server in servers], asking)


def test_a_view_that_waits_first_and_then_streams():
    with scripted(sending((1.2, PART), (0.5, PART))) as server:
        seen = ask(server, encodings=["identity"])
    assert (seen.status, codes(seen)) == (Status.STREAMS, {})
    found = finding(seen, "slow-start")
    assert found.what.startswith("nothing came for 1.")
    assert "the template's first source, waits" in found.causes[0].what


def test_what_comes_soon_behind_a_long_wait_has_waited_with_it():
    with scripted(sending((4.0, PART), (0.13, PART))) as server:
        seen = ask(server, encodings=["identity"])
    assert codes(seen) == {"collected": ("identity",)}


def test_a_page_that_goes_on():
    def answer(connection, request):
        connection.sendall(response(chunk(PART), CHUNKED, HTML))
        connection.recv(1)  # waits until the client leaves

    with scripted(answer) as server:
        seen = ask(server, encodings=["identity"], timeout=0.8)
    assert (seen.status, codes(seen)) == (Status.STREAMS, {})
    assert "and it goes on after 0.8" in seen.verdict


def test_one_event_is_enough():
    def answer(connection, request):
        events = "Content-Type: text/event-stream"
        connection.sendall(response(chunk(b"data: x\n\n"), CHUNKED, events))
        connection.recv(1)  # waits until the client leaves

    with scripted(answer) as server:
        seen = ask(server, encodings=["identity"])
    assert (seen.status, codes(seen)) == (Status.STREAMS, {})


def test_next_to_nothing_before_the_wait_is_noted():
    head = b"<!doctype html><title>Orders</title>"
    with (
        scripted(sending((0, head), (1.2, PART))) as server,
        scripted(sending((0, PART), (1.2, PART))) as other,
    ):
        seen = ask(server, encodings=["identity"])
        enough = ask(other, encodings=["identity"])
    assert (seen.status, codes(seen)) == (Status.STREAMS, {})
    found = finding(seen, "little-first")
    assert found.what.startswith("36 of 996 characters came before a wait of 1.")
    assert "put what can be seen" in found.causes[0].mend
    assert "little-first" not in [each.code for each in enough.findings]


def test_a_page_that_falls_silent_and_does_not_end_is_noted():
    def answer(connection, request):
        connection.sendall(response(chunk(PART), CHUNKED, HTML))
        connection.recv(1)  # until we leave

    with scripted(answer) as server:
        seen = ask(server, encodings=["identity"], timeout=1.5)
    found = finding(seen, "silent")
    assert found.what.startswith("it has not ended, and nothing came in the last 1.")
    assert "and it has not ended after 1.5" in seen.verdict


def test_behind_nginx_that_may_be_nginx():
    def answer(connection, request):
        time.sleep(1.2)
        connection.sendall(response(chunk(PART), CHUNKED, HTML, "Server: nginx"))
        time.sleep(0.5)
        connection.sendall(chunk(PART) + chunk(b""))

    with scripted(answer) as server, scripted(STREAMING) as behind:
        alone = ask(server, encodings=["identity"])
        both = ask(server, behind, encodings=["identity"])
    assert alone.status is Status.UNKNOWN
    found = finding(alone, "slow-start")
    assert found.causes[0].what == "nginx collects what it passes on"
    assert (
        found.following == f"streamtmpl doctor {server.url('/a?b=c')} http://127.0.0.1:PORT/a?b=c"
    )
    assert codes(both) == {"between": ("identity",)}


def test_behind_nginx_a_view_that_waits_is_cleared_by_asking_it():
    waiting = sending((1.2, PART), (0.5, PART))
    with scripted(waiting) as server, scripted(waiting) as behind:
        seen = ask(server, behind, encodings=["identity"])
    assert (seen.status, codes(seen)) == (Status.STREAMS, {})
    assert finding(seen, "slow-start").url == behind.url("/a?b=c")


def test_a_body_that_waits_behind_early_headers():
    with scripted(sending((0.8, PART), headers=["Server: me"])) as server:
        seen = ask(server, encodings=["identity"])
    found = finding(seen, "collected")
    assert any(each.startswith("the headers came after 0.0") for each in found.evidence)
    assert not any("renders the whole page" in cause.what for cause in found.causes)


def test_a_proxy_that_knows_the_length_in_the_end():
    def answer(connection, request):
        time.sleep(0.7)
        headers = (HTML, f"Content-Length: {len(PART)}", "Via: 1.1 varnish (Varnish/7.1)")
        connection.sendall(response(PART, *headers))

    with scripted(answer) as server:
        seen = ask(server, encodings=["identity"])
    names = [cause.what.split()[0] for cause in finding(seen, "whole").causes]
    assert names[-1] == "Varnish"


def test_several_chunks_at_once_are_a_source_that_waits():
    with scripted(sending((0.8, PART), (0, PART), (0, PART))) as server:
        seen = ask(server, encodings=["identity"])
    found = finding(seen, "collected")
    assert "3 chunks" in found.evidence[0]
    assert "there is no text before the wait" in found.causes[0].what


def test_one_chunk_without_a_length_is_a_stream_that_waits_rather_than_a_string():
    with scripted(sending((0.8, PART))) as server:
        causes = finding(ask(server, encodings=["identity"]), "collected").causes
    assert "there is no text before the wait" in causes[0].what
    assert any("renders the whole page" in cause.what for cause in causes[1:])


def test_a_checksum_tells_of_a_string_that_a_compressor_took_the_length_of():
    body = gzip.compress(PART)

    def answer(connection, request):
        time.sleep(0.8)
        headers = (CHUNKED, HTML, GZIP, 'ETag: W/"1f"')
        connection.sendall(response(chunk(body[:10]) + chunk(body[10:]) + chunk(b""), *headers))

    with scripted(answer) as server:
        causes = finding(ask(server, encodings=["gzip"]), "collected").causes
    assert [cause.what.split(" ")[0] for cause in causes[:2]] == ["what", "something"]
    assert "its ETag" in causes[1].what
    assert "renders the whole page" in causes[2].what


def test_a_page_that_is_late_at_times():
    with scripted(by_encoding(identity=STREAMING, gzip=LATE)) as server:
        seen = ask(server)
    assert codes(seen) == {"uneven": ("gzip",)}
    assert "another time the first text comes after 0.0" in finding(seen, "uneven").what


@pytest.mark.parametrize("seconds", [(0, 1.0, 1.0), (0.6, 0.5, 0.5), (0, 0.2, 0.2)])
def test_a_slower_or_quicker_run_is_no_alarm(seconds):
    other = sending(*[(each, PART) for each in seconds])
    with scripted(by_encoding(identity=STREAMING, gzip=other)) as server:
        seen = ask(server)
    assert (seen.status, codes(seen)) == (Status.STREAMS, {})


def test_a_cache_is_no_alarm():
    cached = sending((0, PART * 3))
    with scripted(by_encoding(identity=STREAMING, gzip=cached)) as server:
        seen = ask(server)
    assert (seen.status, codes(seen)) == (Status.STREAMS, {})


def test_a_compressor_that_passes_on_little():
    compressor = zlib.compressobj(wbits=31)
    early = compressor.compress(PART) + compressor.flush(zlib.Z_SYNC_FLUSH)
    late = compressor.compress(PART * 8) + compressor.flush()
    little = sending((0, early), (2.0, late), headers=[GZIP])
    streaming = sending(*[(0.25 * bool(n), PART) for n in range(9)])
    with scripted(by_encoding(identity=streaming, gzip=little)) as server:
        seen = ask(server)
    assert codes(seen) == {"compressor": ("gzip",)}
    assert "on average" in finding(seen, "compressor").what


def test_only_compressed_bytes_that_wait_tell_as_well():
    body = gzip.compress(PART * 20)
    held = sending((0, body[:10]), (0.8, body[10:]), headers=[GZIP])
    with scripted(held) as server:
        seen = ask(server, encodings=["gzip"])
    assert codes(seen) == {"compressor": ("gzip",)}
    assert finding(seen, "compressor").evidence[0].startswith("10 bytes came after 0.0")


def test_members_are_seen_in_a_quick_page_too():
    body = gzip.compress(PART) + gzip.compress(PART)
    with scripted(response(body, GZIP, HTML, f"Content-Length: {len(body)}")) as server:
        seen = ask(server, encodings=["gzip"])
    assert codes(seen) == {"members": ("gzip",)}
    assert seen.status is Status.HELD


@pytest.mark.parametrize(("name", "said"), [("gzip", "is no gzip"), ("sdch", "asked for sdch")])
def test_what_cannot_be_decoded_by_anybody(name, said):
    with scripted(response(b"<h1>hello</h1>", f"Content-Encoding: {name}", HTML)) as server:
        seen = ask(server, encodings=["gzip"])
    assert codes(seen) == {"undecodable": ("gzip",)}
    assert said in seen.verdict
    assert seen.status is Status.HELD


def test_a_line_break_behind_a_compressed_body_is_no_harm():
    with scripted(response(gzip.compress(PART) + b"\n", GZIP, HTML)) as server:
        seen = ask(server, encodings=["gzip"])
    assert codes(seen) == {}
    assert "come 1 byte, which browsers drop" in finding(seen, "rest").what


def test_a_body_that_is_longer_than_its_length():
    with scripted(response(PART + b"<p>end", HTML, f"Content-Length: {len(PART)}")) as server:
        seen = ask(server, encodings=["identity"])
    assert codes(seen) == {"surplus": ("identity",)}
    assert "behind the end of the body come 6 bytes more" in seen.verdict


def test_a_connection_that_is_reset():
    def answer(connection, request):
        connection.sendall(response(PART, HTML))
        time.sleep(0.2)  # so that it has been read
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    with scripted(answer) as server:
        seen = ask(server, encodings=["identity"])
    assert finding(seen, "cut").evidence[0] == "the connection was reset"


def test_a_connection_that_was_silent_before_it_was_cut():
    silent = sending((0, PART), last=False)

    def answer(connection, request):
        silent(connection, request)
        time.sleep(5.2)

    with scripted(answer) as server:
        seen = ask(server, encodings=["identity"])
    found = finding(seen, "cut")
    assert "gave up waiting" in found.causes[0].what
    assert found.evidence[1].startswith("before that, nothing had come for 5.")


@pytest.mark.parametrize("size", [4096, 8192])
def test_a_buffer_that_is_filled_up(size):
    parts = [(0.4, b"x" * (size - 120)), *[(0.4, b"x" * size)] * 3, (0.2, b"x" * 99)]
    with scripted(sending(*parts)) as server:
        seen = ask(server, encodings=["identity"])
    assert codes(seen) == {"lumps": ("identity",)}
    assert finding(seen, "lumps").what.startswith(f"it comes {size:,} bytes at a time")


def test_chunks_of_all_sizes_are_no_buffer():
    parts = [(0.3, b"x" * size) for size in (4096, 4096, 4100, 4096, 3000)]
    with scripted(sending(*parts)) as server:
        assert codes(ask(server, encodings=["identity"])) == {}


def test_a_file_that_is_sent_slowly_is_no_buffer():
    def answer(connection, request):
        connection.sendall(response(b"", HTML, "Server: nginx", "Content-Length: 16483"))
        for size in (4096, 4096, 4096, 4096, 99):
            connection.sendall(b"x" * size)
            time.sleep(0.4)

    with scripted(answer) as server:
        seen = ask(server, encodings=["identity"])
    assert (seen.status, codes(seen)) == (Status.STREAMS, {})


def test_who_answers_first_is_not_to_blame_where_all_wait():
    def named(connection, request):
        time.sleep(0.8)
        connection.sendall(response(chunk(PART) + chunk(b""), CHUNKED, HTML, "Server: nginx"))

    with scripted(named) as server, scripted(LATE) as behind:
        seen = ask(server, behind, encodings=["identity"])
    assert codes(seen) == {"collected": ("identity",)}
    assert finding(seen, "collected").url == behind.url("/a?b=c")
    assert "nginx" not in seen.verdict


def test_the_middle_one_of_three():
    with scripted(LATE) as server, scripted(LATE) as middle, scripted(STREAMING) as behind:
        seen = ask(server, middle, behind, encodings=["identity"])
    assert codes(seen) == {"between": ("identity",)}
    assert finding(seen, "between").url == middle.url("/a?b=c")


def test_an_unnamed_proxy_that_compresses():
    compressed = sending((1.0, gzip.compress(PART * 3)), headers=[GZIP, "Server: gunicorn"])
    with (
        scripted(by_encoding(identity=STREAMING, gzip=compressed)) as server,
        scripted(STREAMING) as behind,
    ):
        seen = ask(server, behind)
    assert codes(seen) == {"between": ("gzip",)}
    assert "names itself nowhere" in finding(seen, "between").causes[0].what


def test_a_server_that_is_not_there_beside_one_that_is():
    with scripted(STREAMING) as server, scripted(b"") as gone:
        seen = ask(server, gone, encodings=["identity"])
    assert seen.status is Status.UNKNOWN
    assert codes(seen) == {"no-answer": ("identity",)}


def test_what_cannot_be_decoded_here_is_not_asked_for(monkeypatch):
    monkeypatch.setattr("streamtmpl.decoding._PACKAGES", {"br": ("no_such_package",)})
    with scripted(STREAMING) as server:
        seen = ask(server, encodings=("identity", "br"))
    assert seen.missing == (("br", "brotli"),)
    assert [exchange.accepted for exchange in seen.exchanges] == ["identity"]
    assert seen.status is Status.STREAMS


def typed(content_type, *headers, begin=b""):
    """An answer of little text that is followed by more after a while."""

    def answer(connection, request):
        connection.sendall(response(b"", CHUNKED, f"Content-Type: {content_type}", *headers))
        connection.sendall(chunk(begin + b"<p>some text</p>" * 9))
        time.sleep(0.7)
        connection.sendall(chunk(PART * 2) + chunk(b""))

    return answer


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (typed("text/plain; charset=utf-8"), {"waits-chromium"}),
        (typed("text/plain"), {"waits-chromium", "waits-firefox"}),
        (typed("text/plain", "X-Content-Type-Options: nosniff"), {"waits-firefox"}),
        (typed("text/html"), {"waits-firefox"}),
        (typed("text/html", begin=b"<!doctype html><meta charset=utf-8>"), set()),
        (typed("text/html", begin=b"\xef\xbb\xbf"), set()),
        (typed("text/html; charset=utf-8"), set()),
        (typed("text/plain; charset=utf-8", "X-Content-Type-Options: nosniff"), set()),
        (typed("text/html", begin=b"x" * 1024), set()),
        (typed("application/json"), set()),
    ],
)
def test_what_browsers_wait_for(answer, found):
    with scripted(answer) as server:
        seen = ask(server, encodings=["identity"])
        fragment = ask(server, encodings=["identity"], fragment=True)
    assert codes(seen).keys() == found
    assert codes(fragment) == {}
