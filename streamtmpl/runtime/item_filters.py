"""Jinja2's filters of each item (``map``, ``select`` ...), which look up what they call once.

Jinja2 looks up the filter or test for each item, and what is to be passed to it besides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import Environment, filters
from jinja2.utils import _PassArg, internalcode

from streamtmpl.vocabulary import own_method

from .attribute_filters import attribute_getter, same

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from jinja2.runtime import Context

    Function = Callable[[Any], Any]


def of_each(context: Context, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Function:
    """What ``map`` with these arguments makes of an item."""
    environment = context.environment
    if not args and "attribute" in kwargs and kwargs.keys() <= _OF_ATTRIBUTES:
        return attribute_getter(environment, kwargs["attribute"], kwargs.get("default"))
    if args and _is_own(environment, "call_filter"):
        function = _called(environment.filters, context, args, kwargs)
        if function is not None:
            return function
    return filters.prepare_map(context, args, kwargs)


def passes(
    context: Context,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    modify: Callable[[Any], Any],
    by_attribute: bool,
) -> Function:
    """Whether ``select`` and its like with these arguments keep an item.

    :param modify: makes the answer of what the test has found.
    :param by_attribute: whether the first argument is the attribute that is tested.
    """
    environment = context.environment
    test: Function | None = None
    if len(args) == by_attribute:
        test = bool
    elif len(args) > by_attribute and _is_own(environment, "call_test"):
        test = _called(environment.tests, context, args[by_attribute:], kwargs)
    if test is not None:
        return _tested(context, args[:by_attribute], test, modify)
    return filters.prepare_select_or_reject(context, args, kwargs, modify, by_attribute)


_OF_ATTRIBUTES = frozenset({"attribute", "default"})


def _is_own(environment: Environment, name: str) -> bool:
    return own_method(environment, name) is getattr(Environment, name)


def _called(
    registered: dict[str, Any], context: Context, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Function | None:
    """What calls the function that *args* begin with; ``None``: Jinja2 is to say what is amiss."""
    name, rest = args[0], args[1:]
    function = registered.get(name) if type(name) is str else None
    if function is None:
        return None
    passed = _PassArg.from_obj(function)
    if passed is None:
        return _plainly(function, rest, kwargs)
    if passed is _PassArg.context:
        return lambda item: function(context, item, *rest, **kwargs)
    if passed is _PassArg.eval_context:
        return lambda item: function(context.eval_ctx, item, *rest, **kwargs)
    return lambda item: function(context.environment, item, *rest, **kwargs)


def _plainly(
    function: Callable[..., Any], rest: tuple[Any, ...], kwargs: dict[str, Any]
) -> Function:
    return (lambda item: function(item, *rest, **kwargs)) if rest or kwargs else function


def _tested(
    context: Context, attribute: tuple[Any, ...], test: Function, modify: Callable[[Any], Any]
) -> Function:
    if attribute:
        get = attribute_getter(context.environment, *attribute)
        return lambda item: modify(test(get(item)))
    return test if modify is same else lambda item: modify(test(item))


def negated(value: Any) -> bool:
    """The answer of ``reject``."""
    return not value


@internalcode
def sync_do_map(context: Context, value: Iterable[Any], *args: Any, **kwargs: Any) -> Iterator[Any]:
    """Jinja2's ``map`` of a sync environment."""
    if value:
        function = of_each(context, args, kwargs)
        for item in value:
            yield function(item)


@internalcode
def select_or_reject(
    context: Context,
    value: Iterable[Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    modify: Callable[[Any], Any],
    by_attribute: bool,
) -> Iterator[Any]:
    """What the four filters below give; a generator prints as the name of its function."""
    if value:
        is_kept = passes(context, args, kwargs, modify, by_attribute)
        for item in value:
            if is_kept(item):
                yield item


def sync_do_select(
    context: Context, value: Iterable[Any], *args: Any, **kwargs: Any
) -> Iterator[Any]:
    """Jinja2's ``select`` of a sync environment."""
    return select_or_reject(context, value, args, kwargs, same, False)


def sync_do_reject(
    context: Context, value: Iterable[Any], *args: Any, **kwargs: Any
) -> Iterator[Any]:
    """Jinja2's ``reject`` of a sync environment."""
    return select_or_reject(context, value, args, kwargs, negated, False)


def sync_do_selectattr(
    context: Context, value: Iterable[Any], *args: Any, **kwargs: Any
) -> Iterator[Any]:
    """Jinja2's ``selectattr`` of a sync environment."""
    return select_or_reject(context, value, args, kwargs, same, True)


def sync_do_rejectattr(
    context: Context, value: Iterable[Any], *args: Any, **kwargs: Any
) -> Iterator[Any]:
    """Jinja2's ``rejectattr`` of a sync environment."""
    return select_or_reject(context, value, args, kwargs, negated, True)


codes = frozenset({sync_do_map.__code__, select_or_reject.__code__})
"""The code of the generators that these filters give; each has what it runs over in ``value``."""
