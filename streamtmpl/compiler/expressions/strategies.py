"""How the value of an expression gets into a local: what is tried first, and what last.

:meth:`~streamtmpl.compiler.expressions.lifting.LiftingGenerator.assign` takes the first strategy
that fits. The order matters among those for one kind of node.
"""

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
        # What a counter tells. First, because a loop that counts may have no object, and those
        # below would look something up in it.
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
        # The view of a dict. Before other calls: it is had without asking what is called.
        Strategy(
            nodes.Call,
            CallGenerator.viewed_dict,
            LiftingGenerator.assign_expression,
            own_local=True,
            quick=True,
        ),
        # Calls and look-ups, whose errors statements can catch.
        Strategy(
            nodes.Call,
            _always,
            CallGenerator.assign_value_of,
            own_local=True,
            quick=True,
            awaitable=True,
        ),
        Strategy(
            nodes.Getattr,
            LookupGenerator.is_plain_attribute,
            LookupGenerator.assign_attribute,
            own_local=True,
            quick=True,
            awaitable=True,
        ),
        Strategy(
            nodes.Getitem,
            LookupGenerator.is_plain_item,
            LookupGenerator.assign_item,
            own_local=True,
            quick=True,
            awaitable=True,
        ),
        # Text beside text.
        Strategy(
            nodes.Concat,
            ShortcutGenerator.joins_text,
            ShortcutGenerator.assign_joined,
            own_local=True,
            quick=True,
        ),
        # Filters of Jinja2's. Where one is a part, only what it filters gets a local.
        Strategy(
            nodes.Filter,
            ShortcutGenerator.formats_constant,
            ShortcutGenerator.assign_formatted,
            quick=True,
        ),
        Strategy(
            nodes.Filter,
            ShortcutGenerator.shortcut_for,
            ShortcutGenerator.assign_filtered,
            quick=True,
        ),
        # Whatever is left, as the expression that Jinja2 writes. Last, because it fits always.
        Strategy(
            nodes.Expr,
            _always,
            LiftingGenerator.assign_expression,
        ),
    )
