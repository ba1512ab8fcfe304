"""``{% defer %}`` and ``{% boundary %}``.

The body of a deferred region becomes a function of the module, like that of a block: it runs later,
with a context of its own. What shows its error is another one. A boundary's body is captured.
"""

from __future__ import annotations

from typing import Any

from jinja2 import nodes
from jinja2.compiler import Frame
from jinja2.nodes import EvalContext

from streamtmpl.vocabulary import END, LOOKS_AHEAD

from .analysis import ASSIGNMENT, CROSSING, FUNCTION, contains
from .inheritance import InheritanceGenerator
from .records import Record
from .region_markup import end_tags_before, end_tags_of
from .tags import parts_of, region_tag
from .writing import LOCALS_OF_BLOCK

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


class RegionGenerator(InheritanceGenerator):
    """Compiles ``{% defer %}`` and ``{% boundary %}``, and what they make of other statements."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self._region_functions: list[RegionFunction] = []
        # Whether the function of a deferred region is being written.
        self._in_region = False
        # The boundary tags around what is being written: the local of the buffer, what writes into
        # the one around it, and where it stands, as _place tells.
        self._enclosing: list[tuple[str, str, tuple[int, int]]] = []
        # The locals of buffers whose text is written unchanged, as a whole or not at all.
        self._whole_buffers: set[str | None] = set()

    def visit_With(self, node: nodes.With, frame: Frame) -> None:
        """``{% with %}``, and the tags that become such a node."""
        tag = region_tag(node)
        if tag is None:
            super().visit_With(node, frame)
            return
        write = self._defer_tag if tag == "defer" else self._boundary_tag
        if not frame.require_output_check:
            write(node, frame)
        elif not self.has_known_extends:
            inner = frame.soft()
            inner.require_output_check = False
            self.writeline("if parent_template is None:")
            self.indent()
            write(node, inner)
            self.outdent()
        self.statement_ends(frame)

    def _defer_tag(self, node: nodes.With, frame: Frame) -> None:
        """Write the place of a deferred region."""
        body, (placeholder, error) = parts_of(node)
        function = self._later_function(body, frame)
        on_error = None
        if isinstance(error, nodes.With):
            on_error = self._later_function(error.body[0], frame)
        parts = [part for part in (body, error) if part is not None]
        used = _names_for_snapshot(parts, frame)
        region, out = self.temporary_identifier(), self.out(frame)
        begin = self.choose_async("await begin_region_async", "begin_region")
        self.writeline(
            f"{region} = {begin}({out}, {self.get_context_ref()}, {self.dump_local_context(frame)},"
            f" {used!r}, {function}, {on_error}, ",
            node,
        )
        timeout, *group = node.values
        self.visit(timeout, frame)
        self.write(f", {node.lineno}")
        for value in group:
            self.write(", ")
            self.visit(value, frame)
        self.write(")")
        self.writeline(f"if {region}.start is None:")
        self.indent()
        self.call_into(f"{region}.into({out})")
        self.outdent()
        self.writeline("else:")
        self.indent()
        self.cut_if(f"{region}.is_first and {out}.main.holds_head()")
        if before := end_tags_before([placeholder, body]):
            self.writeline(f"if {region}.patched: {self.writer(frame)}({before!r})")
        self.writeline(f"{self.writer(frame)}({region}.start)")
        self._write_until_ready(placeholder, frame, region)
        self.outdent()

    def _write_until_ready(self, placeholder: nodes.Node | None, frame: Frame, region: str) -> None:
        """Write what *region* shows until it is patched in, and the marker behind that."""
        self.writeline(f"if {region}.patched:")
        self.indent()
        end = END
        if placeholder is not None:
            self._write_placeholder(placeholder, frame, region)
            end = end_tags_of(placeholder) + END
        self.writeline(f"{self.writer(frame)}({end!r})")
        self.outdent()

    def _write_placeholder(self, placeholder: nodes.Node, frame: Frame, region: str) -> None:
        """Write what stands for *region* until it is ready; regions in it end with it."""
        may_begin = contains([placeholder], CROSSING | FUNCTION)
        if not may_begin and placeholder.find(nodes.Call) is None:
            self.visit(placeholder, frame)
            return
        around, out = self.temporary_identifier(), self.out(frame)
        self.writeline(f"{around}, {out}.placeholder_of = {out}.placeholder_of, {region}")
        self.visit(placeholder, frame)
        self.writeline(f"{out}.placeholder_of = {around}")

    def _later_function(self, scope: nodes.Node, frame: Frame) -> str:
        """The name of the function that *scope* is going to be."""
        assert isinstance(scope, nodes.Scope)
        eval_ctx = EvalContext(self.environment, self.name)
        eval_ctx.revert(frame.eval_ctx.save())
        name = f"region_{len(self._region_functions) + 1}"
        self._region_functions.append(RegionFunction(name, scope, eval_ctx))
        return name

    def other_functions(self) -> None:
        """Write the functions of all deferred regions, also of those within them."""
        self._in_region = True
        for function in self._region_functions:  # it grows meanwhile
            scope = function.scope
            environment = "" if self.defer_init else ", environment=environment"
            header = f"{self.func(function.name)}(context, out, missing=missing{environment}):"
            with self.function(header, scope, extra=1, renders=LOCALS_OF_BLOCK):
                frame = Frame(function.eval_ctx)
                frame.block_frame = contains(scope.body, ASSIGNMENT)
                frame.symbols.analyze_node(scope)
                if frame.block_frame:
                    self.writeline("_block_vars = {}")
                self.enter_frame(frame)
                self.pull_dependencies(scope.body)
                self.blockvisit(scope.body, frame)
                self.leave_frame(frame, with_python_scope=True)

    def _boundary_tag(self, node: nodes.With, frame: Frame) -> None:
        """Write the body of a boundary into a buffer of its own, and what follows when it fails."""
        body, (fallback,) = parts_of(node)
        inside = frame.soft()
        inside.buffer = self.temporary_identifier()
        self.writeline(f"{inside.buffer} = {self.out(frame)}.whole()", node)
        self.writeline(f"{inside.buffer}_write = {inside.buffer}.write")
        self._whole_buffers.add(inside.buffer)
        self.writeline("try:")
        self.indent()
        self._enclosing.append((inside.buffer, self.writer(frame), self._place))
        self.visit(body, inside)
        self._enclosing.pop()
        self.outdent()
        outside = frame.inner()
        error = outside.symbols.declare_parameter("error")
        raised = self.temporary_identifier()
        self.writeline(f"except Exception as {raised}:")
        self.indent()
        self.writeline(f"{inside.buffer}.give_up()")
        failed = f"boundary_failed(context, {node.lineno}, {raised}, {fallback is not None})"
        if isinstance(fallback, nodes.With):
            self.writeline(f"{error} = {failed}")
            outside.symbols.analyze_node(fallback)
            self.enter_frame(outside)
            self.blockvisit(fallback.body, outside)
            self.leave_frame(outside)
        else:
            self.writeline(failed)
        self.outdent()
        self.writeline("else:")
        self.indent()
        self.writeline(f"{self.writer(frame)}({inside.buffer}.getvalue())")
        self.outdent()

    @property
    def _place(self) -> tuple[int, int]:
        """How many functions are around what is being written, and how many loops of the last."""
        return len(self._functions), len(self._loops)

    def leave(self, statement: str, node: nodes.Stmt) -> None:
        """Write what boundaries in the iteration hold, which is left before their end."""
        if self._in_region and not self._loops:
            self.fail(
                f"{statement!r} inside a deferred region cannot end the loop around it, which has"
                " gone on when the region is rendered",
                node.lineno,
            )
        for buffer, writer, place in reversed(self._enclosing):
            if place == self._place:
                self.writeline(f"{writer}({buffer}.getvalue())")

    def flush(self, node: nodes.Output, frame: Frame) -> None:
        """``{% flush %}``: where all is written or nothing there is nothing to hand over."""
        if frame.buffer not in self._whole_buffers:
            super().flush(node, frame)


def _names_for_snapshot(parts: list[nodes.Scope | nodes.With], frame: Frame) -> list[str]:
    """The names used in *parts* whose values may change, and attributes by which loops look ahead.

    Those are local variables, and of the context what is called and what Jinja2 puts there.
    """
    names = [name for part in parts for name in part.find_all(nodes.Name)]
    used = {name.name for name in names}
    calls = [call.node for part in parts for call in part.find_all(nodes.Call)]
    changing = {callee.name for callee in calls if isinstance(callee, nodes.Name)}
    changing.update(frame.symbols.dump_stores(), _OF_JINJA)
    gets = [get for part in parts for get in part.find_all(_GETS)]
    ahead = {LOOKS_AHEAD[name] for name in map(_asked_for, gets) if name in LOOKS_AHEAD}
    if any(other.with_context for part in parts for other in part.find_all(_OTHERS)):
        used |= changing  # another template sees the variables
        ahead.add(".last")
    targets = {id(get.node) for get in gets} | set(map(id, calls))
    if any(name.name == "loop" and id(name) not in targets for name in names):
        ahead.add(".last")  # whoever gets the loop may ask it
    changing.update(get.node.name for get in gets if isinstance(get.node, nodes.Name))
    written = {name.name for part in parts for name in part.find_all(nodes.NSRef)}
    return sorted(((used & changing) - written) | ahead)


def _asked_for(get: nodes.Getattr | nodes.Getitem) -> Any:
    """What *get* asks for, if that is known."""
    if isinstance(get, nodes.Getattr):
        return get.attr
    return get.arg.value if isinstance(get.arg, nodes.Const) else None
