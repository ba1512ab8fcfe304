"""What look-ups and calls of templates fall back to when the short way did not lead there.

Each function takes the steps of Jinja2's :meth:`Environment.getattr`, :meth:`Environment.getitem`
or :meth:`Context.call` that generated code has not taken itself.
"""

from __future__ import annotations

import sys
from functools import cache
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, filters
from jinja2.exceptions import TemplateRuntimeError
from jinja2.runtime import Context
from jinja2.utils import Namespace, _PassArg, internalcode, missing

from streamtmpl.vocabulary import NAMESPACE_ITEMS, own_method

from .macros import AsyncMacro, Macro

if TYPE_CHECKING:
    from collections.abc import Callable

NOT_FOUND = (AttributeError, LookupError, TypeError)
"""What Jinja2 takes for a missing item."""

namespace_items: Callable[[Any, str], Any] = object.__getattribute__
"""Look into a namespace past its own look-up, which is a function of Python's."""


def _known_namespace() -> type:
    """Jinja2's class, if what is set is where it has been; else a class of which nothing is."""
    try:
        known = namespace_items(Namespace(a=1), NAMESPACE_ITEMS) == {"a": 1}
    except AttributeError:
        known = False
    return Namespace if known else type("Unknown", (), {})


known_namespace = _known_namespace()
"""The class of the namespaces whose items :data:`namespace_items` gives."""

_OF_ITEMS = frozenset({dict, known_namespace})
_MACROS = frozenset({Macro, AsyncMacro})
_FINDS: Any = object.__getattribute__
_ATTR_LOOKS_FIRST = hasattr(filters, "getattr_static")
"""Whether Jinja2's ``attr`` does, as from 3.1.6 on. Before, it was quick, and gave no items."""


@internalcode
def item_or_undefined(environment: Environment, value: Any, name: str) -> Any:
    """``value.name`` where there is no such attribute: the item, or undefined."""
    kind = type(value)
    # A dict's items have been looked at. What has none is left alone: only a class may have them
    # all the same, and a metaclass of the user's may answer for its own.
    if kind is not dict and (
        type(kind) is not type or hasattr(kind, "__getitem__") or issubclass(kind, type)
    ):
        try:
            return value[name]
        except NOT_FOUND:
            pass
    return environment.undefined(obj=value, name=name)


@internalcode
def looked_up(environment: Environment, value: Any, name: str) -> Any:
    """``value.name``, at one cost whether it is missing or not; dicts have no such attribute."""
    if type(value) is dict:
        try:
            return value[name]
        except NOT_FOUND:  # keys of the user's may raise any of them
            return environment.undefined(obj=value, name=name)
    found = getattr(value, name, missing)
    return item_or_undefined(environment, value, name) if found is missing else found


@internalcode
def attribute_missing(environment: Environment, value: Any, name: str, row: Any = None) -> Any:
    """``value.name`` where looking the attribute up has raised the error that is being handled.

    :param row: the :class:`Row` that has looked for it, if one has.
    """
    error: Any = sys.exc_info()[1]
    if type(value) not in _OF_ITEMS and (row is not None or not isinstance(error, AttributeError)):
        # A property's own KeyError is no missing attribute. Its traceback begins with the frame
        # that this is called from.
        raise error.with_traceback(error.__traceback__.tb_next)
    return item_or_undefined(environment, value, name)


class Row:
    """Gives the attributes of a value, or what stands for them, as its items, without an error."""

    __slots__ = ("_environment", "_value")

    def __init__(self, environment: Environment, value: Any) -> None:
        """Look into *value*."""
        self._environment = environment
        self._value = value

    @internalcode
    def __getitem__(self, name: str) -> Any:
        found = getattr(self._value, name, missing)
        if found is missing:
            return item_or_undefined(self._environment, self._value, name)
        return found

    @internalcode
    def get(self, name: str, default: Any) -> Any:
        """The attribute, or *default* where there is none."""
        return getattr(self._value, name, default)


@internalcode
def item_missing(environment: Environment, value: Any, item: Any) -> Any:
    """``value[item]`` where there is no such item: the attribute, or undefined."""
    if isinstance(item, str):
        try:
            name = str(item)
        except Exception:  # noqa: BLE001 - whatever a class derived from str raises
            pass
        else:
            try:
                return getattr(value, name)
            except AttributeError:
                pass
    return environment.undefined(obj=value, name=item)


