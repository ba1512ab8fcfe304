"""What follows from when the pieces of a page came."""

from __future__ import annotations

import gzip

import pytest

from streamtmpl.doctor import Status

from .scripted import chunk, response
from .servers import codes, finding
from .virtual import CHUNKED, HTML, LAST, PART, STAYS, STREAMING, ask, by_encoding, page


def test_a_view_that_waits_first_and_then_streams(network):
    seen = ask(network.server(page(1.2, PART, 0.5, PART)))
    assert (seen.status, codes(seen)) == (Status.STREAMS, {})
    found = finding(seen, "slow-start")
    assert found.what.startswith("nothing came for 1.20 s")
    assert "the template's first source, waits" in found.causes[0].what


@pytest.mark.parametrize(
    ("behind", "found"), [(0.19, {"collected": ("identity",)}), (0.21, {})], ids=["soon", "later"]
)
def test_what_comes_soon_behind_a_long_wait_has_waited_with_it(behind, found, network):
    assert codes(ask(network.server(page(4.0, PART, behind, PART)))) == found


@pytest.mark.parametrize(("waits", "status"), [(0.49, Status.UNKNOWN), (0.51, Status.HELD)])
def test_a_page_that_comes_soon_tells_nothing(waits, status, network):
    assert ask(network.server(page(waits, PART))).status is status


@pytest.mark.parametrize(("waits", "status"), [(0.09, Status.UNKNOWN), (0.12, Status.STREAMS)])
def test_the_network_may_take_a_moment(waits, status, network):
    assert ask(network.server(page(PART, waits, PART))).status is status


def test_a_page_that_goes_on(network):
    seen = ask(network.server(page(PART, STAYS)), timeout=0.8)
    assert (seen.status, codes(seen)) == (Status.STREAMS, {})
    assert "and it goes on after 0.80 s" in seen.verdict


def test_one_event_is_enough(network):
    events = page(b"data: x\n\n", STAYS, headers=["Content-Type: text/event-stream"])
    seen = ask(network.server(events))
    assert (seen.status, codes(seen)) == (Status.STREAMS, {})
    assert seen.exchanges[0].ended_at == pytest.approx(3.0)


def test_next_to_nothing_before_the_wait_is_noted(network):
    head = b"<!doctype html><title>Orders</title>"
    seen = ask(network.server(page(head, 1.2, PART)))
    enough = ask(network.server(page(PART, 1.2, PART)))
    assert (seen.status, codes(seen)) == (Status.STREAMS, {})
    found = finding(seen, "little-first")
    assert found.what == "36 of 996 characters came before a wait of 1.20 s"
    assert "put what can be seen" in found.causes[0].mend
    assert "little-first" not in [each.code for each in enough.findings]


def test_a_page_that_falls_silent_and_does_not_end_is_noted(network):
    seen = ask(network.server(page(0.1, PART, STAYS)), timeout=1.5)
    found = finding(seen, "silent")
    assert found.what.startswith("it has not ended, and nothing came in the last 1.40 s")
    assert "and it has not ended after 1.50 s" in seen.verdict


def test_a_body_that_waits_behind_early_headers(network):
    early = response(b"", CHUNKED, HTML, "Server: me")
    found = finding(ask(network.server([0.1, early, 0.8, chunk(PART) + LAST])), "collected")
    assert any(each.startswith("the headers came after 0.10 s") for each in found.evidence)
    assert not any("renders the whole page" in cause.what for cause in found.causes)


def test_a_proxy_that_knows_the_length_in_the_end(network):
    headers = (HTML, f"Content-Length: {len(PART)}", "Via: 1.1 varnish (Varnish/7.1)")
    seen = ask(network.server([0.7, response(PART, *headers)]))
    names = [cause.what.split()[0] for cause in finding(seen, "whole").causes]
    assert names[-1] == "Varnish"


def test_several_chunks_at_once_are_a_source_that_waits(network):
    found = finding(ask(network.server(page(0.8, PART, PART, PART))), "collected")
    assert "3 chunks" in found.evidence[0]
    assert "there is no text before the wait" in found.causes[0].what


def test_one_chunk_without_a_length_is_a_stream_that_waits_rather_than_a_string(network):
    causes = finding(ask(network.server(page(0.8, PART))), "collected").causes
    assert "there is no text before the wait" in causes[0].what
    assert any("renders the whole page" in cause.what for cause in causes[1:])


