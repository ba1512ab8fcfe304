"""The ways to stream rows: sync, async, and async with async rows; all have the same laws."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Generator, Iterable
from typing import Any

import pytest

import streamtmpl
from streamtmpl import AsyncChunkStream, ChunkStream

Take = Callable[[bytes], Any]
Way = Callable[..., None]


def take_sync(name: str, rows: Iterable[Any], take: Take, *args: Any, **options: Any) -> None:
    stream = getattr(streamtmpl, name)(rows, *args, **options)
    assert isinstance(stream, ChunkStream)
    with stream:
        for chunk in stream:
            take(chunk)


def take_async(name: str, rows: Any, take: Take, *args: Any, **options: Any) -> None:
    async def consume() -> None:
        stream = getattr(streamtmpl, f"{name}_async")(rows, *args, **options)
        assert isinstance(stream, AsyncChunkStream)
        async with stream:
            async for chunk in stream:
                take(chunk)

    asyncio.run(consume())


async def awaited(rows: Iterable[Any]) -> AsyncIterator[Any]:
    """An async generator of *rows*."""
    try:
        for row in rows:
            yield row
    finally:
        if isinstance(rows, Generator):
            rows.close()


def take_async_rows(name: str, rows: Iterable[Any], take: Take, *args: Any, **options: Any) -> None:
    take_async(name, awaited(rows), take, *args, **options)


WAYS = {"sync": take_sync, "async": take_async, "async rows": take_async_rows}
ways = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
plain_ways = pytest.mark.parametrize("way", [take_sync, take_async], ids=["sync", "async"])
names = pytest.mark.parametrize("name", ["csv_rows", "json_lines", "json_array"])


def chunks_of(way: Way, name: str, rows: Iterable[Any], *args: Any, **options: Any) -> list[bytes]:
    chunks: list[bytes] = []
    way(name, rows, chunks.append, *args, **options)
    assert all(type(chunk) is bytes and chunk for chunk in chunks)
    return chunks


def text_of(way: Way, name: str, rows: Iterable[Any], *args: Any, **options: Any) -> str:
    return b"".join(chunks_of(way, name, rows, *args, **options)).decode()
