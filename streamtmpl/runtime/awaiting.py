"""What may have to be awaited in async environments."""

from __future__ import annotations

import inspect
from types import BuiltinFunctionType, CoroutineType, FunctionType, GeneratorType, MethodType
from typing import Any

from jinja2.runtime import Undefined
from jinja2.utils import internalcode
from markupsafe import Markup

plain_types: frozenset[type] = frozenset(
    {str, int, float, bool, type(None), list, dict, tuple, Markup, Undefined}
    | {BuiltinFunctionType, FunctionType, MethodType}
)
"""Exact types that need no look before it is known that they cannot be awaited."""


def is_awaitable(value: Any) -> bool:
    """Whether *value* is to be awaited, as :func:`inspect.isawaitable` says."""
    kind = type(value)
    if kind is CoroutineType:
        return True
    if kind is GeneratorType:
        return bool(value.gi_code.co_flags & inspect.CO_ITERABLE_COROUTINE)
    return hasattr(kind, "__await__")


@internalcode
async def not_awaited(value: Any) -> Any:
    """Just *value*, which is awaitable itself and must not be awaited."""
    return value
