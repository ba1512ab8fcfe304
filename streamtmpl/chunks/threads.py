"""The render of a sync environment behind an async stream: each step in a worker thread."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from .render import Render, asyncio_runs
from .stream import ChunkStream

if TYPE_CHECKING:
    from collections.abc import Callable

    Hop = Callable[..., asyncio.Future[Any]]
    """Calls a function with arguments in a thread, and gives what it returns as a future."""


class ThreadRender:
    """A render of a sync environment, each step in a worker thread.

    :ivar stream: the stream that is stepped.
    """

    @property
    def over(self) -> bool:
        """Whether nothing comes any more: to learn that takes no further hop."""
        return self.stream.over

    def __init__(self, stream: ChunkStream[Any], hop: Hop | None = None) -> None:
        """Step *stream* in the thread that *hop* calls functions in, by default any."""
        self.stream = stream
        self._hop: Hop = hop or _into_executor

    @property
    def may_run_ahead(self) -> bool:
        """Whether it goes without saying in which thread, and nobody counts the steps."""
        return self._hop is _into_executor and type(self.stream) is ChunkStream

    def begun(self) -> Render:
        """This render.

        :raises RuntimeError: the event loop is not asyncio's.
        """
        if not asyncio_runs():
            raise RuntimeError(
                "what is not async is stepped in worker threads, which needs asyncio: under another"
                " event loop render a template of an environment with enable_async=True"
            )
        return self

    def encode_as(self, encoding: str) -> None:
        """From now on give chunks as bytes, unless they are already."""
        self.stream.encode_as(encoding)

    async def step(self) -> Any:
        """The next chunk, from one hop into a worker thread."""
        return await self._in_thread(next, self.stream, None)

    def at_once(self) -> Any:
        """Nothing: it takes a hop to begin."""
        return None

    async def whole(self) -> Any:
        """Nothing: it takes a hop to begin."""
        return None

    async def close(self) -> None:
        """Close the stream in a worker thread: what it closes may block."""
        await self._in_thread(self.stream.close)

    def abandon(self) -> None:
        """Nothing to do: the stream itself is closed when it is dropped."""

    async def _in_thread(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call *function* in a thread; a cancelled caller still waits until it has returned."""
        hop = self._hop(outcome, function, args)
        try:
            result, error = await asyncio.shield(hop)
        except asyncio.CancelledError:
            if not hop.done():
                self.stream.interrupt()
                await asyncio.wait({hop})
            raise
        if error is not None:
            raise error
        return result


def _into_executor(function: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
    return asyncio.get_running_loop().run_in_executor(None, function, *args)


def outcome(
    function: Callable[..., Any], args: tuple[Any, ...]
) -> tuple[Any, BaseException | None]:
    """What *function* returns or raises, as a value: futures change some exceptions."""
    try:
        return function(*args), None
    except BaseException as error:  # noqa: BLE001 - raised where the hop is awaited
        return None, error
