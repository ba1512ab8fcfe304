"""What a template loops over: which of it is lazy, when its pulls are slow, and closing it.

A *source* is an iterator that a template's loop pulls from. In-memory data (lists, dicts, ranges
and what Jinja2's own filters make of them) needs no watching; anything else is wrapped in a
:class:`Source`, which generated code asks before and after each pull.
"""

from __future__ import annotations

import logging
from collections import deque
from time import perf_counter
from types import AsyncGeneratorType, GeneratorType
from typing import TYPE_CHECKING, Any

from jinja2 import filters
from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Iterator
    from types import CodeType

    from .buffer import Buffer

logger = logging.getLogger("streamtmpl")

PATIENCE = 0.002
"""Seconds that an iteration of a lazy loop may take before its text is handed over at its end."""

NEVER = float("inf")

clock = perf_counter

in_memory: frozenset[type] = frozenset(
    {list, tuple, dict, set, frozenset, str, Markup, range, deque}
    | {type({}.keys()), type({}.values()), type({}.items())}
)
"""Exact types that a loop may run over without a :class:`Source`."""

_SAMPLES: tuple[Any, ...] = ([], (), {}, {}.values(), {}.items(), "", b"", deque(), range(0))
_IN_MEMORY_ITERATORS: frozenset[type] = frozenset(
    [type(iter(sample)) for sample in (*_SAMPLES, set(), range(2**64))]
    + [type(reversed(sample)) for sample in _SAMPLES]
)


def _generator_code(function: Any) -> CodeType:
    """The code of a filter's generator; of Jinja2's sync and async pairs, that of the async one."""
    names = function.__code__.co_freevars
    if "async_func" in names:
        function = function.__closure__[names.index("async_func")].cell_contents
    code: CodeType = function.__code__
    return code


# Jinja2's generator filters keep what they run over in their local ``value``.
_LAZY_FILTERS = frozenset(
    map(
        _generator_code,
        (
            filters.sync_do_map,
            filters.do_map,
            filters.select_or_reject,
            filters.async_select_or_reject,
            filters.do_batch,
            filters.sync_do_slice,
            filters.sync_do_unique,
            filters.do_items,
        ),
    )
)


def filtered(iterable: Any) -> Any:
    """What *iterable* runs over, when it is a lazy filter of Jinja2's; else *iterable* itself."""
    while True:
        if type(iterable) is GeneratorType:
            code, frame = iterable.gi_code, iterable.gi_frame
        elif type(iterable) is AsyncGeneratorType:
            code, frame = iterable.ag_code, iterable.ag_frame
        else:
            return iterable
        if code not in _LAZY_FILTERS or frame is None:
            return iterable
        iterable = frame.f_locals["value"]


def is_lazy(iterable: Any) -> bool:
    """Whether pulling from *iterable* may take time: it has no length and is not in memory."""
    origin = filtered(iterable)
    return type(origin) not in _IN_MEMORY_ITERATORS and not hasattr(type(origin), "__len__")


def _is_closable(iterator: Any) -> bool:
    return callable(getattr(iterator, "aclose", None)) or callable(getattr(iterator, "close", None))


class Sources:
    """The iterators that a render has opened and not exhausted, to be closed when it ends."""

    __slots__ = ("_open",)

    def __init__(self) -> None:
        self._open: dict[int, Any] = {}

    def add(self, iterator: Any) -> None:
        """Close *iterator* with the stream, if it can be closed."""
        if _is_closable(iterator):
            self._open[id(iterator)] = iterator

    def discard(self, iterator: Any) -> None:
        """Leave *iterator* alone: it is exhausted."""
        self._open.pop(id(iterator), None)

    def _pop(self) -> Iterator[Any]:
        while self._open:
            yield self._open.popitem()[1]

    def close(self) -> list[BaseException]:
        """Close what is open, the latest first, and return the errors of doing so.

        Async generators are left to the event loop that runs them: only it can close them.
        """
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
        """The same inside an event loop, where async iterators are closed too."""
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
    """Log errors that cannot be raised, because another one already is."""
    for error in errors:
        logger.error("error while closing what a template iterated", exc_info=error)


