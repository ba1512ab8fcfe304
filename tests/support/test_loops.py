"""The shared event loop ends what a run leaves behind, as `asyncio.run` does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest

from .loops import run


@pytest.mark.parametrize("runs", [asyncio.run, run])
def test_what_is_left_is_ended(runs: Callable[[Coroutine[Any, Any, Any]], Any]) -> None:
    ended: list[str] = []
    kept: list[Any] = []

    async def generator(name: str) -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            ended.append(name)

    async def forever() -> None:
        try:
            await asyncio.sleep(1000)
        finally:
            ended.append("task")

    async def main(fails: bool) -> str:
        kept.extend([generator("kept"), asyncio.create_task(forever())])
        assert await anext(kept[0]) == 1
        assert await anext(generator("dropped")) == 1
        await asyncio.sleep(0)
        if fails:
            raise LookupError("main")
        return "result"

    for fails in (False, True):
        ended.clear()
        kept.clear()
        if fails:
            with pytest.raises(LookupError, match="main"):
                runs(main(fails))
        else:
            assert runs(main(fails)) == "result"
        assert sorted(ended) == ["dropped", "kept", "task"]
