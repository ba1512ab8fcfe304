"""Random template sets: a page with parents, parts and a library, and a context for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import strategies as st

from .contexts import context, setup
from .dice import Dice, Draw
from .laws import Case
from .statements import LIBRARY, Author, Scope
from .syntax import Body, Node, Section, Streamed, Style, Tag, Text, show

PARENTS = (
    "'base.html'", "'mid.html'", "parent_name", "parent", "'mid.html' if b0 else 'base.html'",
    "['base.html', 'mid.html'][n0 % 2]",
)  # fmt: skip


class Writer:
    """Writes one set. `wild`: how many expressions in a hundred may be of any kind."""

    def __init__(self, dice: Dice, *, marks: bool, wild: int) -> None:
        self.dice = dice
        self.marks = marks
        self.wild = wild

    def author(self, budget: int) -> Author:
        return Author(self.dice, marks=self.marks, budget=budget)

    def scope(self, *parts: str) -> Scope:
        scope = Scope(parts=parts)
        scope.names.wild = self.wild
        return scope

    def piece(self) -> Body:
        return self.author(8).body(replace(self.scope(), imports=False), 3)

    def part(self) -> Body:
        return self.author(14).body(self.scope("piece.txt"), 4)

    def library(self) -> Body:
        author, scope = self.author(18), self.scope("piece.txt")
        scope.imports = False
        nodes: list[Node] = [Text("never shown")]
        for macro in LIBRARY:
            inner = scope.function().inner(macro=True)
            inner.names.plain += macro.parameters
            body = author.body(inner, 3)
            if macro.caller:
                body.append(Section((("if caller", [Streamed("caller('x', 1)")]),), "endif"))
            head = f"macro {macro.name}({', '.join(macro.parameters)})"
            nodes.append(Section(((head, body),), "endmacro"))
            scope.macros.append(macro)
        held = author.body(scope.inner(buffered=True), 1)
        nodes.append(Section((("set held", held),), "endset", captured=True))
        return nodes

    def base(self) -> Body:
        author, scope = self.author(26), self.scope("part.html", "piece.txt")
        nodes = author.body(scope, 2)
        while author.free_blocks(scope) and self.dice.chance(70):
            nodes += [*author.block(scope), *author.body(scope, 1)]
        return nodes

    def child(self, parent: str) -> Body:
        """A template that extends another: maybe only if ..., maybe after some text."""
        author, scope = self.author(26), self.scope("part.html", "piece.txt")
        author.child = True
        extends: Node = Tag(f"extends {parent}")
        if self.dice.chance(15):
            branches: list[tuple[str, Body]] = [("if b0", [extends])]
            if self.dice.chance(30):
                branches.append(("else", [Tag("extends 'base.html'")]))
            extends = Section(tuple(branches), "endif")
        before = author.body(scope, 2) if self.dice.chance(20) else []
        after: list[Node] = []
        while author.free_blocks(scope) and self.dice.chance(70):
            after += [*author.block(scope), *author.body(scope, 1)]
        return [*before, extends, *after, *author.body(scope, 2)]

    def page(self) -> Body:
        if self.dice.chance(50):
            return self.child(self.dice.pick(PARENTS))
        scope = replace(self.scope("part.html", "piece.txt"), top=True)
        return self.author(40).body(scope, 9, 3)

    def write(self, style: Style) -> dict[str, str]:
        write: dict[str, Callable[[], Body]] = {
            "page.html": self.page,
            "mid.html": lambda: self.child("'base.html'"),
            "base.html": self.base,
            "part.html": self.part,
            "piece.txt": self.piece,
            "lib.html": self.library,
        }
        return {name: show(body(), style) for name, body in write.items()}


@st.composite
def cases(
    draw: Draw,
    *,
    is_async: bool,
    marks: bool = False,
    failing: bool = False,
    wild: int = 0,
) -> Case:
    """A whole case. `marks`: runs are marked. `failing`: some values raise when touched.

    `wild`: how many expressions in a hundred are of another kind than they should be.
    """
    dice = Dice(draw, seeded=True)
    how = setup(dice, is_async=is_async)
    style = Style(how.delimiters, marks)
    templates = Writer(dice, marks=marks, wild=wild).write(style)
    return Case(templates, context(dice, failing=failing), how)
