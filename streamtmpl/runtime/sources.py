"""What a template loops over: which of it is lazy, and when its pulls are slow.

A *source* is an iterator that a template's loop pulls from. In-memory data (lists, dicts, ranges
and what Jinja2's own filters make of them) needs no watching; anything else is wrapped in a
:class:`Source`, which generated code asks before and after each pull.
"""

from __future__ import annotations

from collections import deque
from types import AsyncGeneratorType, GeneratorType
from typing import TYPE_CHECKING, Any

from jinja2 import ChainableUndefined, DebugUndefined, Undefined, filters
from markupsafe import Markup

from streamtmpl.chunks.buffer import NEVER, clock

from . import item_filters
from .attribute_filters import sync_do_unique
from .filters import pipe_codes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Iterator
    from types import CodeType

    from streamtmpl.chunks.buffer import Buffer


paused: Any = object()
"""What a filtered loop is given for a slow pull whose item did not pass."""

PATIENCE = 0.002
"""Seconds that an iteration of a lazy loop may take before its text is handed over at its end."""

_STRIDES = {2: 4, 12: 8, 50: 16}
"""Pulls from one look at the clock to the next, by how many chunks in a row have filled fast."""

_SAMPLES: tuple[Any, ...] = ([], (), {}, {}.values(), {}.items(), "", b"", deque(), range(0))
_IN_MEMORY_ITERATORS: frozenset[type] = frozenset(
    [type(iter(sample)) for sample in (*_SAMPLES, set(), range(2**64))]
    + [type(reversed(sample)) for sample in _SAMPLES]
)

# What stands for missing data has no items, or is no iterable at all.
_MISSING = {type(None), Undefined, ChainableUndefined, DebugUndefined}

in_memory: frozenset[type] = _IN_MEMORY_ITERATORS | frozenset(
    _MISSING
    | {list, tuple, dict, set, frozenset, str, Markup, range, deque}
    | {type({}.keys()), type({}.values()), type({}.items())}
)
"""Exact types that a loop may run over without a :class:`Source`."""

row_types: frozenset[type] = frozenset({list, tuple, dict, type({}.keys()), type({}.values())})
"""Exact types of what cells may be taken from twice, and whose length is known."""

dict_items: type = type({}.items())


def _generator_code(function: Any) -> CodeType:
    """The code of a filter's generator; of Jinja2's sync and async pairs, that of the async one."""
    names = function.__code__.co_freevars
    if "async_func" in names:
        function = function.__closure__[names.index("async_func")].cell_contents
    code: CodeType = function.__code__
    return code


# Generator filters keep what they run over in their local ``value``.
_LAZY_FILTERS = (
    pipe_codes
    | item_filters.codes
    | frozenset(
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
                sync_do_unique,
                filters.do_items,
            ),
        )
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


