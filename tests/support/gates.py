"""Gates that templates wait at until a test opens them.

The tests go by the order of events; no clock is looked at.
"""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import jinja2
import pytest

from streamtmpl import AsyncChunkStream, StreamEnvironment, render_stream_async, testing

EXTENSIONS = ["jinja2.ext.do", "jinja2.ext.loopcontrols"]
HANGS = 20
"""Seconds after which a test that hangs is given up."""

needs_timeout = pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio.timeout is new")


def in_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a coroutine function as a test, and see that it leaves no task behind."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        async def main() -> None:
            await asyncio.wait_for(test(*args, **kwargs), HANGS)
            assert asyncio.all_tasks() == {asyncio.current_task()}

        asyncio.run(main())

    return run


async def settle() -> None:
    """Let everything run that can run."""
    for _ in range(50):
        await asyncio.sleep(0)


class Gate(testing.Gate):
    """A gate of the kit that a template calls, and waits at."""

    def __init__(self, *, is_open: bool = False) -> None:
        super().__init__((), "gate", HANGS)
        if is_open:
            self.open()

    async def __call__(self, value: Any = "w") -> Any:
        return await self.wait_async(value)


class ConsumerTask:
    """Takes chunks as they come, in a task of its own."""

    def __init__(self, stream: AsyncChunkStream[str]) -> None:
        self.chunks: list[str] = []
        self.task = asyncio.create_task(self._consume(stream))

    async def _consume(self, stream: AsyncChunkStream[str]) -> None:
        async with stream:
            async for chunk in stream:
                self.chunks.append(chunk)

    @property
    def text(self) -> str:
        return "".join(self.chunks)


def streaming(sources: dict[str, str] | str = "") -> StreamEnvironment:
    templates = {"main": sources} if isinstance(sources, str) else sources
    return StreamEnvironment(
        loader=jinja2.DictLoader(templates), extensions=EXTENSIONS, enable_async=True
    )


def stream_of(
    source: str, context: dict[str, Any] | None = None, chunk_size: int | None = None
) -> AsyncChunkStream[str]:
    template = streaming(source).get_template("main")
    return render_stream_async(template, context, chunk_size=chunk_size)
