"""Lifting: what an expression looks up or calls first is done by statements before it.

A statement can catch the error of a look-up, which is cheaper than to ask before whether there
will be one. Only what is evaluated in any case, and before all else, is lifted.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from jinja2 import nodes
from jinja2.idtracking import VAR_LOAD_PARAMETER

from streamtmpl.compiler.analysis import ITERATING_FILTERS
from streamtmpl.vocabulary import NAMESPACE_ITEMS

from .filters import FilterGenerator

if TYPE_CHECKING:
    from collections.abc import Callable

    from jinja2.compiler import Frame

_Node = TypeVar("_Node", bound=nodes.Node)

_LASTING = (nodes.Const, nodes.InternalName, nodes.Name)
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


def is_namespace(local: str) -> str:
    """The condition that *local* is a namespace whose items can be had."""
    return f"type({local}) is known_namespace"


def items_of_namespace(local: str) -> str:
    """The items of the namespace in *local*."""
    return f"namespace_items({local}, {NAMESPACE_ITEMS!r})"


class Strategy:
    """One way to get the value of an expression into a local.

    :ivar kind: the class of nodes that it is for; ``Expr``: all of them.
    :ivar fits: whether it can be taken for such a node; what is true means yes.
    :ivar write: writes the statements, for a target, a node and a frame.
    :ivar own_local: whether a part of an expression is better off so than where it stands.
    :ivar awaitable: whether the local may hold what is to be awaited (async environments).
    :ivar quick: whether it is left out where code is compact.
    """

    def __init__(
        self,
        kind: type[nodes.Expr],
        fits: Callable[[Any, Any, Frame], object],
        write: Callable[[Any, str, Any, Frame], None],
        *,
        own_local: bool = False,
        awaitable: bool = False,
        quick: bool = False,
    ) -> None:
        self.kind = kind
        self.fits = fits
        self.write = write
        self.own_local = own_local
        self.awaitable = awaitable
        self.quick = quick


class LiftingGenerator(FilterGenerator):
    """Compiles expressions that statements may precede.

    :ivar strategies: all there are; the first that fits is taken.
    """

    strategies: tuple[Strategy, ...]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Look-ups that may well find nothing: to ask for a default is cheaper then than an error.
        self.perhaps: set[nodes.Expr] = set()

    @classmethod
    @cache
    def _strategies_of(cls, kind: type[nodes.Expr]) -> list[Strategy]:
        """Those for nodes of *kind*."""
        return [each for each in cls.strategies if each.kind in (kind, nodes.Expr)]

    def _strategy_for(self, node: nodes.Expr, frame: Frame) -> Strategy:
        quick = self.is_quick(node)
        for strategy in self._strategies_of(type(node)):
            if (quick or not strategy.quick) and strategy.fits(self, node, frame):
                return strategy
        raise AssertionError("the last strategy fits always")

    def assign(self, target: str, node: nodes.Expr, frame: Frame) -> bool:
        """Write statements that set local *target* to the value of *node*.

        :return: whether *target* may still be awaitable.
        """
        node = self.folded(node, frame)
        strategy = self._strategy_for(node, frame)
        self.forget_piped(target)
        with self.line_of(node):
            strategy.write(self, target, node, frame)
        return strategy.awaitable and self.environment.is_async

    def assign_expression(self, target: str, node: nodes.Expr, frame: Frame) -> None:
        """Write *node* as an expression, after the statements for what is lifted out of it."""
        node = self.lift_parts(node, frame)
        self.writeline(f"{target} = ", node)
        self.visit(node, frame)
        self.note_piped(target, node)

    def operand(self, node: nodes.Expr | None, frame: Frame) -> str:
        """The local that holds the value of *node*, after the statements that this takes."""
        assert node is not None
        local = self.sure_local(node, frame)
        if local is not None:
            return local
        value = None
        if type(node) is nodes.Name and not self.is_set(node.name):
            value = f"value {frame.symbols.ref(node.name)}"
            local = self.known(value)
            if local is not None:
                return local
        local = self.temporary_identifier()
        if self.assign(local, node, frame):
            self.await_local(local)
        if value is not None:
            self.learn(value, local)
        return local

    def sure_local(self, node: nodes.Expr, frame: Frame) -> str | None:
        """The local that holds the value of *node* for certain, if there is one."""
        if type(node) is nodes.InternalName:
            return node.name
        if type(node) is not nodes.Name or node.ctx != "load":
            return None
        ref = frame.symbols.ref(node.name)
        return ref if self.is_sure(ref, frame) else None

    def is_sure(self, local: str, frame: Frame) -> bool:
        """Whether the *local* of a variable has a value for certain."""
        load = frame.symbols.find_load(local)
        defined = load is not None and load[0] == VAR_LOAD_PARAMETER
        return defined and not self.parameter_is_undeclared(local)

    def visit_Assign(self, node: nodes.Assign, frame: Frame) -> None:
        """``{% set name = value %}``; what is no namespace is an error before there is a value."""
        self.push_assign_tracking()
        for name in dict.fromkeys(each.name for each in node.find_all(nodes.NSRef)):
            self.writeline(f"if not isinstance({frame.symbols.ref(name)}, Namespace):")
            self.indent()
            message = "cannot assign attribute on non-namespace object"
            self.writeline(f"raise TemplateRuntimeError({message!r})")
            self.outdent()
        with self.line_of(node):
            value = self.folded(cast("nodes.Expr", node.node), frame)
            if self._strategy_for(value, frame).write is LiftingGenerator.assign_expression:
                value = self.lift_parts(value, frame)
            else:  # not into the variable itself, which the value may be made of
                value = self.in_local(value, self.operand(value, frame))
        self.newline(node)
        self.visit(node.target, frame)
        self.write(" = ")
        self.visit(value, frame)
        self.pop_assign_tracking(frame)

    def visit_NSRef(self, node: nodes.NSRef, frame: Frame) -> None:
        """``name.attribute`` where it is set."""
        ref = frame.symbols.ref(node.name)
        items = f"{items_of_namespace(ref)} if {is_namespace(ref)} else {ref}"
        self.write(f"{ref if self.compact else f'({items})'}[{node.attr!r}]")

    def lift_parts(self, node: nodes.Expr, frame: Frame) -> nodes.Expr:
        """Write the statements for what can be lifted out of *node*.

        :return: what is left of it.
        """
        if not self.is_quick(node):
            return node
        if isinstance(node, nodes.Filter):
            return self._lift_filter(node, frame)
        if isinstance(node, nodes.Test) and node.name in ("defined", "undefined"):
            self.perhaps.add(node.node)
        if isinstance(node, (nodes.Not, nodes.Test)):
            return replaced(node, node=self.lift(node.node, frame))
        if isinstance(node, (nodes.And, nodes.Or)):
            return replaced(node, left=self.lift(node.left, frame))
        if isinstance(node, nodes.CondExpr):
            # As in the expression that Jinja2 writes, where it is all in a branch.
            return replaced(node, test=self.lift(node.test, frame.soft()))
        if isinstance(node, nodes.Compare):
            return self._lift_comparison(node, frame)
        if isinstance(node, nodes.Concat):
            return replaced(node, nodes=self._lift_each(node.nodes, frame))
        if isinstance(node, nodes.BinExpr):
            left, right = self._lift_each([node.left, node.right], frame)
            return replaced(node, left=left, right=right)
        return node

    def would_lift(self, node: nodes.Expr | None, frame: Frame) -> bool:
        """Whether what is evaluated first of *node* is lifted."""
        while node is not None:
            if self._strategy_for(node, frame).own_local:
                return True
            first = _FIRST.get(type(node))
            node = None if first is None else getattr(node, first)
        return False

    def lift(self, node: nodes.Expr, frame: Frame, into: str | None = None) -> nodes.Expr:
        """Write the statements that *node* as a whole, or else what it consists of, is lifted into.

        :param into: the local that is to hold its value then.
        :return: the local that holds its value, or what is left of it.
        """
        node = self.folded(node, frame)
        if not self._strategy_for(node, frame).own_local:
            return self.lift_parts(node, frame)
        if into is None:
            into = self.operand(node, frame)
        elif self.assign(into, node, frame):
            self.await_local(into)
        return self.in_local(node, into)

    def _lift_each(self, parts: list[nodes.Expr], frame: Frame) -> list[nodes.Expr]:
        """Lift *parts*, which are evaluated one after the other, up to the first that must stay."""
        parts = list(parts)
        for index, part in enumerate(parts):
            parts[index] = self.lift(part, frame)
            if type(parts[index]) not in _LASTING:
                break
        return parts

    def _lift_comparison(self, node: nodes.Compare, frame: Frame) -> nodes.Compare:
        first, *others = node.ops
        left, right = self._lift_each([node.expr, first.expr], frame)
        return replaced(node, expr=left, ops=[replaced(first, expr=right), *others])

    def _lift_filter(self, node: nodes.Filter, frame: Frame) -> nodes.Filter:
        """*node* with its value in a local, where that helps.

        Before a filter that pulls from a lazy iterable, what stands above it is handed over.
        """
        self.consume(node)
        pulls = node.name in ITERATING_FILTERS
        if node.node is None or type(node.node) is nodes.Const:
            return node
        items = node.name == "items"  # pulls when it is pulled from: that is the loop's concern
        if not (pulls or items) and not self._strategy_for(node.node, frame).own_local:
            if type(node.node) is not nodes.Filter:
                return node
            lifted = replaced(node, node=self._lift_filter(node.node, frame))
            self.same_consumer(node, lifted)
            return lifted
        local = self.operand(node.node, frame)
        value = self.in_local(node.node, local)
        if pulls:
            self.note_iterator(local, value, frame)
        lifted = replaced(node, node=value)
        self.same_consumer(node, lifted)
        return lifted

    @staticmethod
    def in_local(node: nodes.Expr, local: str) -> nodes.InternalName:
        """The local that holds the value of *node*, as an expression."""
        name = object.__new__(nodes.InternalName)  # its constructor is the parser's alone
        nodes.Node.__init__(name, local, lineno=node.lineno, environment=node.environment)
        return name
