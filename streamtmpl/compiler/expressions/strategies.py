"""How the value of an expression gets into a local: the strategies, in the order of trying."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import nodes

from .calls import CallGenerator
from .lifting import LiftingGenerator, Strategy
from .lookups import LookupGenerator
from .loop_attributes import LoopAttributeGenerator
from .shortcuts import ShortcutGenerator

if TYPE_CHECKING:
    from jinja2.compiler import Frame


def _always(generator: LiftingGenerator, node: nodes.Expr, frame: Frame) -> bool:
    return True


class ExpressionGenerator(ShortcutGenerator):
    """Compiles expressions: the first strategy that fits one gives its value."""

    strategies = (
        # What a counter tells comes first: a loop that counts may have no object, which what
        # follows would look up or call.
        Strategy(
            nodes.Getattr,
            LoopAttributeGenerator.counted_attribute,
            LiftingGenerator.assign_expression,
        ),
        Strategy(
            nodes.Call,
            LoopAttributeGenerator.cycle_counter,
            LiftingGenerator.assign_expression,
        ),
        # Before calls, since it is one: the view of a dict is there without what a call takes, so
        # that this stays one expression.
        Strategy(
            nodes.Call,
            CallGenerator.viewed_dict,
            LiftingGenerator.assign_expression,
            own_local=True,
        ),
        Strategy(
            nodes.Call,
            _always,
            CallGenerator.assign_value_of,
            own_local=True,
            awaitable=True,
        ),
        Strategy(
            nodes.Getattr,
            LookupGenerator.is_plain_attribute,
            LookupGenerator.assign_attribute,
            own_local=True,
            awaitable=True,
        ),
        Strategy(
            nodes.Getitem,
            LookupGenerator.is_plain_item,
            LookupGenerator.assign_item,
            own_local=True,
            awaitable=True,
        ),
        # A part that is a filter stays where it is: only its value is lifted out of it.
        Strategy(
            nodes.Filter,
            ShortcutGenerator.shortcut_for,
            ShortcutGenerator.assign_filtered,
        ),
        # Last, because it can write whatever has nothing better, with Jinja2's own code.
        Strategy(
            nodes.Expr,
            _always,
            LiftingGenerator.assign_expression,
        ),
    )
