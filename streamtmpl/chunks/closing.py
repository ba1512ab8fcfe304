"""Closing what a render has opened, and what becomes of the errors of that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from types import GeneratorType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self


def _is_closable(iterator: Any) -> bool:
    return callable(getattr(iterator, "aclose", None)) or callable(getattr(iterator, "close", None))


_under_way: dict[int, dict[int, Any]] = {}
"""Open iterators of streams under way. Where a stream is garbage together with what it iterates,
this keeps the collector from finalizing the iterators before the stream closes them."""


open_iterators: ContextVar[OpenIterators | None] = ContextVar("open_iterators", default=None)
"""Those of the stream that is running, for calls that are not handed a buffer."""


class OpenIterators:
    """The iterators that a render has opened and not exhausted, to be closed when it ends."""

    # Most renders open nothing: until one does, there is nothing to be made.
    _sweep_at = 64

    closed = False
    """Whether nothing is to be opened any more."""

    watch: Any = None
    """What tells the observer of the stream, if it has one."""
    open: dict[int, Any] | None = None
    """The iterators by their identity; nothing has been opened yet if ``None``."""
    _outer: OpenIterators | None = None
    _inner: Sequence[OpenIterators] = ()

    def within(self, outer: OpenIterators | None) -> Self:
        """These, of a render that is a part of the one with *outer*: each iterator is one's only.

        What both open is closed with *outer*.
        """
        if outer is not None:
            outer = outer._outer or outer
            self._outer = outer
            outer._inner = [*(each for each in outer._inner if not each.closed), self]
        return self

    def _is_others(self, iterator: Any) -> bool:
        outer = self._outer
        if outer is not None:
            return id(iterator) in (outer.open or ()) or any(
                id(iterator) in (each.open or ()) for each in outer._inner if each is not self
            )
        for each in self._inner:
            each.discard(iterator)
        return False

    def add(self, iterator: Any) -> None:
        """Close *iterator* with the stream, if it can be closed and the stream has not ended."""
        if self.closed or not _is_closable(iterator):
            return
        if (self._outer is not None or self._inner) and self._is_others(iterator):
            return
        if self.open is None:
            self.open = {}
        elif len(self.open) >= self._sweep_at:
            self._sweep(self.open)
        self.open[id(iterator)] = iterator
        _under_way[id(self)] = self.open

    def _sweep(self, iterators: dict[int, Any]) -> None:
        """Forget generators that have ended: a filter exhausts its own without telling."""
        for key, iterator in list(iterators.items()):
            if type(iterator) is GeneratorType and iterator.gi_frame is None:
                del iterators[key]
        self._sweep_at = max(64, 2 * len(iterators))

    def discard(self, iterator: Any) -> None:
        """Leave *iterator* alone: it is exhausted."""
        if self.open:
            self.open.pop(id(iterator), None)
            if not self.open:
                _under_way.pop(id(self), None)

    def _pop(self) -> Iterator[Any]:
        self.closed = True
        if self.open:
            while self.open:
                yield self.open.popitem()[1]
            del _under_way[id(self)]

    def close(self) -> list[BaseException]:
        """Close what is open, the latest first, and return the errors of doing so.

        Async generators are left to the event loop that runs them: only it can close them.
        """
        self.closed = True
        if not self.open:
            return []
        errors: list[BaseException] = []
        for iterator in self._pop():
            close = getattr(iterator, "close", None)
            if callable(close):
                try:
                    close()
                except BaseException as error:  # noqa: BLE001 - handed to the caller
                    errors.append(error)
        return errors

    async def aclose(self) -> list[BaseException]:
        """Close what is open inside an event loop, async iterators too, and return the errors."""
        errors: list[BaseException] = []
        for iterator in self._pop():
            close = getattr(iterator, "aclose", None) or iterator.close
            try:
                pending = close()
                if hasattr(type(pending), "__await__"):
                    await pending
            except BaseException as error:  # noqa: BLE001 - handed to the caller
                errors.append(error)
        return errors


def report(errors: list[BaseException]) -> None:
    """Log errors of closing that cannot be raised, because another one already is."""
    if not errors:
        return
    import logging  # noqa: PLC0415 - it takes as long to import as all of this package

    logger = logging.getLogger("streamtmpl")
    for error in errors:
        logger.error("error while closing what a template iterated", exc_info=error)


@contextmanager
def reported(kind: type[BaseException] = BaseException) -> Iterator[None]:
    """Around a closing whose error would hide another one, or be seen by nobody: it is logged.

    :param kind: the errors that are; others are raised.
    """
    try:
        yield
    except kind as error:
        report([error])


class RaisesOnce:
    """Keeps the first error of closing for whoever steps or closes next; the others are logged."""

    __slots__ = ("_closing_error",)

    def __init__(self) -> None:
        self._closing_error: BaseException | None = None

    def _keep_first(self, errors: list[BaseException]) -> None:
        if errors:
            self._closing_error = errors[0]
            report(errors[1:])

    def _raise_first(self) -> None:
        error, self._closing_error = self._closing_error, None
        if error is not None:
            raise error
