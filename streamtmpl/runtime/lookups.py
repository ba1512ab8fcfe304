"""What look-ups and calls of templates fall back to when the short way did not lead there.

Each function takes the steps of Jinja2's :meth:`Environment.getattr`, :meth:`Environment.getitem`
or :meth:`Context.call` that generated code has not taken itself.
"""

from __future__ import annotations

import sys
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any

from jinja2.exceptions import TemplateRuntimeError
from jinja2.runtime import Context
from jinja2.utils import internalcode

if TYPE_CHECKING:
    from collections.abc import Callable

    from jinja2 import Environment


@internalcode
def item_or_undefined(environment: Environment, value: Any, name: str) -> Any:
    """``value.name`` where there is no such attribute: the item, or undefined."""
    if type(value) is not dict:  # a dict's items have been looked at
        try:
            return value[name]
        except (TypeError, LookupError, AttributeError):
            pass
    return environment.undefined(obj=value, name=name)


@internalcode
def looked_up(environment: Environment, value: Any, name: str) -> Any:
    """``value.name``, as compact code looks it up, where dicts have no such attribute."""
    if type(value) is dict:
        try:
            return value[name]
        except KeyError:
            return environment.undefined(obj=value, name=name)
    return environment.getattr(value, name)


@internalcode
def attribute_missing(environment: Environment, value: Any, name: str) -> Any:
    """``value.name`` where looking the attribute up has raised the error that is being handled."""
    error: Any = sys.exc_info()[1]
    if type(value) is not dict and not isinstance(error, AttributeError):
        # A property's own KeyError is no missing attribute. Its traceback begins with the frame
        # that this is called from.
        raise error.with_traceback(error.__traceback__.tb_next)
    return item_or_undefined(environment, value, name)


@internalcode
def item_missing(environment: Environment, value: Any, item: Any) -> Any:
    """``value[item]`` where there is no such item: the attribute, or undefined."""
    if isinstance(item, str):
        try:
            return getattr(value, item)
        except AttributeError:
            pass
    return environment.undefined(obj=value, name=item)


def is_plain(function: Any) -> bool:
    """Whether a template may simply call *function*: it wants nothing of Jinja2's passed."""
    kind = type(function)
    if kind is MethodType:
        # A method has its function's attributes, but to look for one in vain takes it much longer.
        return not hasattr(function.__func__, "jinja_pass_arg")
    return kind is BuiltinFunctionType or (
        kind is FunctionType and not hasattr(function, "jinja_pass_arg")
    )


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
    if not is_plain(function):
        return context.call(function, *args, **kwargs)
    if kwargs:
        kwargs.pop("_loop_vars", None)
        kwargs.pop("_block_vars", None)
    try:
        return function(*args, **kwargs)
    except StopIteration:
        return stopped(context.environment)


# Python names the function called in errors of the arguments, such as f(**1): as in Jinja2.
call.__module__, call.__qualname__ = Context.call.__module__, Context.call.__qualname__
