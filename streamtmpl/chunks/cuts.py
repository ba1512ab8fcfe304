"""Cutting a chunk in an async environment, and running a render from cut to cut."""

from __future__ import annotations

from contextvars import ContextVar
from types import coroutine
from typing import TYPE_CHECKING, Any

from jinja2.utils import internalcode

if TYPE_CHECKING:
    from collections.abc import Generator

    from .closing import Sources


open_sources: ContextVar[Sources | None] = ContextVar("open_sources", default=None)
"""The sources of the stream that is running, for calls that are not handed a buffer."""

CUT = object()
"""What a render in an async environment suspends with when a chunk is to be cut."""


@coroutine
def cut() -> Generator[object, None, None]:
    """Suspend the render so that a chunk is cut here."""
    yield CUT


class Steps:
    """Runs a compiled coroutine from cut to cut: awaiting gives ``False`` when it has ended.

    Whatever it waits for passes through to the event loop, whichever that is.
    """

    __slots__ = ("_body",)

    def __init__(self, body: Any) -> None:
        self._body = body

    @internalcode
    def __await__(self) -> Generator[Any, Any, bool]:
        resume, value = self._body.send, None
        while True:
            try:
                signal = resume(value)
            except StopIteration:
                return False
            if signal is CUT:
                return True
            try:
                value = yield signal
                resume = self._body.send
            except BaseException as error:  # noqa: BLE001 - the template's to handle
                resume, value = self._body.throw, error

    def close(self) -> None:
        """Unwind the coroutine where it stands."""
        self._body.close()
