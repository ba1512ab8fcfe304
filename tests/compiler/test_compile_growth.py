"""Compiling takes steps in proportion to the template: nothing is looked at again and again."""

from __future__ import annotations

import sys
from types import FrameType

import pytest

from streamtmpl import StreamEnvironment

REPEATED = {
    "text": "<p>{{ x }}</p>",
    "attribute": "<p>{{ x.a.b }}</p>",
    "filter": "<p>{{ x|upper }}{{ y|map('f')|join }}</p>",
    "call": "<p>{{ f(x.a, k=y) }}</p>",
    "call in a macro's run": "{{ f() }}{{ x|first }}",
    "condition": "{% if x %}<p>{{ y }}</p>{% elif z %}{% else %}-{% endif %}",
    "loop": "{% for x in xs if x %}<p>{{ x }}{{ loop.last }}</p>{% else %}-{% endfor %}",
    "assignment": "{% set x = y|upper %}",
    "macro": "{% macro m(a) %}{{ a }}{{ caller() }}{% endmacro %}",
    "call block": "{% call m() %}{{ x }}{% endcall %}",
    "block": "{% block b### %}{{ x }}{{ super() }}{% endblock %}",
    "include": "{% include 'a' %}",
    "with": "{% with x = y %}{{ x }}{% endwith %}",
}


def steps(source: str, is_async: bool) -> int:
    """How many Python functions are called to compile *source*."""
    environment = StreamEnvironment(enable_async=is_async, autoescape=True)
    count = 0

    def note(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        environment.compile(source, raw=True)
    finally:
        sys.setprofile(before)
    return count


def repeated(construct: str, times: int) -> str:
    """*construct* that many times, with a number for ``###``."""
    return "".join(construct.replace("###", str(number)) for number in range(times))


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("construct", REPEATED)
def test_steps_grow_with_the_template(construct: str, is_async: bool) -> None:
    few, many = (steps(repeated(REPEATED[construct], times), is_async) for times in (20, 80))
    assert few < many < 4.2 * few
