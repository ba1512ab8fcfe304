"""``{% for %}``: sources, the ``loop`` object, filtered and recursive loops."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from jinja2 import nodes
from jinja2.compiler import find_undeclared

from .outputs import OutputGenerator

if TYPE_CHECKING:
    from jinja2.compiler import Frame


class _Loop(NamedTuple):
    """A loop being compiled."""

    node: nodes.For
    frame: Frame
    """The frame around it."""
    body: Frame
    test: Frame
    loop: str | None
    """The local of the ``loop`` object, if the loop needs one."""
    iterable: str
    source: str
    """The local of the :class:`~streamtmpl.sources.Source`; ``None`` in there: plain data."""


class LoopGenerator(OutputGenerator):
    """Compiles ``For`` nodes."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self._loops: list[_Loop] = []

    def visit_For(self, node: nodes.For, frame: Frame) -> None:
        """Write a loop, recursive ones as a function."""
        self._refuse_assigning_loop(node)
        if not node.recursive:
            self._loop(node, frame, frame)
        else:
            self._recursive_loop(node, frame)
        self.boundary(frame)

    def _refuse_assigning_loop(self, node: nodes.For) -> None:
        for name in node.find_all(nodes.Name):
            if name.ctx == "store" and name.name == "loop":
                self.fail("Can't assign to special loop variable in for-loop target", name.lineno)

    def _recursive_loop(self, node: nodes.For, frame: Frame) -> None:
        inner = frame.inner()
        inner.symbols = frame.symbols
        inner.buffer = None
        header = f"{self.func('loop')}(out, reciter, loop_render_func, depth=0):"
        with self.function(header, node):
            self._loop(node, inner, frame)
        self.call_into(f"loop({self.out(frame)}, ", node)
        self.visit(node.iter, frame)
        self.write(", loop)")

    def _loop(self, node: nodes.For, frame: Frame, outer: Frame) -> None:
        """Write the loop itself into *frame*; *outer* is where its iterable is evaluated."""
        loop = self._prepare(node, frame)
        empty = self.temporary_identifier() if node.else_ else None
        selects = self._selecting_function(loop) if node.test and loop.loop else None
        self._open(loop, outer)
        if selects:
            self._select(loop, selects)
        if empty:
            self.writeline(f"{empty} = 1")
        if loop.loop:
            self.writeline(f"{loop.loop} = missing")
        self._iterate(loop, inline_test=bool(node.test) and selects is None, empty=empty)
        self.leave_frame(loop.body, with_python_scope=node.recursive and not node.else_)
        if empty:
            self._otherwise(loop, empty)
        # Assignments in a loop are gone at its end.
        if self._assign_stack:
            self._assign_stack[-1].difference_update(loop.body.symbols.stores)

    def _prepare(self, node: nodes.For, frame: Frame) -> _Loop:
        body, test = frame.inner(), frame.inner()
        # Variables are kept track of, for calls that take the context, where there can be any.
        body.loop_frame = self.assigns(node.body)
        # The object is needed where it is named, and where a scoped block could name it.
        extended = (
            node.recursive
            or "loop" in find_undeclared(node.iter_child_nodes(only=("body",)), ("loop",))
            or any(block.scoped for block in node.find_all(nodes.Block))
        )
        loop_ref = body.symbols.declare_parameter("loop") if extended else None
        body.symbols.analyze_node(node, for_branch="body")
        if node.test:
            test.symbols.analyze_node(node, for_branch="test")
        iterable, source = self.temporary_identifier(), self.temporary_identifier()
        return _Loop(node, frame, body, test, loop_ref, iterable, source)

    def _open(self, loop: _Loop, outer: Frame) -> None:
        """Write the evaluation of the iterable, and a hand-over before its first pull."""
        node, iterable, source = loop.node, loop.iterable, loop.source
        self.writeline(f"{iterable} = ", node)
        if node.recursive:
            self.write("reciter")
        else:
            self.visit(node.iter, outer)
        opener = self.choose_async("open_async_source", "open_source")
        out = self.out(loop.frame)
        self.writeline(
            f"{source} = None if type({iterable}) in in_memory else {opener}({iterable}, {out})"
        )
        self.cut_if(f"{source} is not None and {source}.head()")

    def _pulls(self, loop: _Loop, selects: bool) -> str:
        """What the ``for`` runs over."""
        node, iterable, source = loop.node, loop.iterable, loop.source
        if loop.loop is None:
            return f"{iterable} if {source} is None else {source}.iterator"
        known_source = "None" if selects and not self.environment.is_async else source
        arguments = f"{iterable}, undefined, {known_source}"
        if node.recursive:
            arguments += f", loop_render_func, depth, {self._is_markup(loop.body)}"
        return f"{self.choose_async('async_loop', 'LoopContext')}({arguments})"

    def _is_markup(self, frame: Frame) -> str:
        if frame.eval_ctx.volatile:
            return "context.eval_ctx.autoescape"
        return repr(bool(frame.eval_ctx.autoescape))

    def _iterate(self, loop: _Loop, *, inline_test: bool, empty: str | None) -> None:
        node, body = loop.node, loop.body
        pulls = self._pulls(loop, selects=bool(node.test) and not inline_test)
        self.writeline("for ", node)
        item = self._target(loop)
        self.write(f" in {pulls}:")
        self.indent()
        self._pulled(loop, item)
        if inline_test:
            self._skip_unless(loop)
        self.enter_frame(body)
        if body.loop_frame:
            self.writeline("_loop_vars = {}")
        self._loops.append(loop)
        self.blockvisit(node.body, body)
        self._loops.pop()
        if empty:
            self.writeline(f"{empty} = 0")
        self._iteration_ends(loop)
        self.outdent()
        self.writeline("else:")
        self.indent()
        self._exhausted(loop.source)
        self.outdent()

    def _target(self, loop: _Loop) -> str | None:
        """Write the target of the ``for``: in async code a local, assigned to it after awaiting."""
        if self.environment.is_async:
            item = self.temporary_identifier()
            self.write(item)
            return item
        self._assign_target(loop)
        return None

    def _assign_target(self, loop: _Loop) -> None:
        self.visit(loop.node.target, loop.body)
        if loop.loop:
            self.write(f", {loop.loop}")

    def _pulled(self, loop: _Loop, item: str | None) -> None:
        """Write what follows a pull: awaiting it (async), and whether it took long."""
        source = loop.source
        if item:
            self._await_item(source, item)
        self.writeline(f"if {source} is not None and clock() > {source}.deadline: {source}.late()")
        if item:
            self.newline(loop.node)
            self._assign_target(loop)
            self.write(f" = {item}")

    def _await_item(self, source: str, item: str) -> None:
        self.writeline(f"if {source} is not None and {source}.awaits:")
        self.indent()
        self.writeline("try:")
        self.indent()
        self.writeline(f"{item} = await {item}")
        self.outdent()
        self.writeline("except StopAsyncIteration:")
        self.indent()
        self.writeline(f"{source}.done()")
        self.writeline("break")
        self.outdent(2)

    def _skip_unless(self, loop: _Loop) -> None:
        self.enter_frame(loop.test)
        assert loop.node.test is not None
        self.writeline("if not ", loop.node.test)
        self.visit(loop.node.test, loop.test)
        self.write(":")
        self.indent()
        self.writeline("continue")
        self.outdent()

    def _iteration_ends(self, loop: _Loop) -> None:
        slow = f"{loop.source} is not None and {loop.source}.slow"
        if loop.frame.buffer is None:
            self.cut_if(f"tell() > out.limit or {slow}")
        else:
            self.cut_if(f"{slow} and {loop.frame.buffer}.main.tell()")

    def _exhausted(self, source: str) -> None:
        self.writeline(f"if {source} is not None:")
        self.indent()
        self.writeline(f"{source}.done()")
        self.outdent()

    def _otherwise(self, loop: _Loop, empty: str) -> None:
        frame = loop.frame.inner()
        frame.symbols.analyze_node(loop.node, for_branch="else")
        self.writeline(f"if {empty}:")
        self.indent()
        self.enter_frame(frame)
        self.blockvisit(loop.node.else_, frame)
        self.leave_frame(frame)
        self.outdent()

    # -- a test beside the loop object, which counts only what passed it

    def _selecting_function(self, loop: _Loop) -> str:
        """Write a generator of the items that pass the test; returns its name."""
        assert loop.node.test is not None
        name = self.temporary_identifier()
        self.writeline(f"{self.func(name)}(fiter, fsource):", loop.node.test)
        self.indent()
        self.enter_frame(loop.test)
        self.writeline(self.choose_async("async for ", "for "))
        self.visit(loop.node.target, loop.body)
        self.write(f" in {self.choose_async('auto_aiter(fiter)', 'fiter')}:")
        self.indent()
        self.writeline("if ", loop.node.test)
        self.visit(loop.node.test, loop.test)
        self.write(":")
        self.indent()
        self.writeline("yield ")
        self.visit(loop.node.target, loop.body)
        self.outdent(2)
        self._exhausted("fsource")
        self.outdent()
        return name

    def _select(self, loop: _Loop, function: str) -> None:
        iterable, source = loop.iterable, loop.source
        pulls = f"{iterable} if {source} is None else {source}.pulls"
        self.writeline(f"{iterable} = {function}({pulls}, {source})")
        if self.environment.is_async:
            self.writeline(f"{source} = open_async_source({iterable}, {self.out(loop.frame)})")

    # -- leaving an iteration early

    def visit_Continue(self, node: nodes.Continue, frame: Frame) -> None:
        """The iteration ends here."""
        if self._loops:
            self._iteration_ends(self._loops[-1])
        super().visit_Continue(node, frame)
