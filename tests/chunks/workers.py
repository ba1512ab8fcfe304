"""Worker threads that are counted, for templates of sync environments in asyncio."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from streamtmpl import AsyncChunkStream, StreamEnvironment, render_stream_async
from tests.support import gates


class Workers(ThreadPoolExecutor):
    """Counts the hops into a worker thread; each one is made by a new thread."""

    def __init__(self) -> None:
        super().__init__(1)
        self.hops = 0

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.hops += 1
        future: Future[Any] = Future()

        def work() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    result = function(*args, **kwargs)
                except BaseException as error:
                    future.set_exception(error)
                else:
                    future.set_result(result)

        threading.Thread(target=work).start()
        return future


def in_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a coroutine function as a test; it leaves no task and no thread of ours behind."""
    without_tasks = gates.in_loop(test)

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        threads = set(threading.enumerate())
        without_tasks(*args, **kwargs)
        for thread in set(threading.enumerate()) - threads:
            thread.join(gates.HANGS)
            assert not thread.is_alive()

    return run


def counted() -> Workers:
    workers = Workers()
    asyncio.get_running_loop().set_default_executor(workers)
    return workers


def stream_of(
    source: str, context: dict[str, Any] | None = None, chunk_size: int = 0
) -> AsyncChunkStream[str]:
    template = StreamEnvironment().from_string(source)
    return render_stream_async(template, context, chunk_size=chunk_size)


async def until(event: threading.Event) -> None:
    """Wait for a worker thread without blocking the event loop or using its workers."""
    while not event.is_set():
        await asyncio.sleep(0.001)


NUMBERS = "{% for n in rows %}{{ n }}{% endfor %}"
