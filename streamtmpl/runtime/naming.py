"""The names that templates' errors print, and those of macros' parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from jinja2.runtime import Context

from streamtmpl.vocabulary import PARAMETER

_Class = TypeVar("_Class", bound=type)


def named_as(original: type) -> Callable[[_Class], _Class]:
    """Give a class the name of Jinja2's that it stands for: templates print it in errors."""

    def name(kind: _Class) -> _Class:
        kind.__module__, kind.__name__ = original.__module__, original.__name__
        kind.__qualname__ = original.__qualname__
        call = vars(kind).get("__call__")
        if call is not None:
            call.__qualname__ = original.__call__.__qualname__
        into = vars(kind).get("_into")
        if into is not None:  # Python names it in errors of arguments that are spread
            into.__module__, into.__qualname__ = Context.call.__module__, Context.call.__qualname__
        return kind

    return name


def without_prefix(arguments: dict[str, Any]) -> dict[str, Any]:
    """Keyword arguments under the names that the template gave them."""
    return {name.removeprefix(PARAMETER): value for name, value in arguments.items()}
