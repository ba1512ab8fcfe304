"""Constants are folded as Jinja2 folds them, but once."""

from __future__ import annotations

from typing import Any

import jinja2
import pytest
from jinja2 import nodes
from jinja2.nodes import EvalContext
from jinja2.optimizer import Optimizer

from streamtmpl import StreamEnvironment
from streamtmpl.compiler.expressions.awaiting import Folder

EXPRESSIONS = [
    *("1", "x", "1 + 2", "x + (1 + 2)", "'a' ~ 'b' ~ x", "-(1 + 1)", "not 0", "1 < 2 < x"),
    *("[1, 2 + 3, x]", "{'a': 1 + 1}['a']", "(1 + 1, x)[0]", "'abc'[1:]", "x[1 + 1]", "x.y"),
    *(
        "'a'|upper",
        "x|default('a' ~ 'b')",
        "f(1 + 2, k=3 + 4)",
        "3 is odd",
        "x is divisibleby(1 + 1)",
    ),
    *("1 if 2 > 1 else x", "'<'|e", "'a'|nope", "1 / 0", "x + 1 / 0", "[]|sum + 1", "{}|length"),
]


def expression(source: str, environment: jinja2.Environment) -> nodes.Expr:
    (output,) = environment.parse("{{ " + source + " }}").body
    assert isinstance(output, nodes.Output)
    (found,) = output.nodes
    return found


@pytest.mark.parametrize("autoescape", [False, True])
@pytest.mark.parametrize("source", EXPRESSIONS)
def test_the_same_constants(source: str, autoescape: bool) -> None:
    environment = jinja2.Environment(autoescape=autoescape)
    context = EvalContext(environment)
    expected = Optimizer(environment).visit(expression(source, environment), context)
    folder = Folder(environment)
    found = folder.visit(expression(source, environment), context)
    assert found == expected
    for part in (found, *found.find_all(nodes.Expr)):
        assert folder.visit(part, context) is part


def test_what_has_been_folded_is_not_tried_again() -> None:
    calls: list[int] = []

    def failing(value: int) -> int:
        calls.append(value)
        raise ValueError("only when the template runs")

    source = "{{ (1|failing) + 1 + 1 + 1 }}"
    counts = []
    for kind in (jinja2.Environment, StreamEnvironment):
        environment: Any = kind()
        environment.filters["failing"] = failing
        calls.clear()
        environment.compile(source)
        counts.append(len(calls))
    assert counts[0] > counts[1]
