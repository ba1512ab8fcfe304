"""Random expressions over the names of `contexts`, from rewrite rules.

In a rule ``<kind>`` stands for an expression of that kind; atoms are taken as they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from .dice import Dice

ATOMS: dict[str, Sequence[str]] = {
    "text": (
        "s0", "s1", "mk", "'<q>'", "\"it's\"", "'\U0001f600'", "o0.name", "d0.k", "d0['a']",
        "f0()", "f1()", "c0()", "c1()", "tick()", "fx()", "cx()", "nil", "'%s {0} \\\\ \\n'",
    ),
    "number": ("n0", "1", "n1", "2.5", "tick()", "o0.value", "l0|length", "true"),
    "list": ("l0", "l1", "xs", "[s0, 'z', 3]", "f2()", "d0.values()|list", "[]", "['t', mk]"),
    "lazy": ("g0", "g1", "ag", "gx", "agx", "d0", "range(n0)", "s0"),
    "test": (
        "b0", "b1", "true", "s0", "u0 is undefined", "nil", "u0 is defined", "l0", "n0 > 1",
        "not b0",
    ),
    "any": (
        "u0", "o0", "rows", "pairs", "d0", "g0", "range(3)", "f0", "ux", "acc", "tree", "none",
        "true", "d0.items", "l0[9]", "o0.none", "self", "nil", "u0|default(1)",
    ),
    "risky": (
        "u0.x", "o0.bad", "n0 / 0", "'a' + 1", "fx()", "nil.x", "u0()", "nil()", "gx|list",
        "loop.no", "s0.x.y", "f2() + 1", "rows + 1", "o0|sum", "d0.missing.more", "caller()",
        "super", "ux", "lipsum(1, 2, 3, 4, 5)", "range(1, 2, 0)", "l0|map('nothing')|list",
        "n0()", "s0|batch(0)", "'%d'|format(s0)", "o0|tojson", "s0 is divisibleby(0)",
        "l0|first(1, 2)", "f0(**s0)",
        "(1, 2)[s0]", "l0|sum(attribute='x')", "f0(*n0)", "namespace(1)", "cycler()", "dict(1)",
    ),
}  # fmt: skip

RULES: dict[str, Sequence[str]] = {
    "text": (
        "<text>|upper", "<text>|e", "<text>|safe", "<text>|trim", "<text> ~ <text>",
        "(<text> if <test> else <text>)", "(<text> if <test>)", "<list>|join(<text>)",
        "<text>|default(<text>, true)", "<text>|replace('w', <text>)", "<list>|first", "<number>",
        "<list>|map('upper')|join", "'%s-%s'|format(<text>, <number>)", "<text>|string|title",
        "<text>|length", "{'k': <text>}['k']", "[<text>, <text>]|last", "<any>|string",
        "{'id': <text>, 'n': none}|xmlattr", "<list>|tojson", "'{}'.format(<text>)", "o0[<text>]",
        "(<text>|string)[1:]", "rows|map(attribute='name')|join(<text>)", "<text>|indent(2)",
        "rows|groupby('kind')|map('first')|join", "o0.shout(<text>, n=<number>)", "f0(<text>)",
        "f0(*<list>, **{'k': <text>})", "<list>|batch(2, <text>)|list", "[<text>, <list>]",
        "acc.append(<text>)", "acc|join(<text>)", "<text>|forceescape", "<text>|striptags",
        "<text>|urlize", "dict(k=<text>).k",
    ),
    "number": (
        "<number> + <number>", "<number> * 2", "-<number>", "<list>|length", "<number> % 3",
        "l1|sum", "<text>|int", "<number> // 2", "<number>|round|int", "(<number>, 3)|min",
    ),
    "list": (
        "<lazy>|list", "<list>[1:]", "<list>|reverse|list", "<list> + <list>", "[<text>, <any>]",
        "rows|sort(attribute='name')", "l0|unique|list", "rows|selectattr('kind')|list",
    ),
    "lazy": (
        "<list>", "<list>", "<list>|map('string')", "<list>|select", "<list>|reject('none')",
        "<lazy>|batch(2)", "<list>|slice(2)", "<lazy>|map('upper')", "range(<number>|int % 4)",
        "rows|map(attribute='name')", "(<lazy> if <test> else <lazy>)", "<any>",
    ),
    "test": (
        "not <test>", "<test> and <test>", "<test> or <test>", "<text> == <text>", "<number> < 2",
        "<text> in <list>", "<any> is none", "<number> is odd", "<text> is string", "<any>",
        "<any> is iterable", "<text> is escaped",
    ),
    "any": ("<text>", "<number>", "<list>", "<lazy>", "<test>"),
}  # fmt: skip

LOOP_TEXT = (
    "loop.index", "loop.index0", "loop.revindex", "loop.revindex0", "loop.length", "loop.depth",
    "loop.depth0", "loop.cycle('odd', mk)", "loop.previtem", "loop.nextitem", "loop.first",
    "loop.nextitem is defined", "loop.last",
)  # fmt: skip
LOOP_TEST = ("loop.first", "loop.last", "loop.changed(s0)", "loop.previtem is defined")
LOOP_RULES = ("loop.cycle(<text>, <text>)", "loop.changed(<text>)")

HOLE = re.compile(r"<(text|number|list|lazy|test|any)>")


@dataclass
class Names:
    """What expressions may use besides the context."""

    plain: list[str] = field(default_factory=list)
    captured: list[str] = field(default_factory=list)
    loop: bool = False
    wild: int = 1
    depth: int = 2


def atoms(kind: str, names: Names) -> Sequence[str]:
    loop = {"text": LOOP_TEXT, "test": LOOP_TEST}.get(kind, ()) if names.loop else ()
    plain = names.plain * 3 if kind in ("text", "any") else ()
    return (*ATOMS[kind], *plain, *loop)


def rules(kind: str, names: Names) -> Sequence[str]:
    loop = LOOP_RULES if names.loop and kind in ("text", "test") else ()
    return (*RULES[kind], *loop)


def expression(dice: Dice, names: Names, kind: str, depth: int | None = None) -> str:
    """An expression of this kind; now and then, `names.wild` per cent, of any kind or broken."""
    left = names.depth if depth is None else depth
    if dice.chance(names.wild):
        kind = dice.pick(("any", "risky"))
    if kind == "risky" or not left or dice.chance(50):
        return dice.pick(atoms(kind, names))

    def fill(hole: re.Match[str]) -> str:
        inner = expression(dice, names, hole[1], left - 1)
        return inner if re.fullmatch(r"[\w.]+(\(\))?", inner) else f"({inner})"

    return HOLE.sub(fill, dice.pick(rules(kind, names)))


def captured(dice: Dice, names: Names) -> str:
    """An expression over a captured text that leaves the marks in it in balance."""
    name = dice.pick(names.captured)
    return name + dice.pick(("", "|upper", "|trim", "|safe", "|e", " ~ 's'", "|default('d')"))
