"""An event loop for thousands of short runs: to make one and close it takes longer than most runs.

It is for tests of what comes of a run, not for tests of event loops.
"""

from __future__ import annotations

import asyncio
import atexit
import sys
from collections.abc import Awaitable, Coroutine
from functools import cache
from typing import Any, TypeVar
from weakref import WeakSet

T = TypeVar("T")


@cache
def _shared() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    atexit.register(loop.close)
    return loop


def run(main: Coroutine[Any, Any, T]) -> T:
    """Do what `asyncio.run` does, which ends tasks and generators as well; but the loop stays."""
    loop = _shared()
    begun: WeakSet[Any] = WeakSet()

    async def noting_generators() -> T:
        noted_by_loop: Any = sys.get_asyncgen_hooks().firstiter  # the loop sets it for each run

        def note(generator: Any) -> None:
            begun.add(generator)
            noted_by_loop(generator)

        sys.set_asyncgen_hooks(firstiter=note)
        return await main

    try:
        return loop.run_until_complete(noting_generators())
    finally:
        loop.run_until_complete(_end_what_is_left(begun))


async def _end_what_is_left(generators: WeakSet[Any]) -> None:
    await asyncio.sleep(0)  # generators that nothing refers to are being closed already
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await _ended(*tasks)
    await _ended(*(each.aclose() for each in generators if each.ag_frame is not None))


async def _ended(*left: Awaitable[Any]) -> None:
    """Wait for all. What they raise is told as `asyncio.run` does."""
    for result in await asyncio.gather(*left, return_exceptions=True) if left else ():
        if isinstance(result, Exception):
            told = {"message": "unhandled exception after a run", "exception": result}
            asyncio.get_running_loop().call_exception_handler(told)
