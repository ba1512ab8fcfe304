"""Where the compiler writes cuts, and for what.

:class:`NotingGenerator` is the compiler as it is: what it writes, and why, is noted at the places
that write it, so that what is said of a template cannot go another way than its code.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from jinja2 import nodes

from streamtmpl.compiler import StreamCodeGenerator
from streamtmpl.compiler.records import Record
from streamtmpl.compiler.tags import region_tag

from .statements import Kind, Statement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jinja2.compiler import Frame

    from .names import Names
    from .reading import Reading


class Cut(Record):
    """A place of the generated code at which a chunk may be cut.

    :ivar code_line: the line of that code.
    :ivar lines: the lines of the template that it is for.
    :ivar depth: how many functions are around it.
    """

    code_line: int
    lines: frozenset[int]
    depth: int


class Because(Record):
    """Why a chunk may be cut.

    :ivar line: the line of the template.
    :ivar where: the end of the sentence; ``None``: another statement says it.
    """

    line: int
    where: str | None


class Capture(Record):
    """A statement that captures text.

    :ivar words: what it is.
    :ivar line: where it begins.
    :ivar defers: whether what it captures is rendered beside the document.
    """

    words: str
    line: int
    defers: bool = False

    def __str__(self) -> str:
        return f"{self.words} of line {self.line}"


def not_deferred(capture: Capture | str) -> str:
    """What is said of a region whose text *capture* captures."""
    return f"not deferred: it is rendered right here, as {capture} captures it"


def _words_of(statement: nodes.Node) -> str:
    """What *statement* is called behind "behind"."""
    if isinstance(statement, nodes.Block):
        return f"block `{statement.name}`"
    if isinstance(statement, nodes.With) and (tag := region_tag(statement)):
        return f"`{{% {tag} %}}`"
    if isinstance(statement, nodes.Scope) and len(statement.body) == 1:
        return _words_of(statement.body[0])
    if isinstance(statement, nodes.ScopedEvalContextModifier):
        return "`{% autoescape %}`"
    if isinstance(statement, nodes.CallBlock):
        return "the call block"
    if isinstance(statement, nodes.FilterBlock):
        return "`{% filter %}`"
    if isinstance(statement, (nodes.For, nodes.If, nodes.With, nodes.Include)):
        return f"`{{% {type(statement).__name__.lower()} %}}`"
    return "the tag"


class NotingGenerator(StreamCodeGenerator):
    """Compiles a template, and notes where it is cut.

    :ivar reading: the template.
    :ivar names: its names.
    :ivar cuts: where the code suspends.
    """

    reading: Reading
    names: Names

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # By what is said, in the order in which it comes up: the block whose function says it.
        self._stated: dict[Statement, str | None] = {}
        self._block: str | None = None
        self.cuts: list[Cut] = []
        self._visited: list[nodes.Node] = []  # the statements around what is being written
        self._captures: dict[str, Capture] = {}
        self._pending: list[Because] = []
        self._reasons: list[Because | None] = []  # None: those that are pending
        self._behind: Because | None = None
        # By the node that becomes a function, and the one whose function is being written.
        self.capturing: dict[nodes.Node, Capture] = {}
        self._around: Capture | None = None
        self.blocks_of: dict[nodes.Node, str | None] = {}  # the block that a region stands in
        self._cutting: list[Because] = []
        self._added_lines = 0

    def note(self, kind: Kind, line: int, text: str, mend: str | None = None) -> None:
        """State something, once."""
        self._stated.setdefault(Statement(kind, line, text, mend), self._block)

    @property
    def said(self) -> list[tuple[Statement, str | None]]:
        """All that was noted, and the name of the block that it is about, if it is about one."""
        return list(self._stated.items())

    # -- what is being written

    def _block_function(self, name: str, *args: Any) -> None:
        self._block = name
        super()._block_function(name, *args)
        self._block = None

    def visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> Any:
        """Write *node*."""
        if not isinstance(node, nodes.Stmt):
            return super().visit(node, *args, **kwargs)
        self._visited.append(node)
        try:
            return super().visit(node, *args, **kwargs)
        finally:
            self._visited.pop()

    def captured_by(self, frame: Frame) -> Capture | None:
        """What captures that which *frame* writes, in this function."""
        if frame.buffer is None:
            return self._around
        if frame.buffer in self._whole_buffers:
            tags = (node for node in reversed(self._visited) if isinstance(node, nodes.With))
            return Capture("`{% boundary %}`", next(filter(region_tag, tags)).lineno)
        return self._captures[frame.buffer]

    def buffer(self, frame: Frame) -> None:
        """Capture what *frame* writes from here on, for the statement that is being written."""
        super().buffer(frame)
        statement = self._visited[-1]
        words = "`{% filter %}`" if isinstance(statement, nodes.FilterBlock) else "`{% set %}`"
        assert frame.buffer is not None
        self._captures[frame.buffer] = Capture(words, statement.lineno)

    # -- what is cut, and why

    @contextmanager
    def because(self, line: int, where: str | None = None) -> Iterator[None]:
        """Around what may write a cut by itself, which is for *line*."""
        self._reasons.append(Because(line, where))
        try:
            yield
        finally:
            self._reasons.pop()

    @contextmanager
    def behind(self, line: int, where: str | None) -> Iterator[None]:
        """Around what ends at a boundary of its own."""
        outer, self._behind = self._behind, Because(line, where)
        try:
            yield
        finally:
            self._behind = outer

    def boundary(self, frame: Frame) -> None:
        """A statement block has ended: remember which, until the check is written."""
        super().boundary(frame)
        if frame.buffer is None:
            self._pending.append(self._behind or self._behind_statement())

    def _behind_statement(self) -> Because:
        statement, ends = self._visited[-1], self.reading.ends
        end = ends.get(statement)
        around = self.reading.parents.get(statement)
        if end is None and isinstance(around, nodes.Scope):  # that is what the tag has become
            end = ends.get(around)
        if end is None:
            return Because(statement.lineno, None)  # a part of one that says it
        return Because(end, f"behind {_words_of(statement)}")

    def newline(self, node: nodes.Node | None = None, extra: int = 0) -> None:
        """Begin a line, after the boundaries that are due before it."""
        if self._pending_boundary is None:
            super().newline(node, extra)
            return
        self._reasons.append(None)
        super().newline(node, extra)
        self._reasons.pop()

    def cut_if(self, condition: str, reason: str | None = None) -> None:
        """Write a cut, and note what for."""
        own = self._reasons[-1]
        reasons = self._pending if own is None else [own, *self._pending]
        self._pending, self._cutting = [], reasons
        if self._around is None:  # what is captured never cuts
            for each in reasons:
                if each.where is not None:
                    self.note("cut", each.line, f"a chunk may be cut {each.where}")
        super().cut_if(condition, reason)

    def _cut(self) -> None:
        super()._cut()
        code_line = self.code_lineno - self._functions[-1].tallies
        lines = frozenset(each.line for each in self._cutting)
        self.cuts.append(Cut(code_line, lines, len(self._functions)))

    @contextmanager
    def function(
        self, header: str, node: nodes.Node | None = None, **options: Any
    ) -> Iterator[None]:
        """Write a function; the boundary at its end is that of whoever calls it."""
        known, outer = len(self.cuts), (self._around, self._block)
        if node is not None:
            self._around = self.capturing.get(node, self._around)
            self._block = self.blocks_of.get(node, self._block)
        with super().function(header, node, **options):
            yield
        self._around, self._block = outer
        self._pending = []
        outside = len(self._functions)
        self.cuts[known:] = [
            Cut(cut.code_line + self._added_lines, cut.lines, cut.depth)
            if cut.depth > outside  # not what was due before its header
            else cut
            for cut in self.cuts[known:]
        ]

    def _preamble(self, *args: Any) -> list[str]:
        lines = super()._preamble(*args)
        self._added_lines = len(lines)
        return lines
