"""Random contexts and environments. The names are fixed, so that expressions can use them."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st
from markupsafe import Markup

from .dice import Dice
from .engines import FINALIZE, UNDEFINED, Setup
from .syntax import Delimiters
from .values import (
    Function,
    HtmlThing,
    Lazy,
    Many,
    Plain,
    Recipe,
    Record,
    TemplateObject,
    Thing,
    Ticker,
    Unprintable,
)

ALPHABET = "ab 1<>&\"'{}%#$\\\n\t\u00e9\u00df\u2028\u200f\x00\U0001f600\U00020000"
TEXT = st.text(st.sampled_from(ALPHABET), max_size=6)
NUMBER: st.SearchStrategy[int | float | bool] = st.one_of(
    st.integers(-3, 12),
    st.sampled_from([0.5, -0.0, 1e30, float("inf"), float("nan"), 10**30]),
    st.booleans(),
)
SCALAR = st.one_of(TEXT, TEXT.map(Markup), NUMBER, st.none())
OTHERS = (
    Delimiters("<%", "%>", "<<", ">>", "<#", "#>"),
    Delimiters("<?", "?>", "${", "}", "<!--", "-->"),
    Delimiters("[%", "%]", "[=", "=]", "[#", "#]"),
    Delimiters("(:", ":)", "((:", ":))", "(*", "*)"),
)
ERRORS = (
    ValueError("fail <&> \U0001f600"),
    KeyError("k"),
    ZeroDivisionError("division"),
    TypeError("a type error"),
    AttributeError("an attribute error"),
    RuntimeError("a runtime error"),
    LookupError(),
    OSError(2, "no such thing"),
    TimeoutError("late"),
    AssertionError("asserted"),
)


def scalars(dice: Dice, most: int = 4) -> tuple[Recipe, ...]:
    return tuple(Plain(dice.draw(SCALAR)) for _ in range(dice.number(0, most)))


def texts(dice: Dice, most: int = 4) -> list[str]:
    return [dice.draw(TEXT) for _ in range(dice.number(0, most))]


def thing(dice: Dice, depth: int = 0) -> Recipe:
    kind = dice.pick((Thing, Thing, HtmlThing))
    children: tuple[Recipe, ...] = ()
    if depth:
        children = tuple(thing(dice, depth - 1) for _ in range(dice.number(0, 2)))
    fields = (
        ("name", Plain(dice.draw(TEXT))),
        ("kind", Plain(dice.pick(("x", "y")))),
        ("value", Plain(dice.draw(NUMBER))),
        ("children", Many(children)),
    )
    return Record(fields, kind)


def things(dice: Dice, most: int, depth: int = 0) -> Recipe:
    return Many(tuple(thing(dice, depth) for _ in range(dice.number(0, most))))


def data(dice: Dice) -> dict[str, Recipe]:
    """Values that run no code."""
    return {
        "s0": Plain(dice.draw(TEXT)),
        "s1": Plain("<i>&amp;\U0001f600</i>"),
        "mk": Plain(Markup("<b>") + dice.draw(TEXT)),
        "n0": Plain(dice.number(0, 4)),
        "n1": Plain(dice.draw(NUMBER)),
        "b0": Plain(dice.chance(50)),
        "b1": Plain(dice.chance(50)),
        "nil": Plain(None),
        "l0": Plain(texts(dice)),
        "l1": Plain([dice.number(-2, 9) for _ in range(dice.number(0, 4))]),
        "d0": Plain(dict(zip("kab", texts(dice, 3), strict=False))),
        "pairs": Plain([[key, dice.draw(NUMBER)] for key in texts(dice, 3)]),
        "rows": things(dice, 3),
        "tree": things(dice, 2, 2),
        "o0": thing(dice),
        "xs": Many(scalars(dice)),
        "acc": Plain([]),
    }


def code(dice: Dice) -> dict[str, Recipe]:
    """Values that run code: callables, generators, templates."""
    return {
        "f0": Function("f0", Plain(dice.draw(TEXT))),
        "f1": Function("f1", Plain(Markup("<u>f</u>"))),
        "f2": Function("f2", Many(scalars(dice))),
        "c0": Function("c0", Plain(dice.draw(TEXT)), awaits=True),
        "c1": Function("c1", Plain(Markup("<c>")), awaits=True),
        "tick": Ticker(),
        "g0": Lazy("g0", scalars(dice)),
        "g1": Lazy("g1", scalars(dice)),
        "ag": Lazy("ag", scalars(dice), awaits=True),
        "parent_name": Plain(dice.pick(("base.html", "mid.html"))),
        "parent": TemplateObject(dice.pick(("base.html", "mid.html"))),
        "part_name": Plain(dice.pick(("part.html", "piece.txt", "missing.html"))),
        "part": TemplateObject(dice.pick(("part.html", "piece.txt"))),
        "lib_name": Plain("lib.html"),
    }


def broken(dice: Dice) -> dict[str, Recipe]:
    """Values that raise: `fx` when called, `gx` and `agx` when pulled, `ux` when printed."""
    return {
        "fx": Function("fx", Plain("fx"), error=dice.pick(ERRORS), calls=dice.number(1, 3)),
        "cx": Function(
            "cx", Plain("cx"), awaits=True, error=dice.pick(ERRORS), calls=dice.number(1, 3)
        ),
        "gx": Lazy("gx", scalars(dice, 2), error=dice.pick(ERRORS)),
        "agx": Lazy("agx", scalars(dice, 2), awaits=True, error=dice.pick(ERRORS)),
        "ux": Record((("name", Plain("ux")),), Unprintable),
    }


def harmless() -> dict[str, Recipe]:
    """The names of `broken`, with values that raise nothing."""
    return {
        "fx": Function("fx", Plain("fx")),
        "cx": Function("cx", Plain("cx"), awaits=True),
        "gx": Lazy("gx", (Plain("gx"),)),
        "agx": Lazy("agx", (Plain("agx"),), awaits=True),
        "ux": Record((("name", Plain("ux")),)),
    }


def calm(recipe: Recipe) -> Recipe:
    """A recipe of an equal value that raises nothing and that nobody has to wait for."""
    if isinstance(recipe, Function):
        return replace(recipe, awaits=False, error=None)
    if isinstance(recipe, Lazy):
        return Many(recipe.items)
    if isinstance(recipe, Record) and recipe.kind is Unprintable:
        return replace(recipe, kind=Thing)
    return recipe


def mended(recipe: Recipe) -> Recipe:
    """A recipe of an equal value that does not raise."""
    if isinstance(recipe, (Function, Lazy)):
        return replace(recipe, error=None)
    return calm(recipe)


def context(dice: Dice, *, failing: bool = False) -> dict[str, Recipe]:
    recipes = data(dice) | code(dice) | (broken(dice) if failing else harmless())
    for name in ("s0", "l0", "d0", "o0", "mk"):
        if dice.chance(5 if failing else 1):
            del recipes[name]
    return recipes


def setup(dice: Dice, *, is_async: bool) -> Setup:
    result = Setup(
        autoescape=dice.pick(("off", "on", "on", "by name")),
        undefined=dice.pick(("default",) * 9 + tuple(UNDEFINED)),
        finalize=dice.pick(("none", "none", "none", *FINALIZE)),
        newstyle_gettext=dice.chance(50),
        translated=dice.chance(50),
        is_async=is_async,
    )
    if dice.chance(25):
        result = replace(result, delimiters=dice.pick(OTHERS))
    if dice.chance(30):
        result = replace(
            result,
            trim_blocks=dice.chance(50),
            lstrip_blocks=dice.chance(50),
            keep_trailing_newline=dice.chance(50),
            newline_sequence=dice.pick(("\n", "\r\n")),
            optimized=dice.chance(70),
            sandboxed=dice.chance(30),
        )
    return result
