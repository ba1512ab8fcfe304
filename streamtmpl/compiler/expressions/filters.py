"""Filters: what they pull from is closed with the stream, and pipes of them need no coroutines."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from jinja2 import nodes
from jinja2.compiler import optimizeconst
from jinja2.filters import FILTERS
from jinja2.utils import _PassArg

from streamtmpl.compiler.analysis import ITERATING_FILTERS
from streamtmpl.vocabulary import DRAINING, LAZY, PIPING, QUICKER

from .awaiting import AwaitingGenerator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jinja2.compiler import Frame

_PASSED = {
    _PassArg.context: "context, ",
    _PassArg.eval_context: "context.eval_ctx, ",
    _PassArg.environment: "environment, ",
}
"""What a filter or test wants to be called with, before the value."""


class FilterGenerator(AwaitingGenerator):
    """Compiles ``value|filter``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Filters whose value only consumers see that know Later: those that it passes through.
        self._consumers: dict[nodes.Filter, tuple[str, ...]] = {}
        # Values that are known to be what a filter pulls from before the filter is written.
        self._noted: set[nodes.Expr] = set()
        # The condition that a local holds what Jinja2's own lazy filters make of plain data.
        self._piped_data: dict[str, str] = {}

    def pull_dependencies(self, nodes: Iterable[nodes.Node]) -> None:
        """Fetch the filters and tests that are used from the environment."""
        used = self.survey.used_by(nodes)
        for kind, locals_of, names in (
            ("filter", self.filters, used.filters),
            ("test", self.tests, used.tests),
        ):
            for name in sorted(names):
                if name not in locals_of:
                    locals_of[name] = self.temporary_identifier()
                local = locals_of[name]
                # That there is one is checked when it runs: it may stand in a branch that does not.
                self.writeline(f"try: {local} = environment.{kind}s[{name!r}]")
                self.writeline(f"except KeyError: {local} = unknown({kind!r}, {name!r})")
        # Jinja2's filters of two kinds ask at each call which one is wanted. What is passed to them
        # has been decided by what there is now.
        replaced = DRAINING if self.environment.is_async else DRAINING | PIPING
        for name in sorted(filter(self.has_builtin, (replaced | QUICKER) & used.filters)):
            local = self.filters[name]
            kind = "quicker_" if name in QUICKER else self.choose_async("async_do_", "sync_do_")
            self.writeline(f"if {local} is do_{name}: {local} = {kind}{name}")

    def has_builtin(self, name: str) -> bool:
        """Whether the filter *name* is Jinja2's own."""
        builtin = FILTERS.get(name)
        return builtin is not None and self.environment.filters.get(name) is builtin

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
        with self.awaited():
            self.write(f"{names[node.name]}({_PASSED.get(passed, '')}")
            yield
            self.signature(node, frame)
            self.write(")")

    @optimizeconst
    def visit_Filter(self, node: nodes.Filter, frame: Frame) -> None:
        """``value|filter``, or the filter of a block whose text is captured (no value)."""
        if node.node is None or node.name not in ITERATING_FILTERS:
            super().visit_Filter(node, frame)
            return
        self.consume(node)
        consumers = self._consumers.get(node)
        if consumers is None:
            with self._filter_test_common(node, frame, True):
                self._write_iterated(node.node, frame)
            return
        with self.awaited():
            functions = ", ".join((self.filters[node.name], *consumers))
            self.write(f"piped(({functions},), context, ")
            self._write_iterated(node.node, frame)
            self.signature(node, frame)
            self.write(")")

    def _write_iterated(self, node: nodes.Expr, frame: Frame) -> None:
        if node in self._noted:
            self.visit(node, frame)
            return
        self.write("iterated(")
        self.visit(node, frame)
        self.write(", out)")

    def note_iterator(self, local: str, value: nodes.Expr, frame: Frame) -> None:
        """Write that a filter is about to pull from local *local*, which *value* stands for.

        What stands above is handed over first, if it is lazy.
        """
        self.writeline(f"if {self.may_be_lazy(local)}:")
        self.indent()
        self.writeline(f"iterated({local}, out)")  # first: the stream may be closed at the cut
        if frame.buffer is None:
            self.cut_if(f"ahead({local}, out)")
        self.outdent()
        self._noted.add(value)

    def note_piped(self, local: str, node: nodes.Expr) -> None:
        """Note that *local* has got the value of *node*, whose own value is in a local already."""
        if type(node) is not nodes.Filter or type(node.node) is not nodes.InternalName:
            return
        if node.name not in LAZY or (self.environment.is_async and node.name in DRAINING):
            return
        source = node.node.name
        made = f"type({source}) in in_memory"
        if source in self._piped_data:
            made = f"({made} or {self._piped_data[source]})"
        function = f"do_{node.name}"
        if self.environment.is_async and node.name in PIPING:
            # Where a consumer is not Jinja2's own, it is an async generator.
            made = f"type({local}) is GeneratorType and {made}"
        elif node.name in DRAINING | PIPING:
            function = f"sync_{function}"
        self._piped_data[local] = f"{self.filters[node.name]} is {function} and {made}"

    def forget_piped(self, local: str) -> None:
        """Note that *local* is about to get another value."""
        self._piped_data.pop(local, None)

    def may_be_lazy(self, local: str) -> str:
        """The condition that pulls from what *local* holds may take long, or be seen.

        Plain data is not so, nor what Jinja2's own filters make of it: there is nothing to close.
        """
        condition = f"type({local}) not in in_memory"
        if local in self._piped_data:
            condition += f" and not ({self._piped_data[local]})"
        return condition

    # -- pipes of lazy filters (async environments)

    def pipe(self, node: nodes.Node | None, consumers: tuple[str, ...] = ()) -> bool:
        """Let *node*, if it is a piping filter, give items to be awaited, and say whether it is.

        Its value must be seen by nobody but the filters in the locals *consumers* and, after
        them, by code that awaits such items.
        """
        if not self.environment.is_async or not isinstance(node, nodes.Filter):
            return False
        if node.name not in PIPING or node.node is None or not self.has_builtin(node.name):
            return False
        self._consumers[node] = consumers
        return True

    def consume(self, node: nodes.Filter) -> None:
        """Make a pipe of the value of *node*, if *node* knows what to do with one."""
        consumers = self._consumers.get(node)
        if consumers is not None:
            self.pipe(node.node, (self.filters[node.name], *consumers))
        elif node.name in DRAINING:
            self.pipe(node.node, (self.filters[node.name],))

    def same_consumer(self, node: nodes.Filter, replacement: nodes.Filter) -> None:
        """Let *replacement* be compiled as *node* would be."""
        consumers = self._consumers.get(node)
        if consumers is not None:
            self._consumers[replacement] = consumers
