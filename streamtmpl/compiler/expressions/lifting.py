"""Lifting: what an expression looks up or calls first is done by statements before it.

A statement can catch the error of a look-up, which is cheaper than to ask before whether there
will be one. Only what is evaluated in any case, and before all else, is lifted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from jinja2 import nodes

from .filters import ITERATING_FILTERS
from .lookups import LookupGenerator

if TYPE_CHECKING:
    from jinja2.compiler import Frame

_Node = TypeVar("_Node", bound=nodes.Node)

_SETTLED = (nodes.Const, nodes.InternalName, nodes.Name)
"""Expressions that are the same before and after whatever is lifted."""

_FIRST: dict[type[nodes.Expr], str] = {
    **dict.fromkeys((nodes.Not, nodes.Test, nodes.Filter), "node"),
    **dict.fromkeys((nodes.And, nodes.Or), "left"),
    nodes.Compare: "expr",
    nodes.CondExpr: "test",
}
"""Where in an expression stands what is evaluated first."""


def replaced(node: _Node, /, **fields: Any) -> _Node:
    """A copy of *node* with other *fields*; the tree itself may be compiled again."""
    copy = object.__new__(type(node))
    vars(copy).update(vars(node), **fields)
    return copy


class LiftingGenerator(LookupGenerator):
    """Compiles expressions that statements may precede."""

    def assign(self, target: str, node: nodes.Expr, frame: Frame) -> bool:
        """Write statements that set local *target* to the value of *node*."""
        with self.line_of(node):
            return super().assign(target, self.lifted(node, frame), frame)

    def visit_Assign(self, node: nodes.Assign, frame: Frame) -> None:
        """``{% set name = value %}``"""
        with self.line_of(node):
            node = replaced(node, node=self.lifted(cast("nodes.Expr", node.node), frame))
        super().visit_Assign(node, frame)

    def lifted(self, node: nodes.Expr, frame: Frame) -> nodes.Expr:
        """Write the statements for what can be lifted out of *node*; returns what is left of it."""
        if isinstance(node, nodes.Filter):
            return self._lifted_filter(node, frame)
        if isinstance(node, (nodes.Not, nodes.Test)):
            return replaced(node, node=self.local_of(node.node, frame))
        if isinstance(node, (nodes.And, nodes.Or)):
            return replaced(node, left=self.local_of(node.left, frame))
        if isinstance(node, nodes.CondExpr):
            return replaced(node, test=self.local_of(node.test, frame))
        if isinstance(node, nodes.Compare):
            return self._lifted_comparison(node, frame)
        if isinstance(node, nodes.Concat):
            return replaced(node, nodes=self._locals_of(node.nodes, frame))
        if isinstance(node, nodes.BinExpr):
            left, right = self._locals_of([node.left, node.right], frame)
            return replaced(node, left=left, right=right)
        return node

    def lifts(self, node: nodes.Expr, frame: Frame) -> bool:
        """Whether statements set a local to the value of *node* better than an expression."""
        if type(node) is nodes.Getattr:
            return self._plain_getattr(node.attr)
        return type(node) is nodes.Getitem and self._plain_item(node)

    def would_lift(self, node: nodes.Expr | None, frame: Frame) -> bool:
        """Whether what is evaluated first of *node* is lifted."""
        while node is not None:
            if self.lifts(node, frame):
                return True
            first = _FIRST.get(type(node))
            node = None if first is None else getattr(node, first)
        return False

    def local_of(self, node: nodes.Expr, frame: Frame) -> nodes.Expr:
        """*node*, or the local that holds its value after the statements that this takes."""
        if not self.lifts(node, frame):
            return self.lifted(node, frame)
        return self._in_local(node, self.operand(node, frame))

    def _locals_of(self, parts: list[nodes.Expr], frame: Frame) -> list[nodes.Expr]:
        """The same for *parts* that are evaluated one after the other."""
        parts = list(parts)
        for index, part in enumerate(parts):
            parts[index] = self.local_of(part, frame)
            if type(parts[index]) not in _SETTLED:
                break
        return parts

    def _lifted_comparison(self, node: nodes.Compare, frame: Frame) -> nodes.Compare:
        first, *others = node.ops
        left, right = self._locals_of([node.expr, first.expr], frame)
        return replaced(node, expr=left, ops=[replaced(first, expr=right), *others])

    def _lifted_filter(self, node: nodes.Filter, frame: Frame) -> nodes.Filter:
        """*node* with its value in a local, where that helps.

        Before a filter that pulls from a lazy iterable, what stands above it is handed over.
        """
        self.consume(node)
        pulls = node.name in ITERATING_FILTERS
        if node.node is None or type(node.node) is nodes.Const:
            return node
        if not pulls and not self.lifts(node.node, frame):
            if type(node.node) is not nodes.Filter:
                return node
            lifted = replaced(node, node=self._lifted_filter(node.node, frame))
            self.same_consumer(node, lifted)
            return lifted
        local = self.operand(node.node, frame)
        value = self._in_local(node.node, local)
        if pulls:
            self.note_iterator(local, value, frame)
        lifted = replaced(node, node=value)
        self.same_consumer(node, lifted)
        return lifted

    @staticmethod
    def _in_local(node: nodes.Expr, local: str) -> nodes.InternalName:
        """The local that holds the value of *node*, as an expression."""
        name = object.__new__(nodes.InternalName)  # its constructor is the parser's alone
        nodes.Node.__init__(name, local, lineno=node.lineno, environment=node.environment)
        return name
