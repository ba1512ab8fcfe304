"""What loops and filters pull from, what they wait for, and what looks ahead."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, cast

from jinja2 import nodes
from jinja2.filters import FILTERS

from streamtmpl.compiler.analysis import ITERATING_FILTERS
from streamtmpl.compiler.loop_needs import uses_as_value
from streamtmpl.vocabulary import LOOKS_AHEAD, PIPING

from .cuts import NotingGenerator
from .names import is_literal, shown

if TYPE_CHECKING:
    from jinja2.compiler import Frame

    from streamtmpl.compiler.loops.selecting import Loop

_DRAINING = {
    "groupby": "have {0} come in the order of the groups, and begin one where"
    " `loop.changed()` says so",
    "join": "write a loop, with what stands between before each item that is not `loop.first`",
    "list": "have what gives {0} tell it",
    "max": "have what gives {0} tell it",
    "min": "have what gives {0} tell it",
    "reverse": "have {0} come in that order",
    "slice": "use `|batch`, which needs one batch at a time",
    "sort": "have {0} come in that order",
    "sum": "have what gives {0} tell it",
}
"""Filters of Jinja2's that read all before they give anything, and what to do instead."""

_PASSING = PIPING | {"batch", "slice", "unique"}
"""Filters of Jinja2's that are as lazy as what they run over."""

_AHEAD = {
    ".last": (
        "`loop.{0}` pulls the next item first, if {1} is lazy",
        ": each item leaves one pull later",
        "write what stands between items before each one that is not `loop.first`",
    ),
    ".length": (
        "`loop.{0}` reads all of {1}, if it is lazy, at the first item",
        "",
        "count before, and give the template the number",
    ),
}


def _looks_ahead(node: nodes.Node) -> Iterator[tuple[int, str]]:
    """The lines at which *node* asks its ``loop`` for what follows, and for what it asks."""
    if isinstance(node, (nodes.Getattr, nodes.Getitem)):
        asked = node.attr if isinstance(node, nodes.Getattr) else getattr(node.arg, "value", None)
        if isinstance(node.node, nodes.Name) and node.node.name == "loop" and asked in LOOKS_AHEAD:
            yield node.lineno, asked
    left_out = ("body",) if isinstance(node, nodes.For) else ()  # it has a loop of its own
    for child in node.iter_child_nodes(exclude=left_out):
        yield from _looks_ahead(child)


_HANDING_ON = (nodes.Assign, nodes.Call, nodes.Keyword, nodes.List, nodes.Pair, nodes.With)

_ABOVE = "what stands above the loop"
_EACH = "; after a slow pull, so does each item when it is finished"
_REGION_WAITS = "the region may wait for {0}, not the page"
_PAGE_WAITS = "the page may wait for {0}, as the region is not deferred"


def written_into(text: str, capture: str) -> str:
    """What becomes of *text*, said of a wait, where *capture* is around it."""
    before, after = _REGION_WAITS.split("{0}")
    if text.startswith(before):
        return _PAGE_WAITS.format(text.removeprefix(before).removesuffix(after))
    return text.replace(_EACH, "").replace(_ABOVE, f"what stands above {capture}")


