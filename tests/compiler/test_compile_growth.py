"""Compiling takes steps in proportion to the template: nothing is looked at again and again."""

from __future__ import annotations

import ast
import sys
from types import CodeType, FrameType

import jinja2
import pytest

from bench.pages import long_page
from streamtmpl import StreamEnvironment
from tests.support.compact import CODE, compiled_to

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


@pytest.mark.comparison
@pytest.mark.parametrize("code", CODE)
@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("construct", REPEATED)
def test_steps_grow_with_the_template(
    construct: str, is_async: bool, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled_to(monkeypatch, code)
    few, many = (steps(repeated(REPEATED[construct], times), is_async) for times in (10, 40))
    assert few < many < 4.5 * few


def bytes_of_code(code: CodeType) -> int:
    """The length of the bytecode of *code*, and of all functions in it."""
    inner = (each for each in code.co_consts if isinstance(each, CodeType))
    return len(code.co_code) + sum(map(bytes_of_code, inner))


@pytest.mark.comparison
@pytest.mark.parametrize("is_async", [False, True])
def test_long_templates_become_code_in_proportion(is_async: bool) -> None:
    """Compact code is 2 to 2.4 times what Jinja2 makes of it; quick code is 3.4 to 4.3 times."""
    few, many, jinja2s = (
        bytes_of_code(kind(autoescape=True, enable_async=is_async).compile(long_page(lines)))
        for kind, lines in (
            (StreamEnvironment, 300),
            (StreamEnvironment, 1200),
            (jinja2.Environment, 1200),
        )
    )
    assert few < many < 4.5 * few
    assert many < 2.6 * jinja2s


@pytest.mark.parametrize("is_async", [False, True])
def test_long_modules_have_no_format_strings(is_async: bool) -> None:
    """For each value in one Python (3.12 and later) copies the rest of the module's source."""
    environment = StreamEnvironment(enable_async=is_async)
    for lines, expected in ((100, True), (500, False)):
        tree = ast.parse(environment.compile(long_page(lines), raw=True))
        found = any(isinstance(node, ast.JoinedStr) for node in ast.walk(tree))
        assert found is expected


def test_what_is_short_within_a_long_template_stays_quick() -> None:
    """A loop and a macro run often: in their code look-ups and calls are done at once."""
    page = long_page(500)
    loop = "{% for x in xs %}{{ x.loop_attribute }}{% endfor %}"
    macro = "{% macro m(x) %}{{ x.macro_attribute }}{% endmacro %}{{ xs.root_attribute }}"
    code = StreamEnvironment().compile(loop + page + macro, raw=True)
    assert "l_1_x.loop_attribute" in code
    assert "l_1_x.macro_attribute" in code
    assert "'root_attribute')" in code
    assert ".root_attribute" not in code


@pytest.mark.parametrize("before", ["{% for x in xs %}", "{% macro m(x) %}"])
def test_what_is_long_itself_is_compact(before: str) -> None:
    end = "{% endfor %}" if "for" in before else "{% endmacro %}"
    code = StreamEnvironment().compile(before + long_page(500) + "{{ x.attr }}" + end, raw=True)
    assert ".attr" not in code
