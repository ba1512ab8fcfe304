"""A template as its author wrote it: the tree, where statements end, and which lines to leave."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from jinja2 import nodes
from jinja2.parser import Parser

if TYPE_CHECKING:
    from jinja2 import Environment

_IGNORE = re.compile(r"[-+\s]*explain:\s*ignore\b")


class EndingParser(Parser):
    """Jinja2's parser, which notes the lines of end tags.

    :ivar ends: the line on which a statement ends, by its node.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.ends: dict[nodes.Node, int] = {}

    def parse_statement(self) -> nodes.Node | list[nodes.Node]:
        """Parse one statement, up to its end tag."""
        found = super().parse_statement()
        for node in found if isinstance(found, list) else [found]:
            self.ends[node] = self.stream.current.lineno
        return found


class Reading:
    """A template that has been read.

    :ivar tree: its syntax tree, as the compiler wants it.
    :ivar ends: the line on which a statement ends, by its node.
    :ivar parents: the node that another one is a part of.
    :ivar ignored: the lines that a comment speaks for.
    """

    def __init__(
        self, environment: Environment, source: str, name: str | None, file: str | None
    ) -> None:
        """Read *source*.

        :raises jinja2.TemplateSyntaxError: it is wrong.
        """
        self.environment, self.source, self.name, self.file = environment, source, name, file
        parser = EndingParser(environment, source, name, file)
        self.tree = parser.parse()
        self.ends = parser.ends
        self.parents: dict[nodes.Node, nodes.Node] = {}
        _note_parents(self.tree, self.parents)
        self.ignored = _ignored_lines(environment, source, name, file)

    def end_of(self, node: nodes.Node) -> int:
        """The line on which the statement *node* ends."""
        return self.ends.get(node, node.lineno)


def lines_of(source: str) -> list[str]:
    """The lines of *source*, as Jinja2 counts them."""
    lines = re.split(r"\r\n|\r|\n", source)
    return lines[:-1] if not lines[-1] else lines


def _note_parents(node: nodes.Node, parents: dict[nodes.Node, nodes.Node]) -> None:
    for child in node.iter_child_nodes():
        parents[child] = node
        _note_parents(child, parents)


def _ignored_lines(
    environment: Environment, source: str, name: str | None, file: str | None
) -> frozenset[int]:
    """The lines with ``{# explain: ignore #}``, and those below one that stands alone."""
    found: set[int] = set()
    if "explain" not in source:
        return frozenset()
    source = environment.preprocess(source, name, file)
    lines = lines_of(source)
    for number, kind, value in environment.lex(source, name, file):
        if kind not in ("comment", "linecomment") or not _IGNORE.match(value):
            continue
        last = number + value.count("\n")
        found.add(number)
        begin, end = environment.comment_start_string, environment.comment_end_string
        if kind == "linecomment":
            begin, end = environment.line_comment_prefix or "", value.strip()
        if lines[number - 1].strip().startswith(begin) and lines[last - 1].strip().endswith(end):
            found.add(last + 1)  # nothing else is on its lines
    return frozenset(found)
