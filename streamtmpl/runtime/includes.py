"""Includes: the root of an included template is handed what it reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2.utils import missing

from streamtmpl.chunks.compiled import async_into, into
from streamtmpl.context import IncludedContext, StreamContext, new_context

if TYPE_CHECKING:
    from collections.abc import Callable

    from jinja2.runtime import Context

    from streamtmpl.chunks.buffer import Buffer

    Include = Callable[[Buffer, dict[str, Any]], Any]


def including(template: Any, context: Context) -> Include:
    """What renders *template* where it is included: called with a buffer and local variables."""
    return _renders(template, context, into(template.root_render_func))


def async_including(template: Any, context: Context) -> Include:
    """As :func:`including`, in an async environment."""
    return _renders(template, context, async_into(template.root_render_func))


def without_missing(variables: dict[str, Any]) -> dict[str, Any]:
    """Those of *variables* that have a value."""
    return {name: value for name, value in variables.items() if value is not missing}


def _renders(template: Any, context: Context, root: Callable[..., Any]) -> Include:
    if not isinstance(context, StreamContext) or type(template).new_context is not new_context:
        return lambda out, variables: root(
            template.new_context(context.get_all(), True, variables), out
        )
    takes_variables = getattr(template.root_render_func, "takes_variables", False)
    # Of the context of an included template they change when somebody asks for it.
    nested = context if isinstance(context, IncludedContext) else None
    near, far = (context.vars, context.parent) if nested is None else ({}, {})

    def render(out: Buffer, variables: dict[str, Any]) -> Any:
        around, page = (near, far) if nested is None else (nested.near, nested.far)
        if around:
            variables = around | variables
        included = IncludedContext(template, variables, page)
        if takes_variables:
            return root(included, out, variables, page)
        return root(included, out)

    return render
