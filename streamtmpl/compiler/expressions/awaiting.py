"""Expressions: constants are folded; what may be awaitable is looked at before it is awaited."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from jinja2 import nodes
from jinja2.compiler import optimizeconst
from jinja2.optimizer import Optimizer
from jinja2.utils import _PassArg

from streamtmpl.compiler.traits import plain_call
from streamtmpl.compiler.writing import WritingGenerator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jinja2 import Environment
    from jinja2.compiler import Frame

PASSED = {
    _PassArg.context: "context, ",
    _PassArg.eval_context: "context.eval_ctx, ",
    _PassArg.environment: "environment, ",
}


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


class ExpressionGenerator(WritingGenerator):
    """Compiles the expressions whose value may be awaitable without a coroutine for each."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.optimizer is not None:
            self.optimizer = Folder(self.environment)

    @contextmanager
    def _settled(self) -> Iterator[None]:
        """Around the source of a value: await it if it is awaitable (async environments)."""
        if not self.environment.is_async:
            yield
            return
        value = self.temporary_identifier()
        self.write(f"({value} if type({value} := ")
        yield
        self.write(f") in plain_types or not is_awaitable({value}) else await {value})")

    @optimizeconst
    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:
        """``value.name``"""
        with self._settled():
            self.write("environment.getattr(")
            self.visit(node.node, frame)
            self.write(f", {node.attr!r})")

    @optimizeconst
    def visit_Getitem(self, node: nodes.Getitem, frame: Frame) -> None:
        """``value[item]``; slices go past the environment."""
        if isinstance(node.arg, nodes.Slice):
            self.visit(node.node, frame)
            self.write("[")
            self.visit(node.arg, frame)
            self.write("]")
            return
        with self._settled():
            self.write("environment.getitem(")
            self.visit(node.node, frame)
            self.write(", ")
            self.visit(node.arg, frame)
            self.write(")")

    @contextmanager
    def _filter_test_common(
        self, node: nodes.Filter | nodes.Test, frame: Frame, is_filter: bool
    ) -> Iterator[None]:
        environment = self.environment
        function = (environment.filters if is_filter else environment.tests).get(node.name)
        # In a branch that may not run, an unknown name is an error of the run, not of compiling.
        if function is None and not frame.soft_frame:
            kind = "filter" if is_filter else "test"
            self.fail(f"No {kind} named {node.name!r}.", node.lineno)
        names = self.filters if is_filter else self.tests
        passed: Any = None if function is None else _PassArg.from_obj(cast("Any", function))
        with self._settled():
            self.write(f"{names[node.name]}({PASSED.get(passed, '')}")
            yield
            self.signature(node, frame)
            self.write(")")

    def caller(self) -> str:
        """The start of a call, up to what is called."""
        if self.environment.sandboxed:
            return "environment.call(context, "
        if plain_call(self.environment):
            return "call(context, "
        return "context.call("

    @optimizeconst
    def visit_Call(self, node: nodes.Call, frame: Frame, forward_caller: bool = False) -> None:
        """``function(...)`` as a value."""
        with self._settled():
            self.write(self.caller())
            self.visit(node.node, frame)
            extra = {"caller": "caller"} if forward_caller else {}
            if frame.loop_frame:
                extra["_loop_vars"] = "_loop_vars"
            if frame.block_frame:
                extra["_block_vars"] = "_block_vars"
            self.signature(node, frame, extra)
            self.write(")")
