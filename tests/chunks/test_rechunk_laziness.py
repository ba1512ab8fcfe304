"""Rechunked sources are pulled lazily and, when slow, not waited for with text in hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

from streamtmpl import rechunk_async
from tests.support.clocks import SLOW, Clock

from .rechunking import Way, chunks_of, plain_ways, ways


@ways
def test_nothing_is_pulled_early(way: Way) -> None:
    events: list[Any] = []

    def items() -> Iterator[str]:
        for number in range(3):
            events.append(number)
            yield f"<{number}>"

    way(items(), events.append, chunk_size=0)
    assert events == [0, "<0>", 1, "<1>", 2, "<2>"]


def trace(
    way: Way, clock: Clock, pulls: Iterable[float], consuming: float = 0, **options: Any
) -> list[Any]:
    """Pulls from a source as numbers, and chunks, in the order of the events."""
    events: list[Any] = []

    def items() -> Iterator[str]:
        for number, seconds in enumerate(pulls, 1):
            events.append(number)
            clock.now += seconds
            yield f"<{number}>"

    def take(chunk: str) -> None:
        events.append(chunk)
        clock.now += consuming

    way(items(), take, **options)
    return events


@plain_ways
def test_a_slow_source_is_not_waited_for_with_text_in_hand(way: Way, clock: Clock) -> None:
    events = trace(way, clock, [SLOW, SLOW, SLOW])
    assert events == [1, "<1>", 2, "<2>", 3, "<3>"]


@plain_ways
def test_only_slow_pulls_cut(way: Way, clock: Clock) -> None:
    events = trace(way, clock, [0, SLOW, 0, 0])
    assert events == [1, 2, "<1><2>", 3, 4, "<3><4>"]


@plain_ways
def test_a_fast_source_has_full_chunks(way: Way, clock: Clock) -> None:
    events = trace(way, clock, [0] * 3000, consuming=1, chunk_size=1000)
    lengths = [len(event) for event in events if isinstance(event, str)]
    assert min(lengths[:-1]) >= 1000
    assert max(lengths) <= 1006


@plain_ways
def test_in_memory_data_is_not_watched(way: Way, clock: Clock) -> None:
    clock.tick = 1
    assert chunks_of(way, ["a"] * 100) == ["a" * 100]


def test_what_collected_is_handed_over_before_an_async_wait() -> None:
    async def main() -> None:
        gate = asyncio.Event()
        chunks: list[str] = []

        async def items() -> AsyncIterator[str]:
            yield "a"
            yield "b"
            await gate.wait()
            yield "c"
            yield "d"

        async def consume() -> None:
            async for chunk in rechunk_async(items()):
                chunks.append(chunk)

        task = asyncio.create_task(consume())
        for _ in range(20):
            await asyncio.sleep(0)
        assert chunks == ["ab"]
        gate.set()
        await task
        assert chunks == ["ab", "cd"]

    asyncio.run(asyncio.wait_for(main(), 20))
