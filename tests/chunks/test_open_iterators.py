"""The iterators that a render has open."""

from __future__ import annotations

from collections.abc import Iterator

from streamtmpl import StreamEnvironment, render_stream
from streamtmpl.chunks.closing import OpenIterators


def numbers() -> Iterator[int]:
    yield from range(3)


def test_ended_generators_are_forgotten() -> None:
    sources = OpenIterators()
    left = numbers()
    next(left)
    sources.add(left)
    for _ in range(1000):
        ended = numbers()
        sources.add(ended)
        list(ended)
    assert len(sources.open or ()) < 200
    assert sources.close() == []
    assert list(left) == []


def test_a_filter_in_every_row_does_not_pile_up_its_generators() -> None:
    template = StreamEnvironment().from_string(
        "{% for row in rows %}{{ row|map('string')|join }}{% endfor %}"
    )
    with render_stream(template, {"rows": ([n] for n in range(5000))}, chunk_size=0) as stream:
        most = max(len(stream._out.sources.open or ()) for _ in stream)
    assert most < 200


def test_nothing_is_added_after_the_end() -> None:
    sources = OpenIterators()
    assert sources.close() == []
    late = numbers()
    next(late)
    sources.add(late)
    assert not sources.open
    assert list(late) == [1, 2]
