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


def asks_for_loop(template: Any) -> bool:
    """Whether *template* might ask for the ``loop`` that it is included in, or change its items."""
    return not getattr(template.root_render_func, "leaves_loop", False)


def without_missing(variables: dict[str, Any]) -> dict[str, Any]:
    """Those of *variables* that have a value."""
    return {name: value for name, value in variables.items() if value is not missing}


def _renders(template: Any, context: Context, root: Callable[..., Any]) -> Include:
    if not isinstance(context, StreamContext) or type(template).new_context is not new_context:
        return lambda out, variables: root(
            template.new_context(context.get_all(), True, variables), out
        )
    takes_variables = getattr(template.root_render_func, "takes_variables", False)
    if isinstance(context, IncludedContext):
        return _within_included(template, context, root, takes_variables)
    near, far = context.vars, context.parent
    if getattr(template.root_render_func, "keeps_context", False):
        return _again_and_again(template, near, far, root)

    def render(out: Buffer, variables: dict[str, Any]) -> Any:
        if near:
            variables = near | variables
        if takes_variables:
            return root(IncludedContext(template, variables, far), out, variables, far)
        return root(IncludedContext(template, variables, far), out)

    return render


def _again_and_again(
    template: Any, near: dict[str, Any], far: dict[str, Any], root: Callable[..., Any]
) -> Include:
    """What renders *template*, whose *root* hands its context to nobody.

    As long as the context has not been asked for anything, nobody can tell that it is the same.
    """
    context = IncludedContext(template, {}, far)

    def render(out: Buffer, variables: dict[str, Any]) -> Any:
        nonlocal context
        if near:
            variables = near | variables
        if context.is_asked:
            context = IncludedContext(template, variables, far)
        else:
            context.near = variables
        return root(context, out, variables, far)

    return render


def _within_included(
    template: Any, context: IncludedContext, root: Callable[..., Any], takes_variables: bool
) -> Include:
    """What renders *template* within one that is included itself.

    Its variables are in other places as soon as somebody asks for its context.
    """

    def render(out: Buffer, variables: dict[str, Any]) -> Any:
        if context.near:
            variables = context.near | variables
        included = IncludedContext(template, variables, context.far)
        if takes_variables:
            return root(included, out, variables, context.far)
        return root(included, out)

    return render
