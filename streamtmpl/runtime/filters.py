"""Jinja2's filters of two kinds, sync and async, without a coroutine where nothing is awaited.

In async environments Jinja2 awaits ``join`` and its like even over a list, and makes ``map`` and
its like async generators, whose every item costs a coroutine. Here:

- *Draining filters* (``first``, ``join``, ``list`` ...) have a variant that runs at once over what
  is not async, in the same steps as Jinja2's coroutine (:func:`plain_variant`).
- *Piping filters* (``map``, ``select`` ...) are ordinary generators over ordinary iterables, but
  only where nobody can tell (:func:`piped`): the consumer is a loop or a draining filter. Their
  items may still have to be awaited (``map`` over a coroutine function): they are :class:`Later`,
  which the consumer awaits before it goes on, and may turn out to be :data:`skipped`.

Both look at run time whether a filter is Jinja2's own, as anybody may register another one.
"""

from __future__ import annotations

from types import FunctionType
from typing import TYPE_CHECKING, Any

from jinja2 import filters
from jinja2.runtime import Undefined
from jinja2.utils import _PassArg, internalcode

from .attribute_filters import (
    attribute_getter,
    same,
    sync_do_groupby,
    sync_do_join,
    sync_do_unique,
)
from .awaiting import is_awaitable, not_awaited, plain_types
from .item_filters import negated, of_each, passes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable, Iterator

    from jinja2 import Environment
    from jinja2.nodes import EvalContext
    from jinja2.runtime import Context

    Filter = Callable[..., Any]

skipped: Any = object()
"""What awaiting a :class:`Later` gives when the item did not pass a ``select`` above it."""


