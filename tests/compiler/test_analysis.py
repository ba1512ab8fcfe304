"""What is read off a loop's body, on small templates."""

from __future__ import annotations

import jinja2
import pytest
from jinja2 import nodes

from streamtmpl.compiler.analysis import PLAIN, STEPPED, may_await, needs_only, uses_as_value

ENVIRONMENT = jinja2.Environment(extensions=["jinja2.ext.do"])


def loop(body: str) -> nodes.For:
    found = ENVIRONMENT.parse("{% for x in xs %}" + body + "{% endfor %}").find(nodes.For)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("body", "stepped", "plain"),
    [
        ("{{ loop.index }}{{ loop.first }}{{ loop.previtem }}", True, True),
        ("{{ loop.cycle(1, 2) }}{% if loop.changed(x) %}-{% endif %}", True, True),
        ("{{ loop.last }}", False, True),
        ("{{ loop.length - loop.index0 }}", False, True),
        ("{{ loop.index.real }}", True, True),
        ("{{ loop }}", False, False),
        ("{{ f(loop) }}", False, False),
        ("{{ loop['last'] }}", False, False),
        ("{{ loop.cycle }}", False, False),
        ("{% set l = loop %}{{ l.last }}", False, False),
        ("{% for y in x %}{{ loop.last }}{% endfor %}", True, True),
        ("{% for y in loop %}{{ y }}{% endfor %}", False, False),
        ("{% include 'a' %}", False, False),
        ("{% include 'a' without context %}", True, True),
        ("{% import 'a' as a with context %}", False, False),
        ("{% block b scoped %}{% endblock %}", False, False),
        ("{{ x }}", True, True),
    ],
)
def test_what_a_body_needs_of_its_loop(body: str, stepped: bool, plain: bool) -> None:
    assert needs_only(loop(body), STEPPED) is stepped
    assert needs_only(loop(body), PLAIN) is plain


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("x", True),
        ("f(x)", True),
        ("x|upper", True),
        ("x.y", False),
        ("x()", False),
        ("x.y(z)", False),
        ("y.x", False),
        ("x.y(x)", True),
    ],
)
def test_a_variable_used_as_a_value(expression: str, expected: bool) -> None:
    template = ENVIRONMENT.parse("{{ " + expression + " }}")
    assert uses_as_value(template, "x") is expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("x", False),
        ("x == 1 and not y or z > 2", False),
        ("[x, (y, 1)] ~ 'a'", False),
        ("x if y else z", False),
        ("x.y", True),
        ("x[0]", True),
        ("f()", True),
        ("x|upper", True),
        ("x is odd", True),
        ("x and y.z", True),
    ],
)
def test_what_may_await(expression: str, expected: bool) -> None:
    output = ENVIRONMENT.parse("{{ " + expression + " }}").find(nodes.Output)
    assert output is not None
    assert may_await(output.nodes[0]) is expected
