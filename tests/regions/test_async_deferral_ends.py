"""Deferred regions of async environments end with their stream, and go without asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator

import pytest
import trio

from streamtmpl import AsyncChunkStream
from tests.support.gates import HANGS, Gate, in_loop, settle
from tests.support.patched import assembled

from .test_async_deferral import stream_of


@pytest.mark.parametrize("deferred", ["patch", "in-order"])
@pytest.mark.parametrize("how", ["close", "cancel", "drop", "error"])
@in_loop
async def test_ending_the_stream_cancels_its_regions(deferred: str, how: str) -> None:
    events: list[str] = []
    late = Gate()

    async def rows(name: str) -> AsyncIterator[int]:
        try:
            yield 1
            await asyncio.sleep(HANGS)
            yield 2
        finally:
            events.append(f"closed {name}")

    async def fail() -> None:
        await late()
        raise LookupError

    source = (
        "text{% flush %}{% defer %}{% for n in rows('a') %}{{ n }}{% endfor %}{% error %}"
        "{{ note('error part') }}{% enddefer %}{% defer %}{% for n in rows('b') %}{{ n }}"
        "{% defer %}{{ rows('c')|list }}{% enddefer %}{% endfor %}{% enddefer %}{{ fail() }}"
    )
    context = {"rows": rows, "note": events.append, "fail": fail}
    stream = stream_of(source, context, deferred=deferred)
    assert await anext(stream) == "text"
    following = asyncio.create_task(_rest(stream))
    await settle()
    if how == "error":
        late.open()
        with pytest.raises(LookupError):
            await following
    elif how == "cancel":
        following.cancel()
        with pytest.raises(asyncio.CancelledError):
            await following
    else:
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following
        if how == "close":
            await stream.aclose()
    del stream
    gc.collect()
    await settle()
    assert sorted(events) == ["closed a", "closed b", "closed c"]


async def _rest(stream: AsyncChunkStream[str]) -> list[str]:
    return [chunk async for chunk in stream]


@pytest.mark.parametrize("steps", range(8))
@in_loop
async def test_closing_at_every_chunk(steps: int) -> None:
    opened: list[int] = []
    closed: list[int] = []

    async def rows(n: int) -> AsyncIterator[int]:
        opened.append(n)
        try:
            for m in range(5):
                yield m
                await asyncio.sleep(0)
        finally:
            closed.append(n)

    source = (
        "{% for n in range(4) %}{% defer %}{% for m in rows(n) %}{{ m }}{% endfor %}{% enddefer %}"
        "{% endfor %}"
    )
    async with stream_of(source, {"rows": rows}, chunk_size=0) as stream:
        for _ in range(steps):
            if await anext(stream, None) is None:
                break
    assert sorted(opened) == sorted(closed)


# -- without asyncio


@pytest.mark.parametrize("deferred", ["patch", "in-order"])
def test_trio_renders_regions_in_turn(deferred: str) -> None:
    events: list[str] = []

    async def work(name: str) -> str:
        events.append(f"begin {name}")
        await trio.sleep(0)
        events.append(f"end {name}")
        return name

    source = (
        "a{% defer %}{{ work('b') }}{% enddefer %}c{% defer %}{{ work('d') }}{{ 1 // 0 }}"
        "{% error %}e{% enddefer %}"
    )

    async def main() -> str:
        async with stream_of(source, {"work": work}, deferred=deferred) as stream:
            return "".join([chunk async for chunk in stream])

    assert assembled(trio.run(main)) == "abce"
    assert events == ["begin b", "end b", "begin d", "end d"]