class Source:
    """An iterator a loop pulls from, with what the loop must know around each pull.

    The loop looks at the clock after a pull and calls :meth:`late` when more than :data:`PATIENCE`
    has passed since the look before. To look after each pull costs a sixth of a fast loop: so once
    several chunks in a row have filled in less than :data:`PATIENCE` each, it looks less often.

    :ivar pulls: the iterator itself, or the async iterator.
    :ivar iterator: what a ``for`` runs over: *pulls*, or the awaitables of an async iterator.
    :ivar awaits: whether the items are awaitables of an async source.
    :ivar stride: how many pulls from one look at the clock to the next.
    :ivar each: whether that is one.
    :ivar span: what loops that count their text go by instead: after how many rows to look, less
        than 0 if :meth:`ends` is to be asked after each iteration, :data:`NEVER` if nothing is to
        be done at its end.
    :ivar looked: when the latest look was, if the source itself looks (:meth:`pulled`).
    :ivar suspect: whether a pull was slow, not long ago: ask :meth:`ends` after each iteration.
    """

    __slots__ = (
        "_countdown",
        "_cut_at",
        "_ended",
        "_fast_chunks",
        "_lazy",
        "_opened",
        "_origin",
        "_out",
        "_slow",
        "awaits",
        "each",
        "iterator",
        "looked",
        "pulls",
        "span",
        "stride",
        "suspect",
    )

    iterator: Iterator[Any]
    looked: float
    pulls: Any

    def __init__(self, iterable: Any, out: Buffer, awaits: bool = False) -> None:
        """Begin to iterate *iterable* for a loop that writes to *out*.

        :raises TypeError: it cannot be iterated.
        """
        self.pulls = pulls = iterable.__aiter__() if awaits else iter(iterable)
        self.iterator = _Awaitables(pulls) if awaits else pulls
        self.awaits = awaits
        self.suspect = self._slow = False
        self._out = out
        self._origin = filtered(pulls)
        # An async filter over an ordinary iterator pulls like an ordinary loop: without waiting.
        waits = awaits and hasattr(self._origin, "__aiter__")
        self._lazy = out.main.flush_limit == 0 and not waits and is_lazy(iterable)
        self.each = self._lazy
        self.stride = 1 if self._lazy else NEVER
        self.span = NEVER
        self._fast_chunks = 0
        self._cut_at = self._ended = 0.0
        if out.sources is not None:
            if self._origin is not pulls and hasattr(type(self._origin), "__next__"):
                out.sources.add(self._origin)
            out.sources.add(pulls)
            self._opened = pulls
            if out.sources.watch is not None:
                self._tell(out.sources.watch, iterable)

    def _tell(self, watch: Any, iterable: Any) -> None:
        """Have *watch* told of the pulls that take long."""
        from streamtmpl.chunks import observed  # noqa: PLC0415 - few streams

        if self.awaits:
            self.pulls = observed.WatchedAsyncPulls(self.pulls, watch)
            self.iterator = _Awaitables(self.pulls)
        elif is_lazy(iterable):
            self.pulls = self.iterator = observed.WatchedPulls(self.pulls, watch)

    def head(self) -> bool:
        """Whether to hand over now, before the first pull: nothing has been so far."""
        return self._lazy and self._out.main.holds_head()

    def begin(self) -> None:
        """The first pull is next, of a loop that calls :meth:`pulled` after each."""
        self._countdown, self.looked = self.stride, clock()

    def pulled(self) -> None:
        """Look at the clock if it is time: what loops do themselves, unless they are compact."""
        self._countdown -= 1
        if not self._countdown:
            self._countdown, now = self.stride, clock()
            if now - self.looked > PATIENCE:
                self._countdown = self.late(self.looked, now)
            self.looked = now

    def late(self, since: float, now: float) -> int:
        """Note that much time passed between two looks; returns the pulls until the next one.

        What the consumer took is left out, and after a slow pull also what the loop's body took.
        """
        if now - max(since, self._ended, self._out.main.resumed) > PATIENCE:
            # Of several pulls, none need have been slow: from now on, look after each.
            self._slow = self.stride == 1
            self._watch()
        return self.stride

    def _watch(self) -> None:
        self.suspect = self.each = True
        self.stride = 1
        self.span = -NEVER
        self._fast_chunks = 0

    def peeked(self, since: float) -> None:
        """Note a pull that the loop's body made, begun at *since*, to look ahead."""
        if self._lazy and clock() - since > PATIENCE:
            self._slow = True
            self._watch()

    def ends(self) -> bool:
        """Whether to hand over at the end of this iteration: a pull was slow."""
        slow, self._slow = self._slow, False
        self._ended = clock()
        if slow:
            self._out.main.reason = "wait"
        return slow

    def cut(self, looked: float) -> None:
        """Note that a chunk was cut, the latest look at the clock before it at *looked*."""
        self._slow = False
        if looked - self._cut_at > PATIENCE:
            self._fast_chunks = 0
        elif self._lazy:
            self._fast_chunks += 1
            if self._fast_chunks in _STRIDES:
                self.suspect = self.each = False
                self.stride = self.span = _STRIDES[self._fast_chunks]
        self._cut_at = self._out.main.resumed

    def done(self) -> None:
        """The iterator is exhausted: there is nothing left to close."""
        sources = self._out.sources
        if sources is not None:
            sources.discard(self._opened)
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
    kind = type(value)
    if out.sources is not None and kind not in in_memory:
        if kind is GeneratorType and value.gi_code in pipe_codes:
            return value  # holds nothing but what it runs over, which is known already
        if hasattr(kind, "__next__") or hasattr(kind, "__anext__"):
            out.sources.add(value)
    return value


def ahead(iterable: Any, out: Buffer) -> bool:
    """Whether to hand over now, before a filter pulls from *iterable*: nothing has been so far."""
    return out.main.holds_head() and is_lazy(iterable) and not hasattr(type(iterable), "__aiter__")


def open_source(iterable: Any, out: Buffer) -> Source:
    """Begin to iterate something that is not plain in-memory data (sync environments)."""
    return Source(iterable, out)


def open_async_source(iterable: Any, out: Buffer) -> Source:
    """Begin to iterate something plain or async (async environments)."""
    return Source(iterable, out, hasattr(iterable, "__aiter__"))
