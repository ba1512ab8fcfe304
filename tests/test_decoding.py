"""What can be read of a compressed body, and when."""

from __future__ import annotations

import gzip
import zlib

import pytest

from streamtmpl.decoding import Decoder, can_decode
from streamtmpl.responses.compression import maker

HTML = "text/html; charset=utf-8"
PARTS = ["<h1>one</h1>", "<p>zwei</p>" * 400, "<p>три</p>"]


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_what_was_flushed_can_be_read(encoding):
    make = maker(encoding)
    if make is None or not can_decode(encoding):
        pytest.skip(f"no package for {encoding} is installed")
    compressor, decoder = make(), Decoder(encoding, HTML)
    for part in PARTS:
        data = compressor.compress(part.encode()) + compressor.flush()
        assert decoder.feed(data) == part
    assert decoder.feed(compressor.finish()) == ""
    assert (decoder.dropped, decoder.problem) == (0, None)


@pytest.mark.parametrize("step", [1, 5, 10_000])
def test_what_was_not_flushed_cannot(step):
    compressor, decoder = zlib.compressobj(wbits=31), Decoder("gzip", HTML)
    early = compressor.compress(PARTS[0].encode())
    late = compressor.flush()
    assert decoder.feed(early) == ""
    text = [decoder.feed(late[at : at + step]) for at in range(0, len(late), step)]
    assert "".join(text) == PARTS[0]


def test_browsers_drop_the_second_member():
    members = [gzip.compress(part.encode()) for part in PARTS]
    decoder = Decoder("gzip", HTML)
    assert decoder.feed(members[0] + members[1][:4]) == PARTS[0]
    assert decoder.feed(members[1][4:] + members[2]) == ""
    assert decoder.dropped == len(members[1]) + len(members[2])
    assert decoder.more_members


def test_a_character_that_the_end_cuts_off():
    decoder = Decoder("gzip", HTML)
    assert decoder.feed(gzip.compress("é".encode()[:1])) == "\N{REPLACEMENT CHARACTER}"
    assert decoder.ended


def test_what_follows_may_be_anything():
    decoder = Decoder("gzip", HTML)
    decoder.feed(gzip.compress(b"x") + b"\n")
    assert (decoder.dropped, decoder.more_members) == (1, False)


def test_what_is_not_compressed():
    decoder = Decoder("gzip", HTML)
    assert decoder.feed(b"<h1>hello</h1>") == ""
    assert decoder.problem is not None
    assert decoder.problem.startswith("cannot be decoded: ")
    assert decoder.feed(b"more") == ""


def test_an_encoding_that_nobody_knows():
    decoder = Decoder("sdch", HTML)
    assert decoder.feed(b"...") == ""
    assert decoder.problem == "cannot be decoded here: sdch"


@pytest.mark.parametrize(
    ("content_type", "text"),
    [
        (HTML, "é"),
        ("text/html", "é"),
        ('text/html; charset="UTF-16-LE"', "é"),
        ("text/html;charset=latin-1", "é"),
        ("text/html; charset=none-such", "é"),
        ("text/html; charset=hex", "é"),
        ("text/html; charset=idna", "é"),
    ],
)
def test_characters_whose_bytes_come_one_by_one(content_type, text):
    named = content_type.partition("=")[2].strip('"')
    charset = named if named in ("UTF-16-LE", "latin-1") else "utf-8"
    decoder = Decoder("", content_type)
    assert "".join(decoder.feed(bytes([byte])) for byte in text.encode(charset)) == text
