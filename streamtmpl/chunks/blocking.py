"""Consuming an async stream from synchronous code, in an event loop of its own."""

from __future__ import annotations

import asyncio
from threading import Thread
from typing import TYPE_CHECKING, Any

from streamtmpl.exceptions import StreamBusyError

if TYPE_CHECKING:
    from collections.abc import Generator

    from .async_stream import AsyncChunkStream


def iterate(stream: AsyncChunkStream[Any]) -> Generator[Any, None, None]:
    """The chunks of *stream*; it renders, and the event loop runs, only while one is awaited.

    :raises StreamBusyError: an event loop is running in this thread already.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        raise StreamBusyError(
            "generate() of an async environment cannot run inside a running event loop:"
            " use generate_async() or render_stream_async()"
        )
    stream.in_lockstep()
    loop = asyncio.new_event_loop()
    try:
        while True:
            try:
                chunk = loop.run_until_complete(stream.__anext__())
            except StopAsyncIteration:
                return
            yield chunk
    finally:
        _close(loop, stream)


def _close(loop: asyncio.AbstractEventLoop, stream: AsyncChunkStream[Any]) -> None:
    """End the stream and its event loop, also while another event loop runs in this thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        _shut_down(loop, stream)
    else:  # the garbage collector closes an abandoned iteration wherever it happens to run
        thread = Thread(target=_shut_down, args=(loop, stream))
        thread.start()
        thread.join()


def _shut_down(loop: asyncio.AbstractEventLoop, stream: AsyncChunkStream[Any]) -> None:
    try:
        loop.run_until_complete(_end(stream))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()


async def _end(stream: AsyncChunkStream[Any]) -> None:
    """Close the stream, and cancel what the user's code left running, as asyncio.run() does."""
    try:
        await stream.aclose()
    finally:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
