"""The ways to rechunk: sync, async, and async with async items; all have the same laws."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Generator, Iterable
from typing import Any

import pytest

from streamtmpl import AsyncChunkStream, ChunkStream, rechunk, rechunk_async


def take_sync(items: Iterable[Any], take: Callable[[Any], Any], **options: Any) -> None:
    stream = rechunk(items, **options)
    assert isinstance(stream, ChunkStream)
    with stream:
        for chunk in stream:
            take(chunk)


def take_async(items: Any, take: Callable[[Any], Any], **options: Any) -> None:
    async def consume() -> None:
        stream = rechunk_async(items, **options)
        assert isinstance(stream, AsyncChunkStream)
        async with stream:
            async for chunk in stream:
                take(chunk)

    asyncio.run(consume())


def take_async_items(items: Iterable[Any], take: Callable[[Any], Any], **options: Any) -> None:
    async def produce() -> AsyncIterator[Any]:
        try:
            for item in items:
                yield item
        finally:
            if isinstance(items, Generator):
                items.close()

    take_async(produce(), take, **options)


WAYS = {"sync": take_sync, "async": take_async, "async items": take_async_items}
Way = Callable[..., None]
ways = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
plain_ways = pytest.mark.parametrize("way", [take_sync, take_async], ids=["sync", "async"])


def chunks_of(way: Way, items: Iterable[Any], **options: Any) -> list[Any]:
    chunks: list[Any] = []
    way(items, chunks.append, **options)
    return chunks


def expected_chunks(items: Iterable[str], chunk_size: int) -> list[str]:
    """By the definition: cut after an item when enough has collected, first little, then more."""
    chunks, pending, enough = [], "", min(1024, chunk_size)
    for item in items:
        pending += item
        if pending and len(pending) >= enough:
            chunks.append(pending)
            pending, enough = "", min(4 * enough, chunk_size)
    return chunks + [pending] * bool(pending)