class LoopNotes(NotingGenerator):
    """Notes what is pulled, and when.

    :ivar lazy: patterns of what is known to be lazy.
    """

    lazy: tuple[str, ...] = ()

    def is_lazy(self, iterable: nodes.Expr) -> bool:
        """Whether *iterable* is known to be lazy."""
        source = shown(self._origin(iterable))
        return any(fnmatchcase(source, pattern) for pattern in self.lazy)

    def _origin(self, node: nodes.Expr) -> nodes.Expr:
        """What is pulled from where *node* is: what the filters in it run over in the end."""
        while (
            isinstance(node, nodes.Filter)
            and node.node is not None
            and node.name in ITERATING_FILTERS
            and self.has_builtin(node.name)
        ):
            node = node.node
        return node

    def _is_in_memory(self, node: nodes.Expr) -> bool:
        """Whether *node* is in memory once it is known."""
        while isinstance(node, nodes.Filter) and node.node is not None:
            if not self.has_builtin(node.name):
                return False
            if node.name not in _PASSING or (node.name == "unique" and self.environment.is_async):
                return node.name in ITERATING_FILTERS
            node = node.node
        return is_literal(node)

    # -- loops

    def _write_loop(self, node: nodes.For, frame: Frame, outer: Frame) -> None:
        original = self._visited[-1]
        assert isinstance(original, nodes.For)
        iterable = cast("nodes.Expr", original.iter)
        if not self._is_in_memory(iterable):
            self._say_source(original.lineno, iterable, frame)
            self._say_ahead(original, iterable, frame)
        super()._write_loop(node, frame, outer)

    def _say_source(self, line: int, iterable: nodes.Expr, frame: Frame) -> None:
        source, capture = f"`{shown(self._origin(iterable))}`", self.captured_by(frame)
        if self._around is not None and self._around.defers:
            self.note("wait", line, _REGION_WAITS.format(source))
            return
        above = f"what stands above {capture}" if capture else _ABOVE
        text = (
            f"if {source} is lazy, {above} leaves before its first pull, unless a chunk has left"
            " before"
        )
        if capture is None:
            text += _EACH
        if self.environment.is_async:
            text += f"; if it is async, {above} leaves before each wait for it"
        self.note("wait", line, text)

    def _say_ahead(self, node: nodes.For, iterable: nodes.Expr, frame: Frame) -> None:
        source = f"`{shown(self._origin(iterable))}`"
        is_whole = self.captured_by(frame) is not None  # it leaves no later for it
        for body in node.body:
            for line, asked in _looks_ahead(body):
                text, so, mend = _AHEAD[LOOKS_AHEAD[asked]]
                self.note(
                    *("ahead", line, text.format(asked, source) + so * (not is_whole)),
                    mend if self.is_lazy(iterable) and not is_whole else None,
                )
        if any(uses_as_value(body, "loop") for body in node.body):
            text = f"`loop` is handed on: who has it may look ahead in {source}"
            self.note("ahead", node.lineno, text)

    def _after_opening(self, loop: Loop) -> None:
        with self.because(loop.node.lineno):
            super()._after_opening(loop)

    def pass_over(self, loop: Loop, *args: Any) -> None:
        """Write the hand-over of what is finished where an item does not pass."""
        with self.because(loop.node.lineno):
            super().pass_over(loop, *args)

    def end_iteration(self, watch: Any, frame: Frame, **options: Any) -> None:
        """Write the boundary at the end of an iteration."""
        statement = self._visited[-1]
        where: str | None = "where the iteration is left"
        line = self.reading.end_of(statement)
        if isinstance(statement, nodes.For):
            where = "after each iteration"
        if frame.buffer is not None:  # what stands above leaves, after a slow pull
            line, where = self._loops[-1].node.lineno, None
        with self.because(line, where):
            super().end_iteration(watch, frame, **options)

    # -- filters

    def _say_unknown(self, node: nodes.Filter) -> None:
        """Say of a filter that only the application knows that it gets a source which is lazy."""
        if node.name not in FILTERS and node.node is not None:
            origin = self._origin(node.node)
            if self.is_lazy(origin):
                text = f"`|{node.name}`, which is not Jinja2's, may read all of `{shown(origin)}`"
                self.note("ahead", node.lineno, text)

    def _lift_filter(self, node: nodes.Filter, frame: Frame) -> nodes.Filter:
        self._say_unknown(node)
        if node.name in ITERATING_FILTERS and node.node is not None:
            self._say_filter(node, frame, first=self.captured_by(frame) is None)
        with self.because(node.lineno):
            return super()._lift_filter(node, frame)

    def visit_Filter(self, node: nodes.Filter, frame: Frame) -> None:
        """Write a filter where it stands: nothing is handed over before."""
        self._say_unknown(node)
        if (
            node.name in ITERATING_FILTERS
            and node.node is not None
            and node.node not in self._noted
        ):
            self._say_filter(node, frame, first=False)
        super().visit_Filter(node, frame)

    def _instead_of(self, node: nodes.Filter) -> str:
        """What to write instead of a filter that reads all of a source."""
        around = self.reading.parents.get(node)
        if node.name == "list" and isinstance(around, _HANDING_ON):
            return "loop over {0} itself, if once is enough"
        pulls = isinstance(around, nodes.For) or (
            isinstance(around, nodes.Filter) and around.name in ITERATING_FILTERS
        )
        if node.name == "list" and pulls:
            return "leave `|list` out"
        return _DRAINING.get(node.name, "leave `|unique` out")

    def _say_filter(self, node: nodes.Filter, frame: Frame, *, first: bool) -> None:
        assert node.node is not None
        origin = self._origin(node.node)
        if is_literal(origin):
            return
        source, mend = f"`{shown(origin)}`", None
        if not self.has_builtin(node.name):
            text = f"`|{node.name}`, which is not Jinja2's, may read all of {source}"
        elif node.name in _DRAINING or (node.name == "unique" and self.environment.is_async):
            text = f"`|{node.name}` reads all of {source}, if it is lazy, before it gives anything"
            if self.is_lazy(origin) and self.captured_by(frame) is None:
                mend = self._instead_of(node).format(source)
        elif node.name == "batch":
            text = f"`|batch` reads a batch of {source} and one item more at a time"
        elif node.name == "first":
            text = f"`|first` pulls the first item of {source}"
        else:
            return
        if first:
            text += "; what is finished above leaves first, unless a chunk has left before"
        self.note("ahead", node.lineno, text, mend)
