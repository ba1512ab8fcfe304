"""Random templates of the interpreter's language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from .dice import Dice, Draw
from .interpreter import (
    MACROS,
    Block,
    Body,
    Boom,
    Break,
    CallBlock,
    Caller,
    Continue,
    For,
    If,
    Include,
    Leave,
    LoopAgain,
    MacroCall,
    Node,
    PlainCall,
    RecursiveFor,
    SelfCall,
    Show,
    Statement,
    Super,
    Template,
    With,
    Words,
    library,
)

BLOCKS = ("head", "body", "foot")
WORDS = ("a", "b\n", " c ", "word " * 9, "x" * 300, "y" * 1100)


@dataclass(frozen=True)
class Place:
    """What may stand here. `rank`: only blocks of a higher one, so that none calls itself."""

    texts: tuple[str, ...] = ("a0", "a1", "nowhere")
    parts: tuple[str, ...] = ()
    macros: tuple[str, ...] = MACROS
    rank: int = -1
    loop: bool = False
    again: str = ""
    blocks: bool = False
    supers: bool = False
    macro: bool = False
    callables: bool = True


@dataclass
class Author:
    """Writes one template's body."""

    dice: Dice
    budget: int
    fuse: bool
    free: set[str] = field(default_factory=lambda: set(BLOCKS))
    known: set[str] = field(default_factory=set)
    count: int = 0

    def new(self) -> str:
        self.count += 1
        return f"x{self.count}"

    def words(self, place: Place) -> Node:
        return Words(self.dice.pick(WORDS))

    def show(self, place: Place) -> Node:
        if self.fuse and self.dice.chance(8):
            return Boom()
        if place.callables and self.dice.chance(15):
            return PlainCall()
        return Show(self.dice.pick(place.texts))

    def body(self, place: Place, most: int = 3, least: int = 0) -> Body:
        return [self.node(place) for _ in range(self.dice.number(least, most))]

    def node(self, place: Place) -> Node:
        self.budget -= 1
        if self.budget < 0 or self.dice.chance(45):
            return self.dice.pick((self.words, self.words, self.show))(place)
        return self.dice.pick(self.statements(place))(place)

    def statements(self, place: Place) -> list[Callable[[Place], Statement]]:
        some: list[tuple[object, Callable[[Place], Statement]]] = [
            (True, self.if_), (True, self.for_), (True, self.for_), (True, self.with_),
            (not place.macro, self.recursive), (place.again, self.loop_again),
            (place.loop, self.leave), (place.parts, self.include),
            (place.macros, self.macro_call), (place.macros, self.call_block),
            (place.macro, self.caller), (place.supers, self.super_), (place.supers, self.super_),
            (self.open_blocks(place), self.block), (self.known_blocks(place), self.self_call),
        ]  # fmt: skip
        return [write for wanted, write in some if wanted]

    def if_(self, place: Place) -> Statement:
        name = self.dice.pick(("yes", "no", *place.texts[-1:]))
        return If(name, self.body(place), self.body(place, 2))

    def for_(self, place: Place) -> Statement:
        name = self.new()
        inner = replace(place, texts=(*place.texts, name, name), loop=True, again="")
        return For(name, self.dice.pick(("l0", "l1", "p")), self.body(inner), self.body(place, 1))

    def recursive(self, place: Place) -> Statement:
        name = self.new()
        inner = replace(place, texts=(*place.texts, f"{name}.name"), again=name, loop=False)
        return RecursiveFor(name, "tree", [*self.body(inner), LoopAgain(name), *self.body(inner)])

    def loop_again(self, place: Place) -> Statement:
        # A second walk through the children makes the output grow fast: so at most one more.
        return With("w", "w", self.body(replace(place, again="", texts=(*place.texts, "w")), 2))

    def leave(self, place: Place) -> Statement:
        ways: tuple[type[Continue | Break], ...] = (Continue, Break)
        leave: Node = Leave(self.dice.pick(ways))
        name = self.dice.pick(("yes", "no", *place.texts[-1:]))
        return If(name, [*self.body(replace(place, loop=False), 1), leave], [])

    def with_(self, place: Place) -> Statement:
        name = self.new()
        inner = replace(place, texts=(*place.texts, name))
        return With(name, self.dice.pick(("w", "w" * 50)), self.body(inner))

    def include(self, place: Place) -> Statement:
        return Include(self.dice.pick(place.parts))

    def macro_call(self, place: Place) -> Statement:
        given = self.dice.pick((*place.texts, "yes"))
        module = "" if not place.callables else self.dice.pick(("", "", "lib."))
        return MacroCall(self.dice.pick(place.macros), given, module)

    def call_block(self, place: Place) -> Statement:
        given = self.dice.pick((*place.texts, "yes"))
        inner = replace(place, loop=False, again="", macro=False, supers=False)
        return CallBlock(self.dice.pick(place.macros), given, self.body(inner))

    def caller(self, place: Place) -> Statement:
        return Caller()

    def super_(self, place: Place) -> Statement:
        return Super()

    def open_blocks(self, place: Place) -> list[str]:
        if not place.blocks:
            return []
        return [name for name in BLOCKS[place.rank + 1 :] if name in self.free]

    def block(self, place: Place) -> Statement:
        name = self.dice.pick(self.open_blocks(place))
        self.free.discard(name)
        inner = Place(
            parts=place.parts, rank=BLOCKS.index(name), blocks=True, supers=name in self.known
        )
        body = [*self.body(inner), *[Super()] * (inner.supers and self.dice.chance(60))]
        self.known.add(name)
        return Block(name, [*body, *self.body(inner, 1)])

    def known_blocks(self, place: Place) -> list[str]:
        if place.macro:
            return []
        return [name for name in BLOCKS[place.rank + 1 :] if name in self.known]

    def self_call(self, place: Place) -> Statement:
        return SelfCall(self.dice.pick(self.known_blocks(place)))


