"""``{% defer %}`` and ``{% boundary %}``.

The body of a deferred region becomes a function of the module, like that of a block: it runs later,
with a context of its own. What shows its error is another one. A boundary's body is captured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import nodes
from jinja2.compiler import Frame
from jinja2.nodes import EvalContext

from streamtmpl.patching import END
from streamtmpl.region_tags import parts_of
from streamtmpl.regions import LOOKS_AHEAD

from .analysis import ASSIGNMENT, CROSSING, FUNCTION, contains
from .records import Record

if TYPE_CHECKING:
    from .functions import FunctionGenerator


_OF_JINJA = ("loop", "caller", "self", "super")
_GETS: tuple[type[nodes.Getattr | nodes.Getitem], ...] = (nodes.Getattr, nodes.Getitem)
_OTHERS: tuple[type[nodes.Include | nodes.Import | nodes.FromImport], ...] = (
    *(nodes.Include, nodes.Import, nodes.FromImport),
)


class RegionFunction(Record):
    """A function that is still to be written, of a deferred region or its part for errors."""

    name: str
    scope: nodes.Scope
    eval_ctx: EvalContext


def write_defer(to: FunctionGenerator, node: nodes.With, frame: Frame) -> None:
    """Write the place of a deferred region."""
    body, (placeholder, error) = parts_of(node)
    function = _function(to, body, frame)
    on_error = _function(to, error.body[0], frame) if isinstance(error, nodes.With) else None
    parts = [part for part in (body, error) if part is not None]
    used = _used(parts, frame)
    region, out = to.temporary_identifier(), to.out(frame)
    begin = to.choose_async("await begin_region_async", "begin_region")
    to.writeline(
        f"{region} = {begin}({out}, {to.get_context_ref()}, {to.dump_local_context(frame)},"
        f" {used!r}, {function}, {on_error}, ",
        node,
    )
    to.visit(node.values[0], frame)
    to.write(f", {node.lineno})")
    to.writeline(f"if {region}.start is None:")
    to.indent()
    to.call_into(f"{region}.into({out})")
    to.outdent()
    to.writeline("else:")
    to.indent()
    to.cut_if(f"{region}.is_first and {out}.main.holds_head()")
    to.writeline(f"{to.writer(frame)}({region}.start)")
    to.writeline(f"if {region}.patched:")
    to.indent()
    if placeholder is not None:
        _placeholder(to, placeholder, frame, region)
    to.writeline(f"{to.writer(frame)}({END!r})")
    to.outdent(2)


def _placeholder(to: FunctionGenerator, placeholder: nodes.Node, frame: Frame, region: str) -> None:
    """Write what stands for *region* until it is ready; regions in it end with it."""
    may_begin = contains([placeholder], CROSSING | FUNCTION)
    if not may_begin and placeholder.find(nodes.Call) is None:
        to.visit(placeholder, frame)
        return
    around, out = to.temporary_identifier(), to.out(frame)
    to.writeline(f"{around}, {out}.placeholder_of = {out}.placeholder_of, {region}")
    to.visit(placeholder, frame)
    to.writeline(f"{out}.placeholder_of = {around}")


def _used(parts: list[nodes.Scope | nodes.With], frame: Frame) -> list[str]:
    """The names used in *parts* whose values may change, and attributes by which loops look ahead.

    Those are local variables, and of the context what is called and what Jinja2 puts there.
    """
    names = [name for part in parts for name in part.find_all(nodes.Name)]
    used = {name.name for name in names}
    calls = [call.node for part in parts for call in part.find_all(nodes.Call)]
    changing = {callee.name for callee in calls if isinstance(callee, nodes.Name)}
    changing.update(frame.symbols.dump_stores(), _OF_JINJA)
    gets = [get for part in parts for get in part.find_all(_GETS)]
    ahead = {LOOKS_AHEAD[name] for name in map(_attribute, gets) if name in LOOKS_AHEAD}
    if any(other.with_context for part in parts for other in part.find_all(_OTHERS)):
        used |= changing  # another template sees the variables
        ahead.add(".last")
    targets = {id(get.node) for get in gets} | set(map(id, calls))
    if any(name.name == "loop" and id(name) not in targets for name in names):
        ahead.add(".last")  # whoever gets the loop may ask it
    changing.update(get.node.name for get in gets if isinstance(get.node, nodes.Name))
    written = {name.name for part in parts for name in part.find_all(nodes.NSRef)}
    return sorted(((used & changing) - written) | ahead)


def _attribute(get: nodes.Getattr | nodes.Getitem) -> Any:
    """What *get* asks for, if that is known."""
    if isinstance(get, nodes.Getattr):
        return get.attr
    return get.arg.value if isinstance(get.arg, nodes.Const) else None


def _function(to: FunctionGenerator, scope: nodes.Node, frame: Frame) -> str:
    """The name of the function that *scope* is going to be."""
    assert isinstance(scope, nodes.Scope)
    eval_ctx = EvalContext(to.environment, to.name)
    eval_ctx.revert(frame.eval_ctx.save())
    name = f"region_{len(to.region_functions) + 1}"
    to.region_functions.append(RegionFunction(name, scope, eval_ctx))
    return name


def write_functions(to: FunctionGenerator) -> None:
    """Write the functions of all deferred regions, also of those within them."""
    to.in_region = True
    for function in to.region_functions:  # it grows meanwhile
        scope = function.scope
        environment = "" if to.defer_init else ", environment=environment"
        header = f"{to.func(function.name)}(context, out, missing=missing{environment}):"
        with to.function(header, scope, extra=1, renders=True):
            frame = Frame(function.eval_ctx)
            frame.block_frame = contains(scope.body, ASSIGNMENT)
            frame.symbols.analyze_node(scope)
            if frame.block_frame:
                to.writeline("_block_vars = {}")
            to.enter_frame(frame)
            to.pull_dependencies(scope.body)
            to.blockvisit(scope.body, frame)
            to.leave_frame(frame, with_python_scope=True)


def write_boundary(to: FunctionGenerator, node: nodes.With, frame: Frame) -> None:
    """Write the body of a boundary into a buffer of its own, and what follows when it fails."""
    body, (fallback,) = parts_of(node)
    inside = frame.soft()
    inside.buffer = to.temporary_identifier()
    to.writeline(f"{inside.buffer} = {to.out(frame)}.whole()", node)
    to.writeline(f"{inside.buffer}_write = {inside.buffer}.write")
    to.whole_buffers.add(inside.buffer)
    to.writeline("try:")
    to.indent()
    to.boundaries.append((inside.buffer, to.writer(frame), to.place))
    to.visit(body, inside)
    to.boundaries.pop()
    to.outdent()
    outside = frame.inner()
    error = outside.symbols.declare_parameter("error")
    to.writeline(f"except Exception as {error}:")
    to.indent()
    to.writeline(f"{inside.buffer}.give_up()")
    if isinstance(fallback, nodes.With):
        outside.symbols.analyze_node(fallback)
        to.enter_frame(outside)
        to.blockvisit(fallback.body, outside)
        to.leave_frame(outside)
    else:
        to.writeline(f"log_failure('boundary', context, {node.lineno}, {error})")
    to.outdent()
    to.writeline("else:")
    to.indent()
    to.writeline(f"{to.writer(frame)}({inside.buffer}.getvalue())")
    to.outdent()
