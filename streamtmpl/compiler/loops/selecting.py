"""The items of a loop: awaiting them, and the test in ``{% for item in items if test %}``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import nodes

from streamtmpl.compiler.analysis import may_await
from streamtmpl.compiler.expressions.loop_attributes import LoopCounter
from streamtmpl.compiler.loop_needs import PLAIN, needs_only
from streamtmpl.compiler.records import Record

from .counters import CounterGenerator
from .watching import Watch

if TYPE_CHECKING:
    from jinja2.compiler import Frame


class Loop(Record):
    """A loop being compiled.

    :ivar frame: the frame around it.
    :ivar object: the local of the ``loop`` object, if the loop needs one.
    :ivar iterable: the local of what it runs over.
    :ivar selected: the local of what passes the test, where a function of its own tests the items.
    :ivar stepped: the local of the ``loop`` object, where the generated code tells it each item.
    :ivar piped: whether items may have to be awaited although the iterable is not async.
    :ivar counter: what counts the items, instead of the ``loop`` object or beside it.
    """

    node: nodes.For
    frame: Frame
    body: Frame
    test: Frame
    object: str | None
    iterable: str
    watch: Watch
    selected: str | None
    stepped: str | None
    piped: bool
    counter: LoopCounter | None

    @property
    def pulled_at(self) -> nodes.Node:
        """The node whose line errors of a pull are at: Jinja2 pulls where it tests the items."""
        return self.node if self.node.test is None or self.selected else self.node.test

    @property
    def source(self) -> str:
        """The local of the source that is pulled from in the end."""
        return self.watch.source


class SelectingGenerator(CounterGenerator):
    """Writes what stands between a pull and the body of a loop."""

    def await_item(self, source: str, item: str) -> None:
        """Write the await of local *item*, where *source* gives what is to be awaited."""
        self.writeline(f"if {source} is not None and {source}.awaits:")
        self.indent()
        self.writeline("try:")
        self.indent()
        self.writeline(f"{item} = await {item}")
        self.outdent()
        self.writeline("except StopAsyncIteration:")
        self.indent()
        self.writeline(f"{source}.done()")
        self.writeline("break")
        self.outdent(2)

    def await_later(self, item: str) -> None:
        """Write the await of local *item*, where a pipe of filters gave what it could not await."""
        self.writeline(f"if type({item}) is Later:")
        self.indent()
        self.writeline(f"{item} = await {item}")
        self.writeline(f"if {item} is skipped: continue")
        self.outdent()

    def pass_over(self, loop: Loop, condition: str, node: nodes.Node | None = None) -> None:
        """Write the hand-over of what is finished, and the end of this iteration.

        :param condition: when it ends here.
        """
        self.writeline(f"if {condition}:", node)
        self.indent()
        self.cut_if(f"{self.out(loop.frame)}.main.tell()")
        self.writeline("continue")
        self.outdent()

    def skip_unless(self, loop: Loop) -> None:
        """Write the test of an item; a slow one that does not pass is handed over after as well."""
        assert loop.node.test is not None
        self.enter_frame(loop.test)
        self.writeline("if not ", loop.node.test)
        self.visit(loop.node.test, loop.test)
        self.write(":")
        self.indent()
        self.pass_over(loop, self.was_slow(loop.watch))
        self.writeline("continue")
        self.outdent()

    # -- a test beside the loop object, which counts only what passed it

    def selecting_functions(self, loop: Loop, selected: str) -> str | None:
        """Write the generator, and in async environments a sync one beside it if that can be.

        :param selected: the local of the former.
        :return: the local of the latter.
        """
        self._selecting_generator(loop, selected, self.environment.is_async)
        assert loop.node.test is not None
        if (
            not self.environment.is_async
            or may_await(loop.node.test)
            or not needs_only(loop.node, PLAIN)
        ):
            return None
        at_once = self.temporary_identifier()
        self._selecting_generator(loop, at_once, False)
        return at_once

    def _selecting_generator(self, loop: Loop, name: str, is_async: bool) -> None:
        """Write a generator of the items that pass the test."""
        test = loop.node.test
        assert test is not None
        looked = loop.watch.looked if loop.watch.countdown else "fsource.looked"
        watch = Watch("fsource", looked, loop.watch.countdown)
        self.writeline(f"{'async ' if is_async else ''}def {name}(fiter, fsource):", test)
        self.indent()
        self.writeline("if fsource is not None:")
        self.indent()
        self.begin_watch(watch)
        self.outdent()
        self.enter_frame(loop.test)
        self.writeline("async for " if is_async else "for ")
        self.visit(loop.node.target, loop.body)
        self.write(f" in {'auto_aiter(fiter)' if is_async else 'fiter'}:")
        self.indent()
        self.look_at_clock(watch)
        self.writeline("if ", test)
        self.visit(test, loop.test)
        self.write(":")
        self.indent()
        self.writeline("yield ")
        self.visit(loop.node.target, loop.body)
        self.outdent()
        self.writeline(f"elif {self.was_slow(watch)}:")
        self.indent()
        self.writeline("yield paused")
        self.outdent(2)
        self.exhausted("fsource")
        self.outdent()
