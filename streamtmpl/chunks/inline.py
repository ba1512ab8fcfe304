"""The render in the consumer's own task, for event loops other than asyncio's."""

from __future__ import annotations

from types import coroutine
from typing import TYPE_CHECKING, Any

from .cuts import CUT
from .render import CoroutineRender, Unwind

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator


class InlineRender(CoroutineRender):
    """A render in the consumer's own task, for event loops other than asyncio's.

    What it waits for passes through, and nothing is handed over before a wait.
    """

    _running: Coroutine[Any, Any, None] | None = None

    @coroutine
    def step(self) -> Generator[Any, Any, Any]:
        """The next chunk: what has collected at the next cut."""
        if self._running is None:
            self._running = self._render()
        if (yield from self._until_cut(self._running.send)):
            return self._encoder(self._out.take())
        return self._last()

    def _until_cut(self, resume: Callable[[Any], Any]) -> Generator[Any, Any, bool]:
        value: Any = None
        while not self._done:
            try:
                signal = self._context.run(resume, value)
            except StopIteration:
                break
            if signal is CUT:
                return True
            assert self._running is not None
            try:
                value = yield signal
                resume = self._running.send
            except BaseException as error:  # noqa: BLE001 - the template's to handle
                resume, value = self._running.throw, error
        return False

    def _at_cut(self) -> Generator[Any, Any, None]:
        yield CUT

    @coroutine
    def close(self) -> Generator[Any, Any, None]:
        """Unwind the render where it stands."""
        self._closing = True
        if self._running is None:
            self._done = True
        while not self._done:
            yield from self._until_cut(self._throw_unwind)
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
        self._raise_kept()

    def _throw_unwind(self, value: None) -> Any:
        assert self._running is not None
        return self._running.throw(Unwind())

    def abandon(self) -> None:
        """Unwind the render as far as that needs no waiting."""
        if self._running is not None and not self._done:
            self._context.run(self._running.close)
