"""What is read off an expression."""

from __future__ import annotations

import jinja2
import pytest
from jinja2 import nodes

from streamtmpl.compiler.analysis import may_await

ENVIRONMENT = jinja2.Environment()


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
