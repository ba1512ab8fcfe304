"""Includes: the root of an included template is handed what it reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2.utils import missing

from streamtmpl.chunks.compiled import async_into, into, raising
from streamtmpl.context import LazyContext, StreamContext, makes_contexts_of_ours

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
    if not isinstance(context, StreamContext) or not makes_contexts_of_ours(template):
        return _with_own_context(template, context, root)
    takes_variables = getattr(template.root_render_func, "takes_variables", False)
    if isinstance(context, LazyContext):
        return _within_included(template, context, root, takes_variables)
    near, far = context.vars, context.parent
    if getattr(template.root_render_func, "keeps_context", False):
        return _again_and_again(template, near, far, root)

    def render(out: Buffer, variables: dict[str, Any]) -> Any:
        if near:
            variables = near | variables
        try:
            if takes_variables:
                return root(LazyContext(template, variables, far), out, variables, far)
            return root(LazyContext(template, variables, far), out)
        except StopIteration as error:
            return raising(error)

    return render


def _with_own_context(template: Any, context: Context, root: Callable[..., Any]) -> Include:
    """What renders *template* with a context as Jinja2 makes it."""

    def render(out: Buffer, variables: dict[str, Any]) -> Any:
        made = template.new_context(context.get_all(), True, variables)
        try:
            return root(made, out)
        except StopIteration as error:
            return raising(error)

    return render


def _again_and_again(
    template: Any, near: dict[str, Any], far: dict[str, Any], root: Callable[..., Any]
) -> Include:
    """What renders *template*, whose *root* hands its context to nobody.

    As long as the context has not been asked for anything, nobody can tell that it is the same.
    """
    context = LazyContext(template, {}, far)

    def render(out: Buffer, variables: dict[str, Any]) -> Any:
        nonlocal context
        if near:
            variables = near | variables
        if context.is_asked:
            context = LazyContext(template, variables, far)
        else:
            context.near = variables
        try:
            return root(context, out, variables, far)
        except StopIteration as error:
            return raising(error)

    return render


def _within_included(
    template: Any, context: LazyContext, root: Callable[..., Any], takes_variables: bool
) -> Include:
    """What renders *template* within one that is included itself.

    Its variables are in other places as soon as somebody asks for its context.
    """

    def render(out: Buffer, variables: dict[str, Any]) -> Any:
        if context.near:
            variables = context.near | variables
        included = LazyContext(template, variables, context.far)
        try:
            if takes_variables:
                return root(included, out, variables, context.far)
            return root(included, out)
        except StopIteration as error:
            return raising(error)

    return render
