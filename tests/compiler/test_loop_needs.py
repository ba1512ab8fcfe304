"""What is read off a loop's body, on small templates."""

from __future__ import annotations

import jinja2
import pytest
from jinja2 import nodes

from streamtmpl.compiler.loop_needs import (
    PLAIN,
    SIZED,
    STEPPED,
    leaves_data_alone,
    names_loop,
    needs_only,
    uses_as_value,
)

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
    ("body", "needs", "leaves"),
    [
        ("{% include 'a' %}{{ loop.last }}", True, True),
        ("{% if x %}{% include x ignore missing %}{% endif %}", True, True),
        ("{% for y in x %}{% include 'a' %}{{ loop.index }}{% endfor %}", True, True),
        ("{% include 'a' without context %}{{ loop.last }}", True, False),
        ("{% include 'a' %}{{ loop.nextitem }}", False, True),
        ("{% include f() %}", True, False),
        ("{% include 'a' %}{% import 'b' as b with context %}", False, False),
        ("{% include 'a' %}{% block b scoped %}{% endblock %}", False, False),
    ],
)
def test_what_is_left_of_it_but_for_includes(body: str, needs: bool, leaves: bool) -> None:
    node = loop(body)
    assert needs_only(node, SIZED, but_for_includes=True) is needs
    assert leaves_data_alone(node.body, but_for_includes=True) is leaves
    assert not leaves_data_alone(node.body)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ loop.index }}", True),
        ("{% set loop = 1 %}", True),
        ("{% for x in loop %}{{ x }}{% endfor %}", True),
        ("{% for x in xs if loop %}{{ x }}{% endfor %}", True),
        ("{% for x in xs %}{{ x }}{% else %}{{ loop }}{% endfor %}", True),
        ("{% for x in xs %}{{ loop.index }}{% endfor %}", False),
        ("loop{{ x.loop }}{{ 'loop' }}", False),
    ],
)
def test_whether_the_loop_around_it_is_named(source: str, expected: bool) -> None:
    assert names_loop(ENVIRONMENT.parse(source)) is expected
