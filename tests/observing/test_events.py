"""What the observer of a stream is told, of whatever kind the stream is."""

from __future__ import annotations

import pytest

from streamtmpl.observing import Chunk, FirstChunk, StreamClosed, StreamStarted

from .observers import Noted, chunks, environment, every_kind


@every_kind
@pytest.mark.parametrize("encoding", [None, "utf-8", "utf-16"])
def test_a_stream_from_its_start_to_its_end(kind: str, encoding: str | None) -> None:
    noted = Noted()
    page = environment(kind).from_string(
        "<p>ä</p>{% flush %}{% for n in (1, 2) %}{{ n }}{% endfor %}"
    )
    page.name = "page.html"
    got = chunks(kind, page, {}, observe=noted, chunk_size=1, encoding=encoding)
    assert noted.names() == ["StreamStarted", "FirstChunk", "Chunk", "Chunk", "StreamClosed"]
    assert (noted[0].template, noted[0].blocks) == ("page.html", ())  # type: ignore[attr-defined]
    told = noted.of(Chunk)
    assert [event.reason for event in told] == ["flush", "size", "size"]
    assert [event.characters for event in told] == [8, 1, 1]
    assert [event.bytes for event in told] == [None if encoding is None else len(c) for c in got]
    assert noted.one(StreamClosed).outcome == "complete"
    assert noted.one(StreamClosed).error is None
    assert len({event.stream for event in noted}) == 1
    assert [event.at for event in noted] == sorted(event.at for event in noted)
    assert isinstance(told[0], FirstChunk)


@every_kind
def test_each_stream_has_a_number_of_its_own(kind: str) -> None:
    noted = Noted()
    page = environment(kind, observe=noted).from_string("page")
    chunks(kind, page, {})
    chunks(kind, page, {})
    first, second = noted.of(StreamStarted)
    assert first.stream != second.stream
