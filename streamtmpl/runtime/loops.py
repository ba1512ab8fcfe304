"""The ``loop`` object of templates, over sources."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, cast

from jinja2 import runtime
from jinja2.async_utils import auto_aiter
from jinja2.utils import internalcode, missing
from markupsafe import Markup

from streamtmpl.chunks.buffer import clock
from streamtmpl.chunks.compiled import capture, capture_async
from streamtmpl.vocabulary import Shape

from .awaiting import is_awaitable, not_awaited
from .naming import named_as, without_prefix
from .sources import paused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sized

    from jinja2.nodes import EvalContext
    from jinja2.runtime import Context, Undefined
    from typing_extensions import Self

    from streamtmpl.chunks.buffer import Buffer

    from .sources import Source


@named_as(runtime.LoopContext)
class LoopContext(runtime.LoopContext):
    """Jinja2's ``loop``, over an iterator that a source may have opened already.

    ``loop(...)`` at an output position streams (:meth:`_into`), anywhere else it captures.
    """

    # Where the class has an attribute of the same name, Python is slow to find that of an instance.
    __slots__ = ("_after", "_before", "_current", "_iterator", "_source", "index0")

    def __init__(
        self,
        iterable: Any,
        undefined: type[Undefined],
        source: Source | None = None,
        recurse: Callable[..., Any] | None = None,
        depth0: int = 0,
        markup: bool | EvalContext = False,
        concat: Callable[[Any], str] | None = None,
    ) -> None:
        """Loop over *iterable*, whose iterator *source* holds if there is one.

        *recurse* is the compiled body of a recursive loop, at nesting level *depth0*; *markup*
        says whether its text is safe HTML (autoescape is on where the loop stands), and *concat*
        is the environment's.
        """
        self._after = self._before = self._current = missing
        self.index0 = -1
        self._iterable = iterable
        self._source = source
        self._iterator = iter(iterable) if source is None else source.iterator
        self._undefined = undefined
        self._recurse = recurse
        self.depth0 = depth0
        self._markup = markup
        self._concat = concat

    @internalcode
    def __next__(self) -> Any:
        """The next item, beside this object."""
        item = self._after
        if item is missing:
            item = next(self._iterator)
            if item is paused:
                return item, self
        else:
            self._after = missing
        # As _step() does, which would cost a call for each item.
        self.index0 += 1
        self._before = self._current
        self._current = item
        return item, self

    @internalcode
    def _items(self) -> Iterator[Any]:
        """The items alone, at less cost than one by one."""
        while True:
            while (item := self._after) is not missing:
                self._after = missing
                self.index0 += 1
                self._before = self._current
                self._current = item
                yield item
            iterator = self._iterator
            for item in iterator:
                if item is not paused:
                    self.index0 += 1
                    self._before = self._current
                    self._current = item
                yield item
                if self._after is not missing or self._iterator is not iterator:
                    break
            else:
                return

    def _step(self, item: Any) -> Self:
        """Go on to *item*."""
        self.index0 += 1
        self._before = self._current
        self._current = item
        return self

    @internalcode
    def _peek_next(self) -> Any:
        if self._after is missing:
            source = self._source
            since = 0.0 if source is None else clock()
            self._after = next(self._iterator, missing)
            while self._after is paused:  # nothing can be handed over from in here
                self._after = next(self._iterator, missing)
            if source is not None:
                source.peeked(since)
        return self._after

    @property
    def last(self) -> bool:
        """Whether this is the last item."""
        if self._after is not missing:
            return False
        if self._source is None:
            self._after = next(self._iterator, missing)
            if self._after is not paused:
                return self._after is missing
            self._after = missing
        return self._peek_next() is missing

    @property
    def length(self) -> int:
        """How many items there are; an iterator without a length is drained for it."""
        if self._length is None:
            try:
                self._length = len(cast("Sized", self._iterable))
            except TypeError:
                items = [item for item in self._iterator if item is not paused]
                self._iterator = iter(items)
                self._length = len(items) + self.index + (self._after is not missing)
        return self._length

    def _entry(self, context: Context | None, shape: Shape | None) -> Callable[..., Any] | None:
        """What renders ``loop(...)`` into a buffer; ``None``: in *context* it must be captured.

        *shape* is that of the call, as for macros.
        """
        return self._into if context is None or self._is_text() else None

    def _is_text(self) -> bool:
        """Whether what ``loop(...)`` renders is safe HTML."""
        markup = self._markup
        return markup if isinstance(markup, bool) else bool(markup.autoescape)

    def _body(self) -> Callable[..., Any]:
        if self._recurse is None:
            raise TypeError("The loop must have the 'recursive' marker to be called recursively.")
        return self._recurse

    @internalcode
    def _into(self, out: Buffer, /, *args: Any, **kwargs: Any) -> Any:
        """Render the body of the loop over the one argument into *out*."""
        if kwargs:
            kwargs = without_prefix(kwargs)
        try:
            iterable = _only_argument(*args, **kwargs)
        except TypeError:
            return self(*args, **kwargs)  # raises what calling the loop raises
        return self._body()(out, iterable, self._recurse, depth=self.depth)

    @internalcode
    def __call__(self, iterable: Any) -> str:
        text = capture(self._concat, self._body(), iterable, self._recurse, depth=self.depth)
        return Markup(text) if self._is_text() else text


@internalcode
def _only_argument(iterable: Any) -> Any:
    return iterable


@named_as(runtime.AsyncLoopContext)
class AwaitedLoopContext(LoopContext):
    """The ``loop`` of an async environment, over an ordinary iterable."""

    @property
    def nextitem(self) -> Any:
        """The next item. Templates await what they get; in Jinja2 that is never the item itself."""
        item = super().nextitem
        return not_awaited(item) if is_awaitable(item) else item

    @internalcode
    async def __call__(self, iterable: Any) -> str:  # type: ignore[override]
        text = await capture_async(
            self._concat, self._body(), iterable, self._recurse, depth=self.depth
        )
        return Markup(text) if self._is_text() else text


@named_as(runtime.AsyncLoopContext)
class AsyncLoopContext(AwaitedLoopContext, runtime.AsyncLoopContext):
    """The ``loop`` of an async environment, over an async iterable.

    As an iterator it gives awaitables of ``(item, loop)``: generated code awaits them itself.
    """

    def __init__(
        self, iterable: Any, undefined: type[Undefined], source: Source, *args: Any
    ) -> None:
        """Loop over the async iterator of *source*; *args* are those of :class:`LoopContext`."""
        super().__init__(iterable, undefined, source, *args)
        self._iterator = source.pulls

    def __iter__(self) -> AsyncLoopContext:
        return self

    def __next__(self) -> Any:
        return self.__anext__()

    def _items(self) -> Iterator[Any]:
        """Awaitables of the items alone, without an end: the last one raises."""
        while True:
            yield self._next_item()

    @internalcode
    async def _next_item(self) -> Any:
        item, _ = await self.__anext__()
        return item

    @internalcode
    async def __anext__(self) -> Any:
        """The next item, beside this object."""
        item = self._after
        if item is missing:
            item = await self._iterator.__anext__()
            if item is paused:
                return item, self
        else:
            self._after = missing
        return item, self._step(item)

    @internalcode
    async def _peek_next(self) -> Any:
        if self._after is missing:
            self._after = await anext(self._iterator, missing)
            while self._after is paused:  # nothing can be handed over from in here
                self._after = await anext(self._iterator, missing)
        return self._after

    last = runtime.AsyncLoopContext.last  # type: ignore[assignment]
    nextitem = runtime.AsyncLoopContext.nextitem

    @property
    async def length(self) -> int:  # type: ignore[override]
        """How many items there are; an iterator without a length is drained for it."""
        if self._length is None:
            try:
                self._length = len(cast("Sized", self._iterable))
            except TypeError:
                items = [item async for item in self._iterator if item is not paused]
                self._iterator = auto_aiter(items)
                self._length = len(items) + self.index + (self._after is not missing)
        return self._length


@named_as(runtime.LoopContext)
class SteppedLoop(LoopContext):
    """The ``loop`` of a body that never looks ahead: generated code tells it each item."""

    def __init__(self, undefined: type[Undefined]) -> None:
        """A loop before its first item."""
        super().__init__((), undefined)


class CountedItems:
    """Items of a list or tuple, which generated code counts until a ``loop`` object is needed."""

    _kind = LoopContext

    def __init__(self, sequence: list[Any] | tuple[Any, ...], undefined: type[Undefined]) -> None:
        """Loop over *sequence*."""
        self._sequence = sequence
        self._undefined = undefined
        self._pulled = iter(sequence)
        self._passes = [self._pulled]

    def __iter__(self) -> Iterator[Any]:
        return chain.from_iterable(self._passes)

    def __length_hint__(self) -> int:
        return self._pulled.__length_hint__()  # type: ignore[attr-defined, no-any-return]

    def __next__(self) -> Any:
        """The next item; asked for where there is none, there will be none."""
        return next(self._pulled)

    def loop(self, count: int, looked: bool, size: int | None) -> LoopContext:
        """The object at the last item of *count*; from here on it gives the items.

        *looked* and *size* say whether that was the last one, and how many there are, was asked
        before. The sequence must not have been changed.
        """
        loop = self._kind(self._sequence, self._undefined)
        for _ in range(count):
            loop._step(next(loop._iterator))
        if looked and not self.__length_hint__():
            loop._iterator = self._pulled  # it was found at its end, where it stays
        if looked:
            loop._peek_next()
        loop._length = size
        for _ in self._pulled:  # then it has ended for good, even if items are added
            pass
        self._passes.append(loop._items())
        return loop


class AwaitedCountedItems(CountedItems):
    """Those of an async environment."""

    _kind = AwaitedLoopContext


def async_loop(
    iterable: Any, undefined: type[Undefined], source: Source | None, *args: Any
) -> LoopContext:
    """The ``loop`` of an async environment; the arguments are those of :class:`LoopContext`."""
    if source is not None and source.awaits:
        return AsyncLoopContext(iterable, undefined, source, *args)
    return AwaitedLoopContext(iterable, undefined, source, *args)
