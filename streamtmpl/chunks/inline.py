"""The render in the consumer's own task, for event loops other than asyncio's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .compiled import drive
from .cuts import CUT
from .render import CoroutineRender, Unwind

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator


class InlineRender(CoroutineRender):
    """A render in the consumer's own task, for event loops other than asyncio's.

    What it waits for passes through, and nothing is handed over before a wait.
    """

    _running: Coroutine[Any, Any, None] | None = None

    async def step(self) -> Any:
        """The next chunk: what has collected at the next cut."""
        if self._running is None:
            self._running = self._render()
        if not self._done and await drive(self._running, run=self._context.run) is CUT:
            return self._encoder(self._out.take())
        return self._last()

    def _at_cut(self) -> Generator[Any, Any, None]:
        if self._out.deferral is not None:
            yield from self._catch_up()
        if self._out.tell():
            yield CUT
        self._after_wait()

    async def close(self) -> None:
        """Unwind the render where it stands."""
        self._closing = True
        if self._running is None:
            self._done = True
        while not self._done:
            assert self._running is not None
            await drive(self._running, run=self._context.run, error=Unwind())
        self._end()

    def abandon(self) -> None:
        """Unwind the render as far as that needs no waiting."""
        if self._running is not None and not self._done:
            self._context.run(self._running.close)
