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

        def render(out: Buffer, variables: dict[str, Any]) -> Any:
            return root(template.new_context(context.get_all(), True, variables), out)

    elif getattr(template.root_render_func, "takes_variables", False):

        def render(out: Buffer, variables: dict[str, Any]) -> Any:
            near, far = context.near, context.far
            if near:
                variables = near | variables
            return root(IncludedContext(template, variables, far), out, variables, far)

    else:

        def render(out: Buffer, variables: dict[str, Any]) -> Any:
            near = context.near | variables
            return root(IncludedContext(template, near, context.far), out)

    return render
