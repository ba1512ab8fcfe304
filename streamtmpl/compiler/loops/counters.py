"""Which loops count: instead of having a ``loop`` object, where nobody could tell, or beside it."""

from __future__ import annotations

from jinja2 import nodes

from streamtmpl.compiler.analysis import INCLUDE, contains
from streamtmpl.compiler.expressions.loop_attributes import LoopCounter, Sized
from streamtmpl.compiler.loop_needs import (
    COUNTED,
    SIZED,
    asks_for_number,
    leaves_data_alone,
    may_lend,
    needs_only,
)
from streamtmpl.compiler.traits import plain_getattr, uses_builtins

from .watching import WatchingGenerator


class CounterGenerator(WatchingGenerator):
    """Makes the counters of loops."""

    def counter_instead(self, node: nodes.For, loop: str, iterable: str) -> LoopCounter | None:
        """A counter for a loop whose object would be in local *loop*, if it needs no more.

        :param iterable: the local of what it runs over.
        """
        if not plain_getattr(self.environment):
            return None
        if needs_only(node, COUNTED, cycle_only=True):
            return LoopCounter(self.temporary_identifier(), None, loop)
        if (
            node.test
            or not needs_only(node, SIZED, cycle_only=True, but_for_includes=True)
            # What the body calls might change a list while the loop runs over it.
            or not leaves_data_alone(node.body, but_for_includes=True)
            or not uses_builtins(node, self.environment)
        ):
            return None
        includes = contains(node.body, INCLUDE)
        if includes and not may_lend(node):
            return None
        local = self.temporary_identifier
        sized = Sized(iterable, local(), local(), local() if includes else None)
        return LoopCounter(local(), local(), loop, False, sized)

    def counter_beside(self, node: nodes.For, loop: str) -> LoopCounter | None:
        """The count of a loop's object, in local *loop*, if the body asks for numbers.

        The object counts what others pull from it as well.
        """
        if not asks_for_number(node) or not plain_getattr(self.environment):
            return None
        return LoopCounter(f"{loop}.index0 + 1", None, loop, True)
