"""What a region sees of the variables: as they were where it stands, in a context of its own."""

from __future__ import annotations

from copy import copy
from types import CellType, FunctionType
from typing import TYPE_CHECKING, Any

from jinja2.utils import Namespace, missing

from streamtmpl.context import DerivedContext, StreamContext
from streamtmpl.runtime.blocks import AsyncBlockReference, BlockReference, TemplateReference
from streamtmpl.runtime.loops import AsyncLoopContext, AwaitedLoopContext, LoopContext, SteppedLoop
from streamtmpl.runtime.macros import AsyncMacro, Macro

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from jinja2.runtime import Context


def region_context(context: Context, variables: Mapping[str, Any]) -> Context:
    """A context with what *context* has now, and the local *variables*."""
    made: Context
    if isinstance(context, StreamContext) and not isinstance(context, DerivedContext):
        parent = {**context.parent, **context.vars}
        for name, value in variables.items():
            if value is not missing:
                parent[name] = value
        made = StreamContext(context._template, parent)
    else:
        made = context.derived(dict(variables))
    made.blocks = context.blocks
    if "eval_ctx" in context.__dict__:  # else it is what the environment says
        made.eval_ctx = copy(context.eval_ctx)
    return made


def snapshot(
    context: Context, variables: Mapping[str, Any], used: Collection[str]
) -> Mapping[str, Any]:
    """The local *variables* as they are now; those of *used* names also from the *context*.

    Some values change while the template goes on: loops, and macros, whose functions see the
    variables around them; and the attributes of a namespace.
    """
    changing = changing_of(context, variables, used)
    if not changing:
        return variables
    for value in changing.values():
        if isinstance(value, LoopContext) and not isinstance(value, AsyncLoopContext):
            _look_ahead(value, used)
    copies: dict[int, Any] = {}
    made = dict(variables)
    for name, value in changing.items():
        # A namespace that macros share, such as a counter, they go on to share: it is copied only
        # where the region itself reads it.
        is_namespace = type(value) is Namespace
        made[name] = Namespace(value._Namespace__attrs) if is_namespace else _copied(value, copies)
    return made


def changing_of(
    context: Context, variables: Mapping[str, Any], used: Collection[str]
) -> dict[str, Any]:
    """What the *used* names stand for, where that changes while the template goes on."""
    found = {}
    for name in used:
        value = variables.get(name, missing)
        if value is missing:
            value = context.vars.get(name, missing)
            if value is missing:
                value = context.parent.get(name)
        if type(value) in _COPIERS or type(value) is Namespace:
            found[name] = value
    return found


def _look_ahead(loop: LoopContext, used: Collection[str]) -> None:
    """Find out what the region may ask of *loop*, which has gone on when it does."""
    if ".length" in used:
        _ = loop.length
    if ".last" in used or hasattr(type(loop._iterable), "__len__"):
        loop._peek_next()


def _copied(value: Any, copies: dict[int, Any]) -> Any:
    copier = _COPIERS.get(type(value))
    if copier is None:
        return value
    if id(value) not in copies:
        copier(value, copies)
    return copies[id(value)]


def _copy_loop(loop: Any, copies: dict[int, Any]) -> None:
    kind = AwaitedLoopContext if isinstance(loop, AwaitedLoopContext) else LoopContext
    copies[id(loop)] = made = kind.__new__(kind)
    made.__dict__.update(loop.__dict__)
    for name in LoopContext.__slots__:
        setattr(made, name, getattr(loop, name))
    made._source = None
    made._iterator = iter(())
    if made._recurse is not None:
        made._recurse = _copied_function(made._recurse, copies)


def _copy_macro(macro: Macro, copies: dict[int, Any]) -> None:
    copies[id(macro)] = made = copy(macro)
    made._func = _copied_function(macro._func, copies)
    made._entries = None


def _copied_function(function: Any, copies: dict[int, Any]) -> Any:
    """The function of a macro, with the variables around it as they are now."""
    cells = []
    for cell in function.__closure__ or ():
        try:
            cells.append(CellType(_copied(cell.cell_contents, copies)))
        except ValueError:  # it is empty
            cells.append(cell)
    made = FunctionType(
        *(function.__code__, function.__globals__, function.__name__, function.__defaults__),
        tuple(cells),
    )
    made.__kwdefaults__ = function.__kwdefaults__
    return made


def _copy_block(block: BlockReference, copies: dict[int, Any]) -> None:
    context = region_context(block._context, {})
    copies[id(block)] = type(block)(block.name, context, block._stack, block._depth)


def _copy_self(reference: TemplateReference, copies: dict[int, Any]) -> None:
    context: Context = reference._TemplateReference__context  # type: ignore[attr-defined]
    copies[id(reference)] = TemplateReference(region_context(context, {}))


_COPIERS: dict[type, Callable[[Any, dict[int, Any]], None]] = {
    **dict.fromkeys((LoopContext, SteppedLoop, AwaitedLoopContext, AsyncLoopContext), _copy_loop),
    **dict.fromkeys((Macro, AsyncMacro), _copy_macro),
    **dict.fromkeys((BlockReference, AsyncBlockReference), _copy_block),
    TemplateReference: _copy_self,
}
"""What makes the copy that stays as it is, for values that change."""