@dataclass(frozen=True)
class Program:
    """Templates and macros of the interpreter's language, and their context."""

    templates: dict[str, Template]
    macros: dict[str, Body]
    context: dict[str, Any]

    def sources(self) -> dict[str, str]:
        shown = {name: template.source() for name, template in self.templates.items()}
        return {**shown, "lib.html": library(self.macros)}


def tree(dice: Dice, depth: int) -> list[dict[str, Any]]:
    most = 2 if depth else 0
    return [
        {"name": f"n{i}", "children": tree(dice, depth - 1)} for i in range(dice.number(0, most))
    ]


def given(dice: Dice) -> dict[str, Any]:
    texts = ("", "t", "text ", "z" * 200, "long " * 300)
    return {
        "a0": dice.pick(texts),
        "a1": dice.pick(texts),
        "l0": [dice.pick(texts) for _ in range(dice.number(0, 5))],
        "l1": ["i", "", "item"][: dice.number(0, 3)],
        "tree": tree(dice, 3),
        "yes": "yes",
        "no": "",
    }


@st.composite
def programs(draw: Draw, *, fuse: bool = False) -> Program:
    """A program. With `fuse` a run here and there raises."""
    dice = Dice(draw)
    macros: dict[str, Body] = {}
    for name in MACROS:
        place = Place(texts=("p", "nowhere"), macros=tuple(macros), macro=True, callables=False)
        # Jinja2 refuses `call` on a macro that never asks for its caller.
        macros[name] = [*Author(dice, 4, False).body(place, 3), Caller()]
    part = Author(dice, 6, fuse).body(Place(), 3)
    parts = ("part.html",)
    templates = {"part.html": Template(part)}
    author = Author(dice, 14, fuse)
    place = Place(parts=parts, blocks=True)
    body = [*author.body(place, 4, 1)]
    while author.open_blocks(place) and dice.chance(50):
        body += [author.block(place), *author.body(place, 2)]
    templates["page.html"] = Template(body)
    if dice.chance(60):
        templates["base.html"] = templates["page.html"]
        heir = Author(dice, 12, fuse, known=set(author.known))
        overrides = [
            heir.block(Place(parts=parts, blocks=True, rank=BLOCKS.index(name) - 1))
            for name in BLOCKS
            if name in author.known & heir.free and heir.dice.chance(70)
        ]
        templates["page.html"] = Template([Words("unseen"), *overrides], "base.html")
    return Program(templates, macros, given(dice))