class Later:
    """An item or a result that has to be awaited, made by this module alone."""

    __slots__ = ("_coroutine",)

    def __init__(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        self._coroutine = coroutine

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._coroutine.__await__()


def _ended(kind: str, error: BaseException) -> RuntimeError:
    """What Python makes of *error*, of an iterator's end, when it leaves a *kind* of function."""
    name = "StopIteration" if isinstance(error, StopIteration) else "StopAsyncIteration"
    return RuntimeError(f"{kind} raised {name}")


# -- filters that give an iterator


@internalcode
async def _awaited(result: Awaitable[Any]) -> Any:
    try:
        return await result
    except StopAsyncIteration as error:
        raise _ended("async generator", error) from error


@internalcode
async def _mapped_later(item: Later, function: Filter) -> Any:
    value = await item
    if value is skipped:
        return value
    try:
        result = function(value)
        return await result if is_awaitable(result) else result
    except (StopIteration, StopAsyncIteration) as error:
        raise _ended("async generator", error) from error


@internalcode
def _mapped(
    context: Context, value: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Iterator[Any]:
    if not value:
        return
    function = of_each(context, args, kwargs)
    try:
        for item in value:
            if type(item) is Later:
                yield Later(_mapped_later(item, function))
                continue
            try:
                result = function(item)
            except (StopIteration, StopAsyncIteration) as error:
                raise _ended("async generator", error) from error
            if type(result) in plain_types or not is_awaitable(result):
                yield result
            else:
                yield Later(_awaited(result))
    except StopAsyncIteration:
        return  # the end for an ``async for``


@internalcode
async def _selected_later(item: Later, is_kept: Filter) -> Any:
    value = await item
    if value is skipped:
        return value
    try:
        return value if is_kept(value) else skipped
    except (StopIteration, StopAsyncIteration) as error:
        raise _ended("async generator", error) from error


@internalcode
def _selected(
    context: Context,
    value: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    modify: Filter,
    by_attribute: bool,
) -> Iterator[Any]:
    if not value:
        return
    is_kept = passes(context, args, kwargs, modify, by_attribute)
    try:
        for item in value:
            if type(item) is Later:
                yield Later(_selected_later(item, is_kept))
                continue
            try:
                if not is_kept(item):
                    continue
            except (StopIteration, StopAsyncIteration) as error:
                raise _ended("async generator", error) from error
            yield item
    except StopAsyncIteration:
        return


_PIPING: dict[Filter, tuple[Filter, tuple[Any, ...]]] = {
    filters.do_map: (_mapped, ()),
    filters.do_select: (_selected, (same, False)),
    filters.do_reject: (_selected, (negated, False)),
    filters.do_selectattr: (_selected, (same, True)),
    filters.do_rejectattr: (_selected, (negated, True)),
}
"""Jinja2's filter: the generator function in its place, and the arguments it takes last."""

pipe_codes = frozenset({_mapped.__code__, _selected.__code__})
"""The code of the generators that :func:`piped` gives; each has what it runs over in ``value``."""


@internalcode
def piped(
    functions: tuple[Filter, ...], context: Context, value: Any, /, *args: Any, **kwargs: Any
) -> Any:
    """Apply a piping filter to *value* for consumers that know :class:`Later`.

    *functions* are the filter itself and those that its result passes through in turn. Where one
    of them is not Jinja2's, or *value* is async, the result is what Jinja2's filter gives.
    """
    function = functions[0]
    if hasattr(value, "__aiter__") or "context" in kwargs or "value" in kwargs:
        return function(context, value, *args, **kwargs)
    for each in functions:
        if type(each) is not FunctionType or each not in _known:
            return function(context, value, *args, **kwargs)
    generator, last = _PIPING[function]
    return generator(context, value, args, kwargs, *last)


# -- filters that drain an iterator at once


def _drained(value: Iterable[Any], finish: Callable[[list[Any]], Any]) -> Any:
    """What *finish* makes of the list of all items, or an awaitable of it."""
    items: list[Any] = []
    try:
        for item in value:
            if type(item) is Later:  # so *value* is an iterator, which goes on below
                return Later(_drained_later(items, item, value, finish))
            items.append(item)
    except StopAsyncIteration:
        pass
    return finish(items)


async def _settled(item: Later, rest: Iterable[Any]) -> Any:
    """The first item of *item* and those after it that is not skipped, or ``skipped``."""
    value = await item
    if value is skipped:
        for each in rest:
            value = await each if type(each) is Later else each
            if value is not skipped:
                break
    return value


async def _drained_later(
    items: list[Any], item: Any, rest: Iterable[Any], finish: Callable[[list[Any]], Any]
) -> Any:
    value = await item
    if value is not skipped:
        items.append(value)
    for each in rest:
        value = await each if type(each) is Later else each
        if value is not skipped:
            items.append(value)
    return finish(items)


def _list(value: Iterable[Any]) -> Any:
    return _drained(value, same)


def _first(environment: Environment, seq: Iterable[Any]) -> Any:
    iterator = iter(seq)
    try:
        item = next(iterator)
    except (StopIteration, StopAsyncIteration):
        return _no_first(environment)
    if type(item) is Later:
        return Later(_first_later(environment, item, iterator))
    return item


async def _first_later(environment: Environment, item: Later, rest: Iterable[Any]) -> Any:
    value = await _settled(item, rest)
    return _no_first(environment) if value is skipped else value


def _no_first(environment: Environment) -> Undefined:
    return environment.undefined("No first item, sequence was empty.")


def _join(
    eval_ctx: EvalContext, value: Iterable[Any], d: str = "", attribute: str | int | None = None
) -> Any:
    return _drained(value, lambda items: sync_do_join(eval_ctx, items, d, attribute))


def _unique(
    environment: Environment,
    value: Iterable[Any],
    case_sensitive: bool = False,
    attribute: str | int | None = None,
) -> Any:
    return _drained(
        value,
        lambda items: sync_do_unique(environment, items, case_sensitive, attribute),
    )


def _slice(value: Iterable[Any], slices: int, fill_with: Any = None) -> Any:
    return _drained(value, lambda items: filters.sync_do_slice(items, slices, fill_with))


def _groupby(
    environment: Environment,
    value: Iterable[Any],
    attribute: str | int,
    default: Any = None,
    case_sensitive: bool = False,
) -> Any:
    # What this raises comes before the pulls.
    attribute_getter(environment, attribute, default, not case_sensitive)
    return _drained(
        value,
        lambda items: sync_do_groupby(environment, items, attribute, default, case_sensitive),
    )


def _sum(
    environment: Environment,
    iterable: Iterable[Any],
    attribute: str | int | None = None,
    start: Any = 0,
) -> Any:
    # Not Python's sum(): that refuses text, adds floats in a way of its own and leaves *start* be.
    get = same if attribute is None else attribute_getter(environment, attribute)
    iterator, total = iter(iterable), start
    while True:
        try:
            item = next(iterator)
        except (StopIteration, StopAsyncIteration):
            return total
        if type(item) is Later:
            return Later(_sum_later(total, item, iterator, get))
        total += get(item)


async def _sum_later(total: Any, item: Later, rest: Iterable[Any], get: Filter) -> Any:
    value = await item
    if value is not skipped:
        total += get(value)
    for each in rest:
        value = await each if type(each) is Later else each
        if value is not skipped:
            total += get(value)
    return total


def _variant(original: Filter, plain: Filter) -> Filter:
    """*original*, one of Jinja2's filters, that runs *plain* over what is not async.

    The result is awaitable only where it has to be awaited, as generated code takes it.
    """
    # Errors of a call's arguments name the function.
    plain.__qualname__ = original.__qualname__
    takes_context = _PassArg.from_obj(original.__wrapped__) is not None  # type: ignore[attr-defined]

    @internalcode
    def variant(context: Any, value: Any, /, *args: Any, **kwargs: Any) -> Any:
        if hasattr(value, "__aiter__"):
            return original(context, value, *args, **kwargs)
        try:
            if takes_context:
                result = plain(context, value, *args, **kwargs)
            else:
                result = plain(value, *args, **kwargs)
        except StopIteration as error:
            raise _ended("coroutine", error) from error
        if type(result) in plain_types or type(result) is Later or not is_awaitable(result):
            return result
        return Later(not_awaited(result))

    return variant


async_do_first = _variant(filters.do_first, _first)
async_do_groupby = _variant(filters.do_groupby, _groupby)
async_do_join = _variant(filters.do_join, _join)
async_do_list = _variant(filters.do_list, _list)
async_do_slice = _variant(filters.do_slice, _slice)
async_do_sum = _variant(filters.do_sum, _sum)
async_do_unique = _variant(filters.do_unique, _unique)

_known = frozenset(_PIPING).union(
    (async_do_first, async_do_groupby, async_do_join, async_do_list),
    (async_do_slice, async_do_sum, async_do_unique),
)
"""The filters that know what to do with a :class:`Later`."""


# What Jinja2 passes only to ask which of two a filter is to be.


@internalcode
def sync_do_list(_: EvalContext, /, *args: Any, **kwargs: Any) -> Any:
    """Jinja2's ``list`` of a sync environment, called as generated code calls both."""
    return filters.sync_do_list(*args, **kwargs)


@internalcode
def sync_do_slice(_: EvalContext, /, *args: Any, **kwargs: Any) -> Any:
    """Jinja2's ``slice`` of a sync environment."""
    return filters.sync_do_slice(*args, **kwargs)
