"""Templates of async environments under trio."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator

import pytest
import trio
import trio.testing

from streamtmpl import AsyncChunkStream
from tests.support.gates import HANGS, stream_of


def trio_stream(events: list[str], chunk_size: int | None) -> AsyncChunkStream[str]:
    async def rows() -> AsyncIterator[int]:
        try:
            for number in range(5):
                await trio.lowlevel.checkpoint()
                with trio.move_on_after(HANGS):
                    await trio.sleep(0)
                yield number
        finally:
            with trio.CancelScope(shield=True):
                await trio.lowlevel.checkpoint()
            events.append("closed")

    return stream_of("head{% for r in rows() %}<{{ r }}>{% endfor %}", {"rows": rows}, chunk_size)


@pytest.mark.parametrize("chunk_size", [None, 0])
def test_trio_renders(chunk_size: int | None) -> None:
    events: list[str] = []

    async def main() -> list[str]:
        with trio.fail_after(HANGS):
            return [chunk async for chunk in trio_stream(events, chunk_size)]

    chunks = trio.run(main)
    assert "".join(chunks) == "head<0><1><2><3><4>"
    assert events == ["closed"]
    # No boundary lies between the head and the first iteration's end.
    assert len(chunks) == (1 if chunk_size is None else 5)


def test_trio_closes() -> None:
    events: list[str] = []

    async def main() -> None:
        with trio.fail_after(HANGS):
            async with trio_stream(events, 0) as stream:
                events.append(await anext(stream))

    trio.run(main)
    assert events == ["head<0>", "closed"]


def test_trio_cancels() -> None:
    events: list[str] = []

    async def call() -> None:
        try:
            await trio.sleep_forever()
        finally:
            events.append("unwound")

    async def main() -> None:
        with trio.move_on_after(HANGS) as scope:
            stream = stream_of("a{% flush %}{% if call() %}{% endif %}", {"call": call})
            async with stream:
                events.append(await anext(stream))
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(anext, stream)
                    await trio.testing.wait_all_tasks_blocked()
                    scope.cancel()
        assert scope.cancelled_caught

    trio.run(main)
    gc.collect()
    assert events == ["a", "unwound"]


def test_trio_error() -> None:
    async def main() -> None:
        stream = stream_of("a{% flush %}{{ 1 // 0 }}")
        assert await anext(stream) == "a"
        with pytest.raises(ZeroDivisionError):
            await anext(stream)

    trio.run(main)
