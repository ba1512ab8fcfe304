"""Inner loops of one run each, such as the cells of a row: one write where no boundary would cut.

What is joined is plain data, whose text no code of the user's has a part in: neither an error nor
anything else can tell when it was made. Whatever else there is takes the ordinary loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import nodes

from streamtmpl.compiler.expressions.lifting import replaced
from streamtmpl.compiler.loop_needs import used_once
from streamtmpl.compiler.records import Record
from streamtmpl.compiler.runs import Run
from streamtmpl.compiler.tags import is_flush

from .statement import LoopGenerator

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jinja2.compiler import Frame

AT_LEAST = 2
"""Items that are joined: of fewer, a list takes longer than to write each."""

AT_MOST = 64
"""Items that are joined: they are in memory at once."""

PAUSE = 16
"""Rows that are not joined after one that could not be, for its values or its length."""

_ITERABLES = (nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Call)


class Row(Record):
    """A loop to be joined, and the runs beside it that go into the same write.

    :ivar iterable: what it runs over.
    :ivar cells: the run that its body is.
    :ivar before: the run before it.
    :ivar after: constant text behind it.
    """

    iterable: Any  # an expression, as Jinja2 has not written down
    cells: nodes.Output
    before: nodes.Output | None
    after: nodes.Output | None


class JoiningGenerator(LoopGenerator):
    """Compiles loops of one run within other loops."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self._rows: dict[nodes.Node, Row] = {}

    def blockvisit(self, body: Iterable[nodes.Node], frame: Frame) -> None:
        """Visit the statements of a block; where one is a loop to be joined, with those beside."""
        body = list(body)
        if self._functions[-1].tallies and self._joins_in(frame):
            for index, node in enumerate(body):
                if isinstance(node, nodes.For) and (cells := self._cells(node, frame)) is not None:
                    before, after = self._beside(body, index, frame)
                    self._rows[node] = Row(node.iter, cells, before, after)
                    self.taken.update(each for each in (before, after) if each is not None)
        super().blockvisit(body, frame)

    def _joins_in(self, frame: Frame) -> bool:
        return not (
            self.compact
            or frame.buffer is not None
            or frame.require_output_check
            or frame.eval_ctx.volatile
            or self.environment.finalize is not None
        )

    def _cells(self, node: nodes.For, frame: Frame) -> nodes.Output | None:
        """The run that the body of *node* is, if that is a loop to be joined."""
        if node.recursive or node.test or node.else_ or len(node.body) != 1:
            return None
        if node in self.survey.shared:
            return None
        if not isinstance(node.iter, _ITERABLES):
            return None
        (cells,), targets = node.body, _targets(node)
        if not isinstance(cells, nodes.Output) or is_flush(cells) or not targets:
            return None
        values = [each for each in cells.nodes if self.known_text(each, frame) is None]
        items = all(isinstance(value, nodes.Name) and value.name in targets for value in values)
        return cells if values and items else None

    def _beside(
        self, body: list[nodes.Node], index: int, frame: Frame
    ) -> tuple[nodes.Output | None, nodes.Output | None]:
        """The runs before and behind a loop that go into the same write."""
        before = body[index - 1] if index else None
        after = body[index + 1] if index + 1 < len(body) else None
        before, after = (None if each in self.survey.shared else each for each in (before, after))
        if not isinstance(before, nodes.Output) or is_flush(before) or before in self.taken:
            before = None
        if (
            not isinstance(after, nodes.Output)
            or is_flush(after)
            or any(self.known_text(each, frame) is None for each in after.nodes)
        ):
            after = None
        return before, after

    def visit_For(self, node: nodes.For, frame: Frame) -> None:
        """Write a loop, as one write if that can be."""
        row = self._rows.get(node)
        if row is None:
            super().visit_For(node, frame)
            return
        self.value_count = 0
        before = Run(self._in_long) if row.before is None else self.evaluated(row.before, frame)
        after = Run(self._in_long) if row.after is None else self.evaluated(row.after, frame)
        if before and not self.keeps_silent(row.iterable, frame):
            self.write_run(before, frame)
            before = Run(self._in_long)
        with self.line_of(node):
            iterable = self.operand(row.iterable, frame)
        text = self._join_at_once(node, row, iterable, before, after, frame)
        self.writeline(f"if {text} is not None:")
        self.indent()
        self.writeline(f"{self.writer(frame)}({text})")
        if any(loop.body.loop_frame for loop in self._loops):
            self.writeline("_loop_vars = {}")
        self.outdent()
        self.writeline("else:")
        self.indent()
        if before:
            self.write_run(before, frame)
        super().visit_For(replaced(node, iter=self.in_local(row.iterable, iterable)), frame)
        if after:
            self.write_run(after, frame)
        self.outdent()

    def _join_at_once(
        self, node: nodes.For, row: Row, iterable: str, before: Run, after: Run, frame: Frame
    ) -> str:
        """Write what joins a row, if it is one to be joined.

        :return: the local of its text, which is ``None`` where a boundary might cut.
        """
        text, pause = self.temporary_identifier(), self.remembered_local()
        self.writeline(f"{text} = None")
        kind = "is dict_items" if isinstance(node.target, nodes.Tuple) else "in row_types"
        self.writeline(f"if {pause}: {pause} -= 1")
        self.writeline(
            f"elif type({iterable}) {kind} and {AT_LEAST} <= len({iterable}) <= {AT_MOST}:"
        )
        self.indent()
        self._join(text, self._collect(node, row.cells, iterable, frame), before, after)
        self.writeline(f"if {text} is None or held + len({text}) > limit:")
        self.indent()
        short = f"{text} is not None and 4 * len({text}) <= limit"
        self.writeline(f"{text}, {pause} = None, 0 if {short} else {PAUSE}")
        self.outdent(2)
        return text

    def _collect(
        self, node: nodes.For, cells: nodes.Output, iterable: str, frame: Frame
    ) -> tuple[str, Run, Run]:
        """Write the loop that collects the texts of the items, but for what is the same in all.

        :return: the local of their list, and the text before and behind each.
        """
        pieces = self.temporary_identifier()
        body = frame.inner()
        body.symbols.analyze_node(node, for_branch="body")
        self.writeline(f"{pieces} = []")
        self.writeline("try:")
        self.indent()
        self.writeline("for ")
        self.visit(node.target, body)
        self.write(f" in {iterable}:")
        self.indent()
        texts = [self.known_text(each, body) for each in cells.nodes]
        if texts.count(None) == 1:
            start, end = self._collect_one(pieces, cells, texts, body)
        else:
            spendable, self.plain_only = self.spendable, True
            self.spendable |= {body.symbols.ref(name) for name in used_once(node)}
            start, run, end = self.evaluated(cells, body).parted()
            self.spendable, self.plain_only = spendable, False
            self.writeline(f"{pieces}.append({run.source()})")
        self.outdent()
        return pieces, start, end

    def _collect_one(
        self, pieces: str, cells: nodes.Output, texts: list[str | None], body: Frame
    ) -> tuple[Run, Run]:
        """Write what appends the text of the one value of *cells*: text needs no f-string.

        :param texts: those of all the parts, as far as they are known.
        :return: the text before and behind it.
        """
        at, start, end = texts.index(None), Run(self._in_long), Run(self._in_long)
        start.add_text("".join(text or "" for text in texts[:at]))
        end.add_text("".join(text or "" for text in texts[at:]))
        local = self.sure_local(cells.nodes[at], body)
        assert local is not None
        self.newline(cells.nodes[at])
        self.append_text(pieces, local, body)
        return start, end

    def _join(self, text: str, collected: tuple[str, Run, Run], before: Run, after: Run) -> None:
        """Write what follows that loop: local *text* is all that there is to be written."""
        pieces, start, end = collected
        row = before + start
        row.add_name(text)
        row += end + after
        self.writeline("else:")
        self.indent()
        self.writeline(f"{text} = {(end + start).source()}.join({pieces})")
        self.writeline(f"{text} = {row.source()}")
        self.outdent(2)
        self.writeline("except ValueError: pass")  # an int that is too long: in its place


def _targets(node: nodes.For) -> list[str]:
    """The names of the variables that *node* sets, if they are one or a pair."""
    targets = [node.target]
    if isinstance(node.target, nodes.Tuple) and len(node.target.items) == 2:
        targets = [*node.target.items]
    names = [target.name for target in targets if isinstance(target, nodes.Name)]
    return names if len({*names, "loop"}) == len(targets) + 1 else []
