"""Tools that wrap the methods of :class:`jinja2.Template` to time them see ours as well.

OpenTelemetry, ddtrace, Scout and others put a function of theirs in the place of
``Template.render`` and its kin, which calls what it has found there. Our templates override these
methods. Where Jinja2's has been replaced, ours calls the replacement, with a copy of the template
whose root function gives what ours would have given. Where it has not, all that this costs is one
comparison.
"""

from __future__ import annotations

from types import FunctionType
from typing import TYPE_CHECKING, Any

from jinja2 import Template, environment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def _own(name: str) -> Any:
    """Jinja2's own method, also where a tool came before us; ``None`` if it is well hidden.

    Then the method counts as replaced for good, which is right in any case.
    """
    method = vars(Template)[name]
    # What wraps a function looks like one: only the type tells them apart.
    while type(method) is not FunctionType or method.__globals__ is not vars(environment):
        method = getattr(method, "__wrapped__", None)
        if method is None:
            return None
    return method


RENDER = _own("render")
RENDER_ASYNC = _own("render_async")
GENERATE = _own("generate")
GENERATE_ASYNC = _own("generate_async")


class _Synchronous:
    """An async environment as Jinja2's synchronous methods must see it to render by themselves."""

    is_async = False

    def __init__(self, wrapped: Any) -> None:
        self._wrapped = wrapped

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wrapped, name)


def _copy(template: Any) -> Any:
    made = object.__new__(type(template))  # Template() would compile a source
    vars(made).update(vars(template))
    return made


def seen(template: Any) -> Any:
    """A copy of *template* that is being seen already: no method of it shows itself again."""
    inner = _copy(template)
    inner.is_seen = True
    return inner


def method_of(template: Any, name: str) -> Any:
    """The method *name* of Jinja2's, or what is in its place, bound to *template*."""
    return vars(Template)[name].__get__(template, type(template))


def shown(
    name: str, template: Any, variables: Mapping[str, Any], pieces: Callable[[Any], Any]
) -> Any:
    """What the method *name* gives that tools have put in the place of Jinja2's.

    :param template: whose name and file they see.
    :param variables: what it is rendered with.
    :param pieces: called with the context; gives the text, or whatever is to pass through.
    """
    stand_in = _copy(template)
    stand_in.root_render_func = pieces
    stand_in.new_context = template.new_context
    if template.environment.is_async and not name.endswith("_async"):
        stand_in.environment = _Synchronous(template.environment)
    return method_of(stand_in, name)(variables)
