"""``{% if %}``: the text before it is written with that of the branch which is taken."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

from jinja2 import nodes

from .outputs import OutputGenerator
from .runs import Run
from .tags import is_flush

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jinja2.compiler import Frame

_NESTED_BRANCHES = 10
"""How many branches of one ``if`` may be nested instead of chained: Python limits indentation."""

_REPEATED = 500
"""Characters of code that the branches of one ``if`` may repeat of the text before it."""


class BranchGenerator(OutputGenerator):
    """Compiles ``If`` nodes.

    :ivar taken: the runs that another statement writes.
    """

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.taken: set[nodes.Node] = set()
        self._runs_before: dict[nodes.Node, nodes.Output] = {}

    def blockvisit(self, body: Iterable[nodes.Node], frame: Frame) -> None:
        """Visit the statements of a block; the branches of an ``if`` write the run before it."""
        body = list(body)
        if not (self.compact or frame.require_output_check):
            for node, following in pairwise(body):
                if isinstance(following, nodes.If) and self._may_wait(node, following, frame):
                    self._runs_before[following] = cast("nodes.Output", node)
                    self.taken.add(node)
        super().blockvisit(body, frame)

    def visit_Output(self, node: nodes.Output, frame: Frame) -> None:
        """Write a run, unless another statement does."""
        if node not in self.taken:
            super().visit_Output(node, frame)

    def _may_wait(self, node: nodes.Node, branches: nodes.If, frame: Frame) -> bool:
        """Whether *node* is a run, and nothing is handed over where the tests are evaluated."""
        if not isinstance(node, nodes.Output) or is_flush(node) or node in self.taken:
            return False
        if not self.survey.shared.isdisjoint((node, branches)):
            return False
        tests = (cast("nodes.Expr", each.test) for each in (branches, *branches.elif_))
        return all(self.keeps_silent(test, frame) for test in tests)

    def keeps_silent(self, node: nodes.Expr, frame: Frame) -> bool:
        """Whether nothing is handed over where *node* is evaluated, so that text may wait."""
        if self.environment.is_async:
            return not self.may_await(node, frame)
        return not self.may_hand_over(node, frame)

    def visit_If(self, node: nodes.If, frame: Frame) -> None:
        """``{% if %}``"""
        inner, nested = frame.soft(), 0
        before = self._run_before(node, frame)
        self._branch("if ", node, inner, before)
        for branch in node.elif_:
            # Statements that the test needs first cannot stand before an elif.
            if nested < _NESTED_BRANCHES and self.would_lift(
                cast("nodes.Expr", branch.test), inner
            ):
                self.writeline("else:")
                self.indent()
                nested += 1
                self._branch("if ", branch, inner, before)
            else:
                self._branch("elif ", branch, inner, before)
        if node.else_ or before:
            self.writeline("else:")
            self._body_of_branch(node.else_, inner, before)
        self.outdent(nested)
        self.statement_ends(frame)

    def _run_before(self, node: nodes.If, frame: Frame) -> Run:
        """What is left to be written of the run before *node*, if the branches are to write it."""
        output = self._runs_before.pop(node, None)
        if output is None:
            return Run(self._in_long)
        if self.carried is None:
            self.value_count = 0
        run = self.evaluated(output, frame)
        run.value_count = self.value_count
        bodies = [node.body, *(branch.body for branch in node.elif_), node.else_]
        short = len(run.source()) * (len(bodies) - 1) <= _REPEATED
        if run and not (short and any(self._goes_on(body, frame) for body in bodies)):
            self.write_run(run, frame)
            return Run(self._in_long)
        return run

    def _branch(self, keyword: str, node: nodes.If, frame: Frame, before: Run) -> None:
        test = cast("nodes.Expr", node.test)
        if keyword == "if ":
            with self.line_of(node):
                test = self._tested(test, frame)
        self.writeline(keyword, node)
        self._condition(test, frame)
        self.write(":")
        self._body_of_branch(node.body, frame, before)

    def _tested(self, node: nodes.Expr, frame: Frame) -> nodes.Expr:
        """Write the statements that precede a test.

        :return: what is left of it.
        """
        if not self._in_turn(node, frame):
            return self.lift(node, frame)
        told = self.temporary_identifier()
        self._assign_told(told, node, frame)
        return self.in_local(node, told)

    def _in_turn(self, node: nodes.Expr, frame: Frame) -> bool:
        """Whether *node* has two sides, and there are statements that precede the second."""
        return (
            isinstance(node, (nodes.And, nodes.Or))
            and not (self.compact or self._is_intercepted(node))
            and self.would_lift(node.right, frame)
        )

    def _assign_told(self, told: str, node: nodes.Expr, frame: Frame) -> None:
        """Write statements after which local *told* is as true as *node*.

        The truth of a value is asked for once: that may be code of the user's.
        """
        if not self._in_turn(node, frame):
            rest = self.lift(node, frame, into=told)
            if type(rest) is not nodes.InternalName or rest.name != told:
                # As a value, Python would ask a side twice: which it is, and whether that is true.
                self.writeline(f"{told} = True if ", rest)
                self._condition(rest, frame)
                self.write(" else False")
            return
        assert isinstance(node, nodes.BinExpr)
        self._assign_told(told, node.left, frame)
        both = isinstance(node, nodes.And)
        self.writeline(f"if {told}:" if both else f"if not {told}:")
        self.indent()
        self._assign_told(told, node.right, frame)
        self.outdent()
        self.writeline(f"else: {told} = {not both}")

    def _condition(self, node: nodes.Expr, frame: Frame) -> None:
        """Write whether *node* is true; no undefined object is made of a variable to ask it."""
        if self._is_intercepted(node):
            self.visit(node, frame)
        elif isinstance(node, nodes.Not):
            self.write("(not ")
            self._condition(node.node, frame)
            self.write(")")
        elif isinstance(node, (nodes.And, nodes.Or)):
            self.write("(")
            self._condition(node.left, frame)
            self.write(" and " if isinstance(node, nodes.And) else " or ")
            self._condition(node.right, frame)
            self.write(")")
        elif isinstance(node, nodes.Name) and self.sure_local(node, frame) is None:
            local = frame.symbols.ref(node.name)
            made = f"undefined(name={node.name!r})"
            self.write(f"({local} if {local} is not missing")
            self.write(f" else undefined is not Undefined and {made})")
        else:
            self.visit(node, frame)

    def _is_intercepted(self, node: nodes.Expr) -> bool:
        """Whether a sandbox wants to be asked what the operator of *node* gives."""
        environment: Any = self.environment
        if not environment.sandboxed:
            return False
        if isinstance(node, nodes.Not):
            return "not " in environment.intercepted_unops
        return isinstance(node, nodes.BinExpr) and node.operator in environment.intercepted_binops

    def _body_of_branch(self, body: list[nodes.Node], frame: Frame, before: Run) -> None:
        self.indent()
        if before and self._goes_on(body, frame):
            self.carried, self.value_count = before, before.value_count
        elif before:
            self.write_run(before, frame)
        if body or not before:
            self.blockvisit(body, frame)
        self.outdent()

    def _goes_on(self, body: list[nodes.Node], frame: Frame) -> bool:
        """Whether the run before a branch may go on with the first of it."""
        first = body[0] if body else None
        if not isinstance(first, nodes.Output) or is_flush(first):
            return False
        if isinstance(body[1] if len(body) > 1 else None, nodes.For):
            return False  # which may write it
        return not any(self.may_hand_over(each, frame) for each in first.nodes)

    def statement_ends(self, frame: Frame) -> None:
        """A statement has ended."""
        # The top level of a child template writes nothing that a chunk could be cut after.
        if not (frame.toplevel and self.has_known_extends):
            self.boundary(frame)
