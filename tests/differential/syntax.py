"""The templates that the grammar makes, as a tree, and how a tree becomes template source.

A *run* is consecutive text and expressions without a statement tag or a streamed call between
them. With ``marks`` every run of the source is wrapped in two private-use characters, so that the
output itself tells where runs begin and end. Nothing here knows how templates are compiled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

OPEN = "\ue000"
CLOSE = "\ue001"


@dataclass(frozen=True)
class Delimiters:
    block_start_string: str = "{%"
    block_end_string: str = "%}"
    variable_start_string: str = "{{"
    variable_end_string: str = "}}"
    comment_start_string: str = "{#"
    comment_end_string: str = "#}"


DELIMITERS = Delimiters()


@dataclass(frozen=True)
class Style:
    delimiters: Delimiters = DELIMITERS
    marks: bool = False

    def tag(self, source: str, left: str = "", right: str = "") -> str:
        d = self.delimiters
        return f"{d.block_start_string}{left} {source} {right}{d.block_end_string}"

    def value(self, source: str, left: str = "", right: str = "") -> str:
        d = self.delimiters
        return f"{d.variable_start_string}{left} {source} {right}{d.variable_end_string}"

    def comment(self, text: str) -> str:
        return f"{self.delimiters.comment_start_string} {text} {self.delimiters.comment_end_string}"


@dataclass(frozen=True)
class Text:
    """Template text: part of a run."""

    text: str

    def source(self, style: Style) -> str:
        return self.text


@dataclass(frozen=True)
class Value:
    """``{{ expression }}`` that is no streamed call: part of a run."""

    expression: str
    left: str = ""
    right: str = ""

    def source(self, style: Style) -> str:
        return style.value(self.expression, self.left, self.right)


@dataclass(frozen=True)
class Note:
    """A comment: it leaves the run around it whole."""

    text: str

    def source(self, style: Style) -> str:
        return style.comment(self.text)


@dataclass(frozen=True)
class Raw:
    """A raw block: the lexer makes text of it, so it leaves the run whole."""

    text: str

    def source(self, style: Style) -> str:
        return style.tag("raw") + self.text + style.tag("endraw")


@dataclass(frozen=True)
class Streamed:
    """``{{ call(...) }}`` of a macro, a block, a caller or a loop: it ends the run before it."""

    expression: str

    def source(self, style: Style) -> str:
        return style.value(self.expression)


@dataclass(frozen=True)
class Tag:
    """A statement without a body."""

    statement: str
    left: str = ""
    right: str = ""

    def source(self, style: Style) -> str:
        return style.tag(self.statement, self.left, self.right)


@dataclass(frozen=True)
class Section:
    """A statement with one body per branch. What a captured one writes is one piece of a run."""

    branches: tuple[tuple[str, Body], ...]
    end: str
    captured: bool = False
    left: str = ""
    right: str = ""

    def source(self, style: Style) -> str:
        pieces = []
        for statement, body in self.branches:
            text = show(body, style)
            if self.captured and style.marks:
                text = OPEN + text + CLOSE
            pieces += [style.tag(statement, self.left, self.right), text]
        return "".join(pieces) + style.tag(self.end, self.left, self.right)


Node = Text | Value | Note | Raw | Streamed | Tag | Section
Body = Sequence[Node]


def in_run(node: Node) -> bool:
    return isinstance(node, (Text, Value, Note, Raw))


def show(body: Body, style: Style) -> str:
    """The template source of a body."""
    pieces = []
    for of_run, nodes in groupby(body, in_run):
        text = "".join(node.source(style) for node in nodes)
        pieces.append(OPEN + text + CLOSE if of_run and style.marks else text)
    return "".join(pieces)
