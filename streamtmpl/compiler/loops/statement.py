"""``{% for %}``: sources, the ``loop`` object, filtered and recursive loops."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from jinja2 import nodes

from streamtmpl.compiler.analysis import (
    ASSIGNMENT,
    FUNCTION,
    LOOP_TARGET,
    SCOPED_BLOCK,
    contains,
    undeclared,
)
from streamtmpl.compiler.expressions.loop_attributes import LoopCounter
from streamtmpl.compiler.loop_needs import STEPPED, needs_only, used_once, uses_as_value
from streamtmpl.compiler.tags import is_flush

from .selecting import Loop, SelectingGenerator

if TYPE_CHECKING:
    from jinja2.compiler import Frame


_VALUE = 8
"""Characters that a value is taken for, where nothing is known of it."""


def _has_object(node: nodes.For) -> bool:
    """Whether Jinja2 makes a ``loop`` object: something in the body names it, or could."""
    return node.recursive or bool(undeclared(node.body, "loop")) or contains([node], SCOPED_BLOCK)


class LoopGenerator(SelectingGenerator):
    """Compiles ``For`` nodes."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self._loops: list[Loop] = []

    @property
    def in_loop(self) -> bool:
        """Whether what is being written runs for each item of a loop in this function."""
        return bool(self._loops)

    def visit_For(self, node: nodes.For, frame: Frame) -> None:
        """Write a loop, recursive ones as a function."""
        self._refuse_assigning_loop(node)
        if node.recursive:
            self._recursive_loop(node, frame)
        else:
            self._write_loop(node, frame, frame)
        self.boundary(frame)

    def _refuse_assigning_loop(self, node: nodes.For) -> None:
        if not contains([node], LOOP_TARGET):
            return
        for name in node.find_all(nodes.Name):
            if name.ctx == "store" and name.name == "loop":
                self.fail("Can't assign to special loop variable in for-loop target", name.lineno)

    def _recursive_loop(self, node: nodes.For, frame: Frame) -> None:
        inner = frame.inner()
        inner.symbols = frame.symbols
        inner.buffer = None
        header = f"{self.func('loop')}(out, reciter, loop_render_func, depth=0):"
        outside, self._loops = (self._loops, self._in_capture), []
        self._in_capture = self._in_capture or frame.buffer is not None
        with self.function(header, node):
            self._write_loop(node, inner, frame)
        self._loops, self._in_capture = outside
        if self.environment.concat == "".join:
            self.call_into(f"loop({self.out(frame)}, ", node)
        else:
            self.start_write(frame, node)
            self.write(self.choose_async("await capture_async(", "capture("))
            self.write("concat, loop, ")
        self.visit(node.iter, frame)
        self.write(", loop)")
        if self.environment.concat != "".join:
            self.end_write(frame)

    def _write_loop(self, node: nodes.For, frame: Frame, outer: Frame) -> None:
        """Write the loop itself into *frame*; *outer* is where its iterable is evaluated."""
        loop = self._prepare(node, frame)
        empty = self.temporary_identifier() if node.else_ else None
        at_once = None
        if loop.selected:
            at_once = self.selecting_functions(loop, loop.selected)
        self._open(loop, outer, at_once)
        if empty:
            self.writeline(f"{empty} = 1")
        if loop.object:
            self.writeline(f"{loop.object} = missing")
        with self.tallying(frame):
            self._iterate(loop, empty)
        self.leave_frame(loop.body, with_python_scope=node.recursive and not node.else_)
        if empty:
            self._otherwise(loop, empty)
        # Assignments in a loop are gone at its end.
        if self._assign_stack:
            self._assign_stack[-1].difference_update(loop.body.symbols.stores)

    def _prepare(self, node: nodes.For, frame: Frame) -> Loop:
        body, test = frame.inner(), frame.inner()
        # Variables are kept track of, for calls that take the context, where there can be any.
        body.loop_frame = contains(node.body, ASSIGNMENT)
        loop_ref = body.symbols.declare_parameter("loop") if _has_object(node) else None
        # Functions in the body keep the variables, which must not change with what is not selected,
        # and may be called when the loop has ended.
        closed_over = contains(node.body, FUNCTION)
        iterable = self._iterable_local(node, frame) or self.temporary_identifier()
        counter = None
        if loop_ref and not closed_over:
            counter = self.counter_instead(node, loop_ref, iterable)
        body.symbols.analyze_node(node, for_branch="body")
        if counter:  # there is no such local, or not one of the usual kind
            loop_ref = None
            body.symbols.loads.pop(counter.object)
        elif loop_ref and not closed_over and not self.is_set("loop"):
            counter = self.counter_beside(node, loop_ref)
        if node.test:
            test.symbols.analyze_node(node, for_branch="test")
        selected = stepped = None
        steps = not loop_ref or needs_only(node, STEPPED)
        if loop_ref and node.test and (closed_over or not steps):
            selected = self.temporary_identifier()
        piped = steps and not selected and self.pipe(node.iter)
        if loop_ref and not selected and (node.test or piped):
            stepped = self.temporary_identifier()
        # The loop object, where there is one, pulls to look ahead.
        ahead = (loop_ref and not stepped) or (counter and counter.size)
        alone = not (self._loops or loop_ref or ahead or selected or closed_over)
        length = self._row_length(node, body) if alone else 0
        watch = self.new_watch(self.temporary_identifier(), pulls_alone=not ahead, length=length)
        return Loop(
            *(node, frame, body, test, loop_ref, iterable, watch), selected, stepped, piped, counter
        )

    def _row_length(self, node: nodes.For, body: Frame) -> int:
        """About how many characters each iteration writes; 0: perhaps none, or not in one run.

        Four times what is certain at most: however short the values are, few rows fit into what
        so many of them are taken for.
        """
        row = node.body[0] if len(node.body) == 1 and not node.test else None
        if not isinstance(row, nodes.Output) or is_flush(row) or nodes.Call in map(type, row.nodes):
            return 0
        if body.buffer is not None or body.require_output_check:
            return 0
        if not self.environment.is_async and any(self.may_hand_over(x, body) for x in row.nodes):
            return 0
        texts = [self.known_text(each, body) for each in row.nodes]
        certain = sum(len(text) for text in texts if text is not None)
        return min(certain + _VALUE * texts.count(None), 4 * certain)

    def _iterable_local(self, node: nodes.For, frame: Frame) -> str | None:
        """The local that holds what the loop runs over before it, if there is one."""
        if node.recursive or node.test:
            return None
        return self.sure_local(cast("nodes.Expr", node.iter), frame)

    def _open(self, loop: Loop, outer: Frame, at_once: str | None) -> None:
        """Write the evaluation of the iterable, and a hand-over before its first pull.

        :param at_once: the selecting function for what is not async, if it has one of its own.
        """
        node, iterable, source = loop.node, loop.iterable, loop.source
        out = self.out(loop.frame)
        if node.recursive:
            self.writeline(f"{iterable} = reciter", node)
        elif not self._iterable_local(node, outer):
            with self.line_of(node):
                if self.assign(iterable, cast("nodes.Expr", node.iter), outer):
                    self.await_local(iterable)
        opener = self.choose_async("open_async_source", "open_source")
        # Jinja2 begins to iterate where it pulls, but for these cases.
        bare = loop.object is None and loop.counter is None
        early = self.environment.is_async and (bare or node.recursive)
        where = node if node.test is None or early else node.test
        if self._gives_loop_away(loop):
            # User code expects Jinja2's loop object, whose attributes can be awaited.
            self.writeline(f"{source} = {opener}(auto_aiter({iterable}), {out})", where)
            self._after_opening(loop)
        else:
            self.writeline(f"{' = '.join(loop.watch.unwatched)} = None")
            failing = f" or {iterable} is None" if node.test and early else ""
            self.writeline(f"if {self.may_be_lazy(iterable)}{failing}:")
            self.indent()
            self.writeline(f"{source} = {opener}({iterable}, {out})", where)
            self._after_opening(loop)
            self.outdent()
        if loop.selected:
            self._select(loop, loop.selected, at_once)

    def _select(self, loop: Loop, selected: str, at_once: str | None) -> None:
        """Write the beginning of a function that tests the items, as :meth:`_open` says."""
        iterable, source = loop.iterable, loop.source
        pulls = f"{iterable} if {source} is None else {source}.pulls"
        if at_once:
            self.writeline(f"if {source} is None or not {source}.awaits:")
            self.indent()
            self.writeline(f"{selected}, {iterable} = None, {at_once}({pulls}, {source})")
            self.outdent()
            self.writeline("else:")
            self.indent()
        self.writeline(f"{iterable} = {selected}({pulls}, {source})")
        if self.environment.is_async:
            self.writeline(f"{selected} = open_async_source({iterable}, {self.out(loop.frame)})")
        if at_once:
            self.outdent()

    def _after_opening(self, loop: Loop) -> None:
        """Write what follows when a source has been opened."""
        self.cut_if(f"{loop.source}.head()")
        if not loop.selected:
            self.begin_watch(loop.watch)

    def _gives_loop_away(self, loop: Loop) -> bool:
        """Whether the loop object itself is given to user code (async environments)."""
        if loop.object is None or not self.environment.is_async or loop.selected or loop.stepped:
            return False
        return any(uses_as_value(node, "loop") for node in loop.node.body)

    def _runs_over(self, loop: Loop) -> str:
        """What the ``for`` runs over."""
        node, iterable, source = loop.node, loop.iterable, loop.source
        if loop.counter and loop.counter.sized:
            return loop.counter.sized.items
        if loop.object is None or loop.stepped:
            return f"{iterable} if {source} is None else {source}.iterator"
        opened = source
        if loop.selected:
            opened = loop.selected if self.environment.is_async else "None"
        arguments = f"{iterable}, undefined, {opened}"
        if node.recursive:
            arguments += f", loop_render_func, depth, {self._is_markup(loop.body)}, concat"
        return f"{self.choose_async('async_loop', 'LoopContext')}({arguments})"

    def _is_markup(self, frame: Frame) -> str:
        if frame.eval_ctx.volatile:
            return "context.eval_ctx"
        return repr(bool(frame.eval_ctx.autoescape))

    def _iterate(self, loop: Loop, empty: str | None) -> None:
        node, body = loop.node, loop.body
        self._loops.append(loop)
        if loop.watch.pace is not None:
            self.begin_pace(loop.watch.pace)
        spendable = self.spendable
        self.spendable |= {body.symbols.ref(name) for name in used_once(node)}
        if loop.stepped:
            self.writeline(f"{loop.stepped} = SteppedLoop(undefined)")
        counts = loop.counter is not None and not loop.counter.beside
        if loop.counter and counts:
            self._begin_counter(loop, loop.counter)
        runs_over, made = self._runs_over(loop), None
        if loop.object and not loop.stepped and not self.environment.is_async:
            made = self.temporary_identifier()
            self.writeline(f"{made} = {runs_over}", loop.pulled_at)
            runs_over = f"{made}._items()"
        self.writeline("for ", loop.pulled_at)
        item = self._for_target(loop)
        self.write(f" in {runs_over}:")
        self.indent()
        if made:
            self.writeline(f"{loop.object} = {made}")
        self._pulled(loop, item)
        if node.test and not loop.selected:
            self.skip_unless(loop)
        if loop.stepped:
            self.writeline(f"{loop.object} = {loop.stepped}._step({item})")
        if loop.counter:
            if counts:
                self.writeline(f"{loop.counter.counted} += 1")
            self.count_in(loop.counter)  # in the test of the items, ``loop`` is another one
        with self.repeated(node):
            self._body(loop, empty)
        self.outdent()
        self.writeline("else:")
        self.indent()
        self.exhausted(loop.source)
        self.outdent()
        self._loops.pop()
        self.spendable = spendable
        if loop.counter:
            self.count_out(loop.counter)

    def _body(self, loop: Loop, empty: str | None) -> None:
        self.enter_frame(loop.body)
        # Loops within one function share the local.
        if any(each.body.loop_frame for each in self._loops):
            self.writeline("_loop_vars = {}")
        self.blockvisit(loop.node.body, loop.body)
        if empty:
            self.writeline(f"{empty} = 0")
        self._end_iteration_of(loop)

    def _begin_counter(self, loop: Loop, counter: LoopCounter) -> None:
        self.writeline(f"{counter.counted} = 0")
        if (sized := counter.sized) is None:
            return
        known = f"type({loop.iterable}) is list or type({loop.iterable}) is tuple"
        self.writeline(f"{counter.size} = len({loop.iterable}) if {known} else None")
        maker = self.choose_async("async_loop", "LoopContext")
        self.writeline(
            f"{counter.object} = None if {counter.size} is not None"
            f" else {maker}({loop.iterable}, undefined, {loop.source})"
        )
        self.writeline(f"{sized.length} = {f'{sized.looked} = ' if sized.looked else ''}None")
        items = f"iter({loop.iterable})"
        if sized.looked:
            counted = self.choose_async("AwaitedCountedItems", "CountedItems")
            items = f"{counted}({loop.iterable}, undefined)"
        self.writeline(
            f"{sized.items} = {items} if {counter.size} is not None else {counter.object}._items()"
        )

    def _for_target(self, loop: Loop) -> str | None:
        """Write the target of the ``for``, or a local for what is to be looked at before."""
        if self.environment.is_async or loop.stepped or loop.selected:
            item = self.temporary_identifier()
            self.write(item)
            return item
        self._assign_target(loop)
        return None

    def _assign_target(self, loop: Loop) -> None:
        self.visit(loop.node.target, loop.body)
        if self.environment.is_async and loop.object and not loop.selected and not loop.stepped:
            self.write(f", {loop.object}")

    def _pulled(self, loop: Loop, item: str | None) -> None:
        """Write what follows a pull: awaiting it (async), and whether it took long."""
        if self.environment.is_async:
            assert item is not None
            self.await_item(loop.selected or loop.source, item)
            if loop.piped:
                self.await_later(item)
        if loop.selected:
            if self.environment.is_async:
                self.writeline(f"{item}, {loop.object} = {item}")
            self.pass_over(loop, f"{item} is paused")
        else:
            self.look_at_clock(loop.watch)
        if item:
            self.newline(loop.pulled_at)
            self._assign_target(loop)
            self.write(f" = {item}")

    def _end_iteration_of(self, loop: Loop) -> None:
        self.end_iteration(loop.watch, loop.frame, pulled_here=not loop.selected)

    def _otherwise(self, loop: Loop, empty: str) -> None:
        frame = loop.frame.inner()
        frame.symbols.analyze_node(loop.node, for_branch="else")
        self.writeline(f"if {empty}:")
        self.indent()
        self.enter_frame(frame)
        self.blockvisit(loop.node.else_, frame)
        self.leave_frame(frame)
        self.outdent()

    # -- leaving an iteration early

    def visit_Continue(self, node: nodes.Continue, frame: Frame) -> None:
        """The iteration ends here."""
        self.leave("continue", node)
        if self._loops:
            self._end_iteration_of(self._loops[-1])
        super().visit_Continue(node, frame)

    def visit_Break(self, node: nodes.Break, frame: Frame) -> None:
        """The loop ends here."""
        self.leave("break", node)
        super().visit_Break(node, frame)

    def leave(self, statement: str, node: nodes.Stmt) -> None:
        """Write what is to happen before *statement* leaves the iteration."""