class Source:
    """An iterator a loop pulls from, with what the loop must know around each pull.

    Looking at the clock twice for each pull would cost a tenth of a fast loop. So a loop looks
    once, and asks :meth:`late` only after :attr:`deadline`: as long as chunks are cut more often
    than every :data:`PATIENCE`, no text is held for longer, and nothing needs to be measured. When
    text is held longer, the source is taken for slow and each pull is measured, until a chunk has
    filled in less than that.

    :ivar pulls: the iterator itself, or the async iterator.
    :ivar iterator: what a ``for`` runs over: *pulls*, or the awaitables of an async iterator.
    :ivar awaits: whether the items are awaitables of an async source.
    :ivar deadline: when a pull that ends calls for :meth:`late` (seconds, :data:`clock`).
    :ivar slow: whether the latest iteration was slow to come: hand over at its end.
    """

    __slots__ = (
        "_lazy",
        "_measured",
        "_origin",
        "_out",
        "_pulled",
        "_resumed",
        "awaits",
        "deadline",
        "iterator",
        "pulls",
        "slow",
    )

    iterator: Iterator[Any]
    pulls: Any

    def __init__(self, iterable: Any, out: Buffer, awaits: bool = False) -> None:
        """Begin to iterate *iterable* for a loop that writes to *out*.

        :raises TypeError: it cannot be iterated.
        """
        self.pulls = pulls = iterable.__aiter__() if awaits else iter(iterable)
        self.iterator = _Awaitables(pulls) if awaits else pulls
        self.awaits = awaits
        self.slow = self._measured = False
        self._out = out
        self._lazy = out.main.flush_limit == 0 and not awaits and is_lazy(iterable)
        self._pulled = self._resumed = 0.0
        self.deadline = NEVER
        self._origin = filtered(pulls)
        if out.sources is not None:
            if self._origin is not pulls and hasattr(type(self._origin), "__next__"):
                out.sources.add(self._origin)
            out.sources.add(pulls)

    def head(self) -> bool:
        """Whether to hand over now, before the first pull: nothing has been so far."""
        if not self._lazy:
            return False
        self._pulled = clock()
        self.deadline = self._pulled + PATIENCE
        main = self._out.main
        self._resumed = main.resumed
        return not main.taken and main.tell() > 0

    def late(self) -> None:
        """Note that a pull has ended after the deadline: it may have been slow.

        The time that the consumer took is left out.
        """
        now, resumed = clock(), self._out.main.resumed
        if resumed != self._resumed:  # a chunk was cut since the latest pull
            if self._pulled - self._resumed < PATIENCE:
                self._measured = False
            self._resumed = resumed
        began = max(self._pulled, resumed)
        self._pulled = now
        self.slow = now - began > PATIENCE
        self._measured = self._measured or self.slow
        self.deadline = 0.0 if self._measured else began + PATIENCE

    def done(self) -> None:
        """The iterator is exhausted: there is nothing left to close."""
        sources = self._out.sources
        if sources is not None:
            sources.discard(self.pulls)
            sources.discard(self._origin)


class _Awaitables:
    """The pulls of an async iterator, as awaitables, for an ordinary ``for`` loop."""

    __slots__ = ("_pulls",)

    def __init__(self, pulls: AsyncIterator[Any]) -> None:
        self._pulls = pulls

    def __iter__(self) -> Iterator[Awaitable[Any]]:
        return self

    def __next__(self) -> Awaitable[Any]:
        return self._pulls.__anext__()


def iterated(value: Any, out: Buffer) -> Any:
    """*value*, which a filter is about to iterate: if it is an iterator, it closes with *out*."""
    if out.sources is not None and type(value) not in in_memory:
        kind = type(value)
        if hasattr(kind, "__next__") or hasattr(kind, "__anext__"):
            out.sources.add(value)
    return value


def open_source(iterable: Any, out: Buffer) -> Source:
    """Begin to iterate something that is not plain in-memory data (sync environments)."""
    return Source(iterable, out)


def open_async_source(iterable: Any, out: Buffer) -> Source:
    """Begin to iterate something plain or async (async environments)."""
    return Source(iterable, out, hasattr(iterable, "__aiter__"))
