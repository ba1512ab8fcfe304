"""Loops that count instead of having a ``loop`` object, where nobody could tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import nodes
from jinja2.compiler import optimizeconst
from jinja2.filters import FILTERS
from jinja2.tests import TESTS

from streamtmpl.compiler.analysis import (
    COUNTED,
    NUMBERED,
    SIZED,
    counts,
    cycles,
    leaves_data_alone,
    needs_only,
)
from streamtmpl.compiler.records import Record
from streamtmpl.compiler.traits import plain_getattr

from .watching import WatchingGenerator

if TYPE_CHECKING:
    from jinja2.compiler import Frame


class Counter(Record):
    """The locals of a loop that counts."""

    counted: str
    """How many items have been pulled."""
    size: str | None
    """How many there are; ``None`` in there: unknown, and there is a ``loop`` object after all."""
    loop: str
    """The local of that object."""
    beside: bool = False
    """Whether there is an object in any case, for more than what is counted."""


_ATTRIBUTES = {
    "index": "{0}",
    "index0": "{0} - 1",
    "first": "{0} == 1",
    "depth": "1",
    "depth0": "0",
    "last": "{0} == {1}",
    "length": "{1}",
    "revindex": "{1} - {0} + 1",
    "revindex0": "{1} - {0}",
}


class CounterGenerator(WatchingGenerator):
    """Compiles ``loop.index`` and its like in loops that count."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self._counters: dict[str, Counter] = {}

    def new_counter(self, node: nodes.For, loop: str) -> Counter | None:
        """A counter for a loop whose object would be in local *loop*, if it needs no more."""
        if not plain_getattr(self.environment):
            return None
        if needs_only(node, COUNTED, cycle_only=True):
            return Counter(self.temporary_identifier(), None, loop)
        if (
            self.environment.is_async
            or node.test
            or not needs_only(node, SIZED, cycle_only=True)
            # What the body calls might change a list while the loop runs over it.
            or not leaves_data_alone(node.body)
            or not self._uses_builtins(node)
        ):
            return None
        return Counter(self.temporary_identifier(), self.temporary_identifier(), loop)

    def _uses_builtins(self, node: nodes.For) -> bool:
        """Whether all filters and tests in a loop are Jinja2's own, which change nothing."""
        environment = self.environment
        return all(
            environment.filters.get(each.name) is FILTERS.get(each.name)
            for each in node.find_all(nodes.Filter)
        ) and all(
            environment.tests.get(each.name) is TESTS.get(each.name)
            for each in node.find_all(nodes.Test)
        )

    def counter_beside(self, node: nodes.For, loop: str) -> Counter | None:
        """A counter for a loop with an object, in local *loop*, if the body asks for numbers."""
        if not counts(node) or not plain_getattr(self.environment):
            return None
        return Counter(self.temporary_identifier(), None, loop, True)

    def count_in(self, counter: Counter) -> None:
        """From here on ``loop`` is that of a loop with *counter*."""
        self._counters[counter.loop] = counter

    def count_out(self, counter: Counter) -> None:
        """The loop has ended."""
        del self._counters[counter.loop]

    def _counter(self, node: nodes.Node, frame: Frame) -> Counter | None:
        """The counter of the loop that the expression *node* names, if it has one."""
        if not self._counters or type(node) is not nodes.Name or node.name != "loop":
            return None
        ref = frame.symbols.find_ref("loop")
        return None if ref is None else self._counters.get(ref)

    def _counted(self, node: nodes.Expr, frame: Frame) -> str | None:
        """The source of an attribute of ``loop`` that is counted."""
        if type(node) is not nodes.Getattr:
            return None
        counter = self._counter(node.node, frame)
        if counter is None or (counter.beside and node.attr not in NUMBERED):
            return None
        source = _ATTRIBUTES[node.attr].format(counter.counted, counter.size)
        if node.attr in COUNTED:
            return source
        looked_up = f"environment.getattr({counter.loop}, {node.attr!r})"
        return f"({source} if {counter.size} is not None else {looked_up})"

    def _cycled(self, node: nodes.Expr, frame: Frame) -> Counter | None:
        """The counter of the loop whose ``cycle()`` is called."""
        if not isinstance(node, nodes.Call) or not cycles(node):
            return None
        assert isinstance(node.node, nodes.Getattr)
        return self._counter(node.node.node, frame)

    def number(self, node: nodes.Expr, frame: Frame) -> str | None:
        """The source of *node*, if it is certain to be an ``int`` without a look."""
        if type(node) is nodes.Getattr and node.attr in ("index", "index0", "depth", "depth0"):
            return self._counted(node, frame)
        return super().number(node, frame)

    def may_stream(self, node: nodes.Call, frame: Frame) -> bool:
        """Whether *node* might write straight into the stream."""
        return super().may_stream(node, frame) and self._cycled(node, frame) is None

    def lifts(self, node: nodes.Expr, frame: Frame) -> bool:
        """Whether statements set a local to the value of *node* better than an expression."""
        return (
            super().lifts(node, frame)
            and self._counted(node, frame) is None
            and self._cycled(node, frame) is None
        )

    def assign(self, target: str, node: nodes.Expr, frame: Frame) -> bool:
        """Write statements that set local *target* to the value of *node*."""
        if self._counted(node, frame) is None and self._cycled(node, frame) is None:
            return super().assign(target, node, frame)
        self.writeline(f"{target} = ", node)
        self.visit(node, frame)
        return False

    @optimizeconst
    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:
        """``value.name``"""
        counted = self._counted(node, frame)
        if counted is None:
            super().visit_Getattr(node, frame)
        else:
            self.write(f"({counted})")

    @optimizeconst
    def visit_Call(self, node: nodes.Call, frame: Frame, forward_caller: bool = False) -> None:
        """``function(...)`` as a value."""
        counter = self._cycled(node, frame)
        if counter is None:
            super().visit_Call(node, frame, forward_caller=forward_caller)
            return
        self.write("(")
        for argument in node.args:
            self.visit(argument, frame)
            self.write(", ")
        self.write(f")[({counter.counted} - 1) % {len(node.args)}]")
