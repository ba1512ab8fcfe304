"""Contexts: the variables of a render, put together without Jinja2's detours."""

from __future__ import annotations

from collections import ChainMap
from typing import TYPE_CHECKING, Any

from jinja2 import Template
from jinja2.nodes import EvalContext
from jinja2.runtime import Context
from jinja2.utils import missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from jinja2 import Environment


class _Lazily:
    """An attribute that is computed when it is first asked for, and then simply there."""

    def __init__(self, compute: Callable[[Any], Any]) -> None:
        self._compute = compute
        self._name = compute.__name__
        self.__doc__ = compute.__doc__

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self
        value = self._compute(instance)
        instance.is_asked = True
        setattr(instance, self._name, value)
        return value


class StreamContext(Context):
    """Jinja2's context; what most renders never ask for is made when it is asked for."""

    def __init__(self, template: Template, parent: dict[str, Any]) -> None:
        """A context for *template*, whose variables are those of *parent*."""
        self._template = template
        self.environment = template.environment
        self.name = template.name
        self.parent = parent
        self.vars = {}

    @_Lazily
    def blocks(self) -> dict[str, list[Callable[[Context], Iterator[str]]]]:
        """The functions of each block, the most derived one first."""
        return {name: [block] for name, block in self._template.blocks.items()}

    @_Lazily
    def eval_ctx(self) -> EvalContext:
        """Whether to escape, at present."""
        return EvalContext(self._template.environment, self._template.name)

    @_Lazily
    def exported_vars(self) -> set[str]:
        """The names of the variables that the template exports."""
        return set()

    @property
    def globals_keys(self) -> set[str]:  # type: ignore[override]
        """The names of the globals that the template was loaded with."""
        return set(self._template.globals or ())

    def derived(self, locals: dict[str, Any] | None = None) -> Context:
        """A context for a part of the template, in which the local variables are seen as well."""
        if self.environment.context_class is not Context:
            return super().derived(locals)
        variables = self.get_all()
        if locals:
            variables = variables.copy()
            for name, value in locals.items():
                if value is not missing:
                    variables[name] = value
        return DerivedContext(self, variables)


class DerivedContext(StreamContext):
    """The context of a part of a template: what it sets is seen nowhere else."""

    globals_keys = property(lambda self: set())  # as with Jinja2's

    def __init__(self, outer: StreamContext, variables: dict[str, Any]) -> None:
        """A context for a part of the template of *outer*, whose *variables* are all there are."""
        super().__init__(outer._template, variables)
        self.eval_ctx = outer.eval_ctx
        self.blocks = {name: [*blocks] for name, blocks in outer.blocks.items()}


class LazyContext(StreamContext):
    """The context of a template that is handed what it reads: its own dicts are made if asked for.

    :ivar near: where a variable is looked up first.
    :ivar far: where it is looked up then.
    :ivar is_asked: whether it has been asked for more than these.
    """

    near: dict[str, Any]
    far: dict[str, Any]
    is_asked: bool

    def __init__(self, template: Any, near: dict[str, Any], far: dict[str, Any]) -> None:
        """A context for *template*, whose variables are those of *near*, then those of *far*."""
        self._template = template
        self.near = near
        self.far = far
        self.is_asked = False

    @_Lazily
    def parent(self) -> dict[str, Any]:
        """The variables that the template is rendered with."""
        self.far = {**self.far, **self.near}
        self.near = self.vars = {}
        return self.far

    @_Lazily
    def vars(self) -> dict[str, Any]:
        """The variables that the template sets."""
        _ = self.parent  # makes both
        return self.near

    @_Lazily
    def environment(self) -> Environment:
        """The environment of the template."""
        return self._template.environment

    @_Lazily
    def name(self) -> str | None:
        """The name of the template."""
        return self._template.name


# Their repr() tells the name of their class, which is to be that of Jinja2's.
for _kind in (StreamContext, DerivedContext, LazyContext):
    _kind.__module__, _kind.__name__ = Context.__module__, Context.__name__
    _kind.__qualname__ = Context.__qualname__


def new_context(
    template: Template,
    vars: dict[str, Any] | None = None,
    shared: bool = False,
    locals: Mapping[str, Any] | None = None,
) -> Context:
    """A context for *template*: *vars* over the globals, or alone if they are *shared*.

    It is the method :meth:`jinja2.Template.new_context` of templates that stream.
    """
    environment = template.environment
    if environment.context_class is not Context:
        return Template.new_context(template, vars, shared, locals)
    if vars is None:
        vars = {}
    globals = template.globals
    if shared:
        parent = vars
    elif type(globals) is ChainMap and not globals.maps[0] and len(globals.maps) == 2:
        base = globals.maps[1]  # most templates have no globals of their own
        for variable in vars:
            if type(variable) is not str:
                parent = dict(base, **vars)  # Jinja2's error, or a kind of str
                break
        else:
            parent = {**base, **vars}  # takes half as long
    else:
        parent = _with_globals(globals, vars)
    if locals:
        if shared:
            parent = dict(parent)  # what is shared is not to be modified
        for name, value in locals.items():
            if value is not missing:
                parent[name] = value
    return StreamContext(template, parent)


def variables_of(context: Mapping[str, Any] | None) -> dict[str, Any]:
    """The variables that a *context* from a user has.

    :raises TypeError: it is none.
    """
    try:
        return dict(context) if context else {}
    except (TypeError, ValueError):
        if hasattr(context, "keys"):  # an error of a mapping's own
            raise
        raise TypeError(
            "expected the context as a mapping of the variables' names to their values, such as"
            f" {{'rows': rows}}, not {context!r}"
        ) from None


def makes_contexts_of_ours(template: Any) -> bool:
    """Whether nobody has put something else in the place of :func:`new_context`."""
    try:  # to ask for its __dict__ would slow all of its attributes down
        return template.new_context.__func__ is new_context
    except AttributeError:
        return False


def lazy_context(template: Template, vars: dict[str, Any]) -> LazyContext | None:
    """The context that :func:`new_context` makes, as a lazy one; ``None``: it would not be alike.

    Globals that change before it is asked for are seen in it.
    """
    if not makes_contexts_of_ours(template):
        return None
    globals = template.globals
    if (
        type(globals) is not ChainMap
        or len(maps := globals.maps) != 2
        or maps[0]
        or type(maps[1]) is not dict
        or template.environment.context_class is not Context
    ):
        return None
    for variable in vars:
        if type(variable) is not str:
            return None
    return LazyContext(template, vars, maps[1])


def has_globals_of(template: Template, context: Context | None) -> bool:
    """Whether *template* surely has a global of each name that *context* has one of."""
    if not isinstance(context, StreamContext):
        return False
    ours, theirs = template.globals, context._template.globals
    if type(ours) is not ChainMap or type(theirs) is not ChainMap:
        return False
    *over, base = theirs.maps
    return base is ours.maps[-1] and not any(over)


def _with_globals(globals: Mapping[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
    """The variables over the globals, in a new dict."""
    if type(globals) is not ChainMap:
        return dict(globals, **variables)
    *over, base = globals.maps
    merged = dict(base)
    for mapping in reversed(over):
        merged.update(mapping)
    return dict(merged, **variables)