def test_a_checksum_tells_of_a_string_that_a_compressor_took_the_length_of(network):
    body = gzip.compress(PART)
    headers = [HTML, "Content-Encoding: gzip", 'ETag: W/"1f"']
    server = network.server(page(0.8, body[:10], body[10:], headers=headers))
    causes = finding(ask(server, encodings=("gzip",)), "collected").causes
    assert [cause.what.split(" ")[0] for cause in causes[:2]] == ["what", "something"]
    assert "its ETag" in causes[1].what
    assert "renders the whole page" in causes[2].what


def test_a_page_that_is_late_at_times(network):
    server = network.server(by_encoding(identity=STREAMING, gzip=page(1.0, PART * 3)))
    seen = ask(server, encodings=("identity", "gzip"))
    assert codes(seen) == {"uneven": ("gzip",)}
    assert "another time the first text comes after 0.00 s" in finding(seen, "uneven").what


@pytest.mark.parametrize(
    "other",
    [
        page(PART, 1.0, PART, 1.0, PART),
        page(0.6, PART, 0.5, PART, 0.5, PART),
        page(PART, 0.2, PART, 0.2, PART),
        page(PART * 3),
    ],
    ids=["slower", "later", "quicker", "cached"],
)
def test_another_run_is_no_alarm(other, network):
    server = network.server(by_encoding(identity=STREAMING, gzip=other))
    seen = ask(server, encodings=("identity", "gzip"))
    assert (seen.status, codes(seen)) == (Status.STREAMS, {})


@pytest.mark.parametrize("size", [4096, 8192])
def test_a_buffer_that_is_filled_up(size, network):
    full = b"x" * size
    steps = (0.4, full[120:], 0.4, full, 0.4, full, 0.4, full, 0.2, b"x" * 99)
    seen = ask(network.server(page(*steps)))
    assert codes(seen) == {"lumps": ("identity",)}
    what = finding(seen, "lumps").what
    assert what == f"it comes {size:,} bytes at a time, up to 0.40 s apart"


def test_chunks_of_all_sizes_are_no_buffer(network):
    steps = [step for size in (4096, 4096, 4100, 4096, 3000) for step in (0.3, b"x" * size)]
    assert codes(ask(network.server(page(*steps)))) == {}


def test_a_file_that_is_sent_slowly_is_no_buffer(network):
    head = response(b"", HTML, "Server: nginx", "Content-Length: 16483")
    body = [step for size in (4096, 4096, 4096, 4096, 99) for step in (b"x" * size, 0.4)]
    seen = ask(network.server([head, *body]))
    assert (seen.status, codes(seen)) == (Status.STREAMS, {})


def test_what_cannot_be_decoded_here_is_not_asked_for(network, monkeypatch):
    monkeypatch.setattr("streamtmpl.decoding._PACKAGES", {"br": ("no_such_package",)})
    seen = ask(network.server(STREAMING), encodings=("identity", "br"))
    assert seen.missing == (("br", "brotli"),)
    assert [exchange.accepted for exchange in seen.exchanges] == ["identity"]
    assert seen.status is Status.STREAMS


@pytest.mark.parametrize(
    ("content_type", "begin", "found"),
    [
        ("text/plain; charset=utf-8", b"", {"waits-chromium"}),
        ("text/plain", b"", {"waits-chromium", "waits-firefox"}),
        ("text/plain\r\nX-Content-Type-Options: nosniff", b"", {"waits-firefox"}),
        ("text/html", b"", {"waits-firefox"}),
        ("text/html", b"<!doctype html><meta charset=utf-8>", set()),
        ("text/html", b"\xef\xbb\xbf", set()),
        ("text/html; charset=utf-8", b"", set()),
        ("text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff", b"", set()),
        ("text/html", b"x" * 1024, set()),
        ("application/json", b"", set()),
    ],
)
def test_what_browsers_wait_for(content_type, begin, found, network):
    little = begin + b"<p>some text</p>" * 9
    headers = [f"Content-Type: {content_type}"]
    server = network.server(page(little, 0.7, PART * 2, headers=headers))
    assert codes(ask(server)).keys() == found
    assert codes(ask(server, fragment=True)) == {}