@internalcode
def quicker_attr(environment: Environment, /, *args: Any, **kwargs: Any) -> Any:
    """Jinja2's ``attr``, which first looks whether there is such an attribute, without asking.

    That takes long, and makes a difference only where an attribute is made when it is asked for.
    """
    if len(args) == 2 and not kwargs and _has_nothing_but_attributes(environment, *args):
        value, name = args
        try:
            return getattr(value, name)
        except AttributeError:
            pass
        for kind in type(value).__mro__:
            if name in kind.__dict__:  # a property that has none
                return item_or_undefined(environment, value, name)
        return environment.undefined(obj=value, name=name)
    return filters.do_attr(environment, *args, **kwargs)


def _has_nothing_but_attributes(environment: Environment, value: Any, name: Any) -> bool:
    """Whether Python itself finds the attributes of *value*, and the environment asks it."""
    kind: Any = type(value)
    return (
        _ATTR_LOOKS_FIRST
        and type(name) is str
        and type(kind) is type
        and kind.__getattribute__ is _FINDS
        and not hasattr(kind, "__getattr__")
        and own_method(environment, "getattr") is Environment.getattr
    )


def is_plain(function: Any) -> bool:
    """Whether a template may simply call *function*: it wants nothing of Jinja2's passed."""
    kind = type(function)
    if kind is MethodType:
        # A method has its function's attributes, but to look for one in vain takes it much longer.
        return not hasattr(function.__func__, "jinja_pass_arg")
    if kind is FunctionType:
        return not hasattr(function, "jinja_pass_arg")
    if kind is type:  # range, namespace ...: Jinja2 takes a method __call__ for the class's own
        method = getattr(function, "__call__", None)  # noqa: B004 - a descriptor may refuse it
        return not (hasattr(function, "jinja_pass_arg") or hasattr(method, "jinja_pass_arg"))
    return kind is BuiltinFunctionType


def stopped(environment: Environment) -> Any:
    """The value of a call that raised ``StopIteration``, which would end a generator of ours."""
    return environment.undefined(
        "value was undefined because a callable raised a StopIteration exception"
    )


def unknown(kind: str, name: str) -> Callable[..., Any]:
    """What stands for a filter or test (the *kind*) that the environment does not have."""

    @internalcode
    def raises(*_: Any) -> Any:
        raise TemplateRuntimeError(f"No {kind} named {name!r} found.")

    return raises


@internalcode
def call(context: Context, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Call *function* as a template does; its variables of a loop or block come as keywords."""
    if is_plain(function):
        return _call_plain(context, function, args, kwargs)
    return call_passing(context, function, *args, **kwargs)


@internalcode
def call_passing(context: Context, function: Any, /, *args: Any, **kwargs: Any) -> Any:
    """Call *function*, which is not plain: it may want something of Jinja2's to be passed."""
    kind = type(function)
    if kind in _MACROS:
        return _call_plain(context, function.called, (context.eval_ctx, *args), kwargs)
    if kind is not FunctionType:
        return context.call(function, *args, **kwargs)
    passed = function.jinja_pass_arg
    if passed is _PassArg.context:
        return _call_with_context(context, function, args, kwargs)
    if passed is _PassArg.eval_context:
        args = (context.eval_ctx, *args)
    elif passed is _PassArg.environment:
        args = (context.environment, *args)
    return _call_plain(context, function, args, kwargs)


@internalcode
def _call_plain(
    context: Context, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Call *function*, which the variables of a loop or block are not for."""
    if kwargs:
        kwargs.pop("_loop_vars", None)
        kwargs.pop("_block_vars", None)
    try:
        return function(*args, **kwargs)
    except StopIteration:
        return stopped(context.environment)


# Python names the function called in errors of the arguments, such as f(**1): as in Jinja2.
for _function in (call, call_passing):
    _function.__module__, _function.__qualname__ = (
        Context.call.__module__,
        Context.call.__qualname__,
    )


@internalcode
def _call_with_context(
    context: Context, function: FunctionType, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Call *function*, which wants the context; variables of a loop or block are in there."""
    if kwargs:
        for variables in (kwargs.pop("_loop_vars", None), kwargs.pop("_block_vars", None)):
            if variables:
                context = context.derived(variables)
    try:
        if function.__module__ == "jinja2.ext":
            return _translations().translated(call, context, function, args, kwargs)
        return function(context, *args, **kwargs)
    except StopIteration:
        return stopped(context.environment)


@cache
def _translations() -> Any:
    from . import translations  # noqa: PLC0415 - few templates are translated

    return translations
