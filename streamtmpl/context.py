"""Contexts: the variables of a render, put together without Jinja2's detours."""

from __future__ import annotations

from collections import ChainMap
from typing import TYPE_CHECKING, Any

from jinja2.nodes import EvalContext
from jinja2.runtime import Context
from jinja2.utils import missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, MutableMapping

    from jinja2 import Environment, Template


class StreamContext(Context):
    """Jinja2's context, which finds out the names of globals only when they are asked for."""

    def __init__(
        self,
        environment: Environment,
        parent: dict[str, Any],
        name: str | None,
        blocks: dict[str, Callable[[Context], Iterator[str]]],
        globals: MutableMapping[str, Any] | None = None,
    ) -> None:
        """As :class:`jinja2.runtime.Context`."""
        self.parent = parent
        self.vars = {}
        self.environment = environment
        self.eval_ctx = EvalContext(environment, name)
        self.exported_vars = set()
        self.name = name
        self._globals = globals
        self.blocks = {name: [block] for name, block in blocks.items()} if blocks else {}

    @property
    def globals_keys(self) -> set[str]:  # type: ignore[override]
        """The names of the globals that the template was loaded with."""
        return set(self._globals or ())


def new_context(
    template: Template,
    variables: dict[str, Any] | None = None,
    shared: bool = False,
    local_variables: Mapping[str, Any] | None = None,
) -> Context:
    """A context for *template*, as :meth:`jinja2.Template.new_context` makes it."""
    if variables is None:
        variables = {}
    parent = variables if shared else _with_globals(template.globals, variables)
    if local_variables:
        if shared:
            parent = dict(parent)  # what is shared is not to be modified
        for name, value in local_variables.items():
            if value is not missing:
                parent[name] = value
    return StreamContext(
        template.environment, parent, template.name, template.blocks, template.globals
    )


def _with_globals(globals: Mapping[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
    """The variables over the globals, in a new dict."""
    if type(globals) is not ChainMap:
        return dict(globals, **variables)
    *over, base = globals.maps
    if not any(over):
        return dict(base, **variables)
    merged = dict(base)
    for mapping in reversed(over):
        merged.update(mapping)
    return dict(merged, **variables)
