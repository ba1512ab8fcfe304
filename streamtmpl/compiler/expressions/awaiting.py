"""Constants are folded once; what may be awaitable is looked at before it is awaited."""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, cast

from jinja2 import nodes
from jinja2.compiler import optimizeconst
from jinja2.optimizer import Optimizer

from streamtmpl.compiler.writing import WritingGenerator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jinja2 import Environment
    from jinja2.compiler import Frame


_FOLDED = (
    *(nodes.BinExpr, nodes.UnaryExpr, nodes.Compare, nodes.Concat, nodes.CondExpr),
    *(nodes.Call, nodes.Filter, nodes.Getattr, nodes.Getitem, nodes.Test),
)
"""What Jinja2 folds when it comes to it; the others when it comes to what they are a part of."""


_NOTHING = nullcontext()


class Folder(Optimizer):
    """Jinja2's optimizer, which remembers what it has done.

    Code generators ask for every expression that they come to. But folding one folds what it
    consists of, in place, and the parts are come to next.
    """

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._folded: set[nodes.Node] = set()  # they hash by identity

    def visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> Any:
        """Give *node* with its parts folded, or the constant that takes its place."""
        if type(node) is nodes.Name or type(node) is nodes.Const or node in self._folded:
            return node
        result = super().visit(node, *args, **kwargs)
        self._folded.add(result)
        return result


class AwaitingGenerator(WritingGenerator):
    """Awaits values that may be awaitable, without a coroutine for each."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.optimizer is not None:
            self.optimizer = Folder(self.environment)

    def folded(self, node: nodes.Expr, frame: Frame) -> nodes.Expr:
        """*node* with what is constant of it folded, before it is taken apart.

        What folding raises ends the compilation, as in Jinja2, even where the code never runs.
        """
        if self.optimizer is None or frame.eval_ctx.volatile or not isinstance(node, _FOLDED):
            return node
        return cast("nodes.Expr", self.optimizer.visit(node, frame.eval_ctx))

    @optimizeconst
    def visit_CondExpr(self, node: nodes.CondExpr, frame: Frame) -> None:
        """``a if test else b``; the message of one without an else is quoted, name and all."""
        inner = frame.soft()
        self.write("(")
        self.visit(node.expr1, inner)
        self.write(" if ")
        self.visit(node.test, inner)
        self.write(" else ")
        if node.expr2 is None:
            message = (
                f"the inline if-expression on {self.position(node)} evaluated to false and no else"
                " section was defined."
            )
            self.write(f"cond_expr_undefined({message!r})")
        else:
            self.visit(node.expr2, inner)
        self.write(")")

    def awaited(self) -> AbstractContextManager[None]:
        """Around the source of a value: await it if it is awaitable (async environments)."""
        return self._awaited() if self.environment.is_async else _NOTHING

    @contextmanager
    def _awaited(self) -> Iterator[None]:
        if self.compact:
            self.write("(await auto_await(")
            yield
            self.write("))")
            return
        value = self.temporary_identifier()
        self.write(f"({value} if type({value} := ")
        yield
        self.write(f") in plain_types or not is_awaitable({value}) else await {value})")

    def await_local(self, local: str) -> None:
        """Write a statement that awaits what is in *local* if it is awaitable."""
        self.writeline(
            f"if type({local}) not in plain_types and is_awaitable({local}):"
            f" {local} = await {local}"
        )
