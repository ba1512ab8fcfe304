"""Compressors whose output can be read as far as it has come, and by others than browsers."""

from __future__ import annotations

import gzip as gzip_module
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamtmpl.responses import compression
from streamtmpl.testing.bodies import BrowserBody

ENCODINGS = [name for name in ("gzip", "deflate", "br", "zstd") if compression.maker(name)]
chunks_of_text = st.lists(st.text(max_size=300), max_size=6)


@pytest.mark.parametrize("encoding", ENCODINGS)
@settings(max_examples=50, deadline=None)
@given(chunks_of_text)
def test_what_has_gone_in_can_be_read(encoding: str, chunks: list[str]) -> None:
    make = compression.maker(encoding)
    assert make is not None
    body = BrowserBody(encoding)
    read = ""
    *compressed, end = make().iterate(iter([chunk.encode() for chunk in chunks]))
    for piece, chunk in zip(compressed, chunks, strict=True):
        read += chunk
        assert body.arrive(piece) == read
        assert not body.is_complete
    assert body.arrive(end) == read
    assert body.is_complete


@settings(max_examples=50, deadline=None)
@given(chunks_of_text, st.sampled_from(["", "a", "a" * 100]))
def test_gzip_is_as_python_reads_it(chunks: list[str], name: str) -> None:
    """Which checks length and sum, as browsers need not."""
    given = [chunk.encode() for chunk in chunks]
    whole = b"".join(compression.gzip(name=name).iterate(iter(given)))
    assert gzip_module.decompress(whole) == b"".join(given)
    with pytest.raises((EOFError, zlib.error, gzip_module.BadGzipFile)):
        gzip_module.decompress(whole[:-1])


def test_an_encoding_that_there_is_not() -> None:
    assert compression.maker("compress") is None
    assert compression.maker("identity") is None
