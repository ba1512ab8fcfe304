"""What follows from what came of a body: how it is compressed, and how it ended."""

from __future__ import annotations

import gzip
import zlib

import pytest

from streamtmpl.doctor import Status

from .scripted import response
from .servers import codes, finding
from .virtual import HTML, PART, ask, by_encoding, page

GZIP = "Content-Encoding: gzip"


def test_a_compressor_that_passes_on_little(network):
    compressor = zlib.compressobj(wbits=31)
    early = compressor.compress(PART) + compressor.flush(zlib.Z_SYNC_FLUSH)
    late = compressor.compress(PART * 8) + compressor.flush()
    little = page(early, 2.0, late, headers=[HTML, GZIP])
    streaming = page(PART, *(0.25, PART) * 8)
    server = network.server(by_encoding(identity=streaming, gzip=little))
    seen = ask(server, encodings=("identity", "gzip"))
    assert codes(seen) == {"compressor": ("gzip",)}
    assert "on average" in finding(seen, "compressor").what


def test_only_compressed_bytes_that_wait_tell_as_well(network):
    body = gzip.compress(PART * 20)
    server = network.server(page(0.2, body[:10], 0.8, body[10:], headers=[HTML, GZIP]))
    seen = ask(server, encodings=("gzip",))
    assert codes(seen) == {"compressor": ("gzip",)}
    assert finding(seen, "compressor").evidence[0].startswith("10 bytes came after 0.20 s")


def test_members_are_seen_in_a_quick_page_too(network):
    body = gzip.compress(PART) + gzip.compress(PART)
    server = network.server([response(body, GZIP, HTML, f"Content-Length: {len(body)}")])
    seen = ask(server, encodings=("gzip",))
    assert codes(seen) == {"members": ("gzip",)}
    assert seen.status is Status.HELD


@pytest.mark.parametrize(("name", "said"), [("gzip", "is no gzip"), ("sdch", "asked for sdch")])
def test_what_cannot_be_decoded_by_anybody(name, said, network):
    answer = response(b"<h1>hello</h1>", f"Content-Encoding: {name}", HTML)
    seen = ask(network.server([answer]), encodings=("gzip",))
    assert codes(seen) == {"undecodable": ("gzip",)}
    assert said in seen.verdict
    assert seen.status is Status.HELD


def test_a_line_break_behind_a_compressed_body_is_no_harm(network):
    server = network.server([response(gzip.compress(PART) + b"\n", GZIP, HTML)])
    seen = ask(server, encodings=("gzip",))
    assert codes(seen) == {}
    assert "come 1 byte, which browsers drop" in finding(seen, "rest").what


def test_a_body_that_is_longer_than_its_length(network):
    answer = response(PART + b"<p>end", HTML, f"Content-Length: {len(PART)}")
    seen = ask(network.server([answer]))
    assert codes(seen) == {"surplus": ("identity",)}
    assert "behind the end of the body come 6 bytes more" in seen.verdict


def test_a_connection_that_is_reset(network):
    server = network.server([response(PART, HTML), 0.2, ConnectionResetError()])
    assert finding(ask(server), "cut").evidence[0] == "the connection was reset"


@pytest.mark.parametrize(("silence", "likeliest"), [(4.9, "has failed"), (5.1, "gave up waiting")])
def test_a_connection_that_was_silent_before_it_was_cut(silence, likeliest, network):
    without_end = page(PART)[:-1]
    found = finding(ask(network.server([*without_end, silence])), "cut")
    assert likeliest in found.causes[0].what
    assert found.evidence[1] == f"before that, nothing had come for {silence:.2f} s"
