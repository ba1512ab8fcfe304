"""What a deferred region sees: the variables as they were where it stands.

Each template says what its regions come to when they are rendered behind the whole document, whose
variables have changed by then.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from jinja2 import DictLoader, Environment, pass_context

from streamtmpl import StreamEnvironment, render_stream, render_stream_async
from tests.support.patched import assembled

LIB = (
    "{% macro card(x) %}<{% defer %}{{ x }}{{ caller() if caller }}{% enddefer %}>{% endmacro %}"
    "{% macro plain(x) %}({{ x }}){% endmacro %}"
)
CASES: dict[str, tuple[str | dict[str, str], str]] = {
    "context": ("{% defer %}{{ name }}{% enddefer %}", "&lt;Ann&gt;"),
    "set before": ("{% set a = 1 %}{% defer %}{{ a }}{% enddefer %}{% set a = 2 %}", "1"),
    "set before in a block": (
        "{% block b %}{% set a = 1 %}{% defer %}{{ a }}{% enddefer %}{% set a = 2 %}{% endblock %}",
        "1",
    ),
    "set in the context, seen by a block": (
        {
            "main": "{% extends 'base' %}{% block b %}{% defer %}{{ a }}{% enddefer %}"
            "{% endblock %}",
            "base": "{% set a = 1 %}{% block b %}{% endblock %}{% set a = 2 %}",
        },
        "1",
    ),
    "set after": ("{% defer %}[{{ a }}]{% enddefer %}{% set a = 2 %}", "[]"),
    "set inside": (
        "{% defer %}{% set a = 1 %}{{ a }}{% enddefer %}[{{ a }}]",
        "1[]",
    ),
    "loop variable": ("{% for x in 'abc' %}{% defer %}{{ x }}{% enddefer %}{% endfor %}", "abc"),
    "loop variable, nested loops": (
        "{% for x in 'ab' %}{% for y in 'cd' %}{% defer %}{{ x }}{{ y }}{% enddefer %}{% endfor %}"
        "{% endfor %}",
        "acadbcbd",
    ),
    "loop variable in a loop of the region": (
        "{% for x in 'ab' %}{% defer %}{% for y in 'cd' %}{{ x }}{{ y }}{% endfor %}{% enddefer %}"
        "{% endfor %}",
        "acadbcbd",
    ),
    "unpacked loop variables": (
        "{% for x, y in [(1, 2), (3, 4)] %}{% defer %}{{ x }}{{ y }}{% enddefer %}{% endfor %}",
        "1234",
    ),
    "loop": (
        "{% for x in 'abc' %}{% defer %}{{ loop.index }}{{ loop.first }}{{ loop.last }}"
        "{{ loop.previtem }}{{ loop.nextitem }}{{ loop.length }}{{ loop.cycle('p', 'q') }};"
        "{% enddefer %}{% endfor %}",
        "1TrueFalseb3p;2FalseFalseac3q;3FalseTrueb3p;",
    ),
    "loop, counted in the document": (
        "{% for x in 'abc' %}{{ loop.index }}{% defer %}{{ loop.index }}{% enddefer %}{% endfor %}",
        "112233",
    ),
    "loop over a generator": (
        "{% for x in rows() %}{% defer %}{{ loop.index }}{{ loop.previtem }}{% enddefer %}"
        "{% endfor %}",
        "12233",
    ),
    "looking ahead in a generator": (
        "{% for x in rows() %}{% defer %}{{ x }}{{ loop.last }}{{ loop.nextitem }};{% enddefer %}"
        "{% endfor %}",
        "2False3;3False4;4True;",
    ),
    "the length of a generator": (
        "{% for x in rows() %}{% defer %}{{ x }}{{ loop.length }}{{ loop.revindex }};{% enddefer %}"
        "{% endfor %}",
        "233;332;431;",
    ),
    "looking ahead in a filtered loop": (
        "{% for x in [1, 2, 3, 4] if x is even %}{% defer %}{{ x }}{{ loop.last }}"
        "{{ loop.length }};{% enddefer %}{% endfor %}",
        "2False2;4True2;",
    ),
    "looking ahead in the loop of an outer region": (
        "{% for x in rows() %}{% defer %}{% defer %}{{ x }}{{ loop.last }};{% enddefer %}"
        "{% enddefer %}{% endfor %}",
        "2False;3False;4True;",
    ),
    "loop of a filtered loop": (
        "{% for x in [1, 2, 3, 4] if x is even %}{% defer %}{{ loop.index }}{{ x }}{% enddefer %}"
        "{% endfor %}",
        "1224",
    ),
    "loop by another name": (
        "{% for x in 'ab' %}{% set outer = loop %}{% for y in 'cd' %}{% defer %}{{ outer.index }}"
        "{{ loop.index }}{% enddefer %}{% endfor %}{% endfor %}",
        "11122122",
    ),
    "recursive loop": (
        "{% for x in tree recursive %}{% defer %}{{ x.name }}{{ loop.depth }}"
        "{{ loop(x.children) }}{% enddefer %}{% endfor %}",
        "a1b2c2d3e1",
    ),
    "with": ("{% with a = 1 %}{% defer %}{{ a }}{% enddefer %}{% endwith %}{{ a }}", "1"),
    "macro argument": (
        "{% macro m(x, y=2) %}{% defer %}{{ x }}{{ y }}{{ varargs }}{{ kwargs }}{% enddefer %}"
        "{% endmacro %}{{ m(1) }}{{ m(3, 4, 5, z=6) }}",
        "12(){}34(5,){&#39;z&#39;: 6}",
    ),
    "imported macro": (
        {
            "main": "{% from 'lib' import card %}{% for x in 'ab' %}{{ card(x) }}{% endfor %}",
            "lib": LIB,
        },
        "<a><b>",
    ),
    "caller": (
        {
            "main": "{% from 'lib' import card %}{% for x in 'ab' %}{% call card(1) %}{{ x }}"
            "{% endcall %}{% endfor %}",
            "lib": LIB,
        },
        "<1a><1b>",
    ),
    "macro of a loop": (
        "{% for x in 'ab' %}{% macro m(y) %}{{ x }}{{ y }}{% endmacro %}{% defer %}{{ m(1) }}"
        "{% enddefer %}{% endfor %}",
        "a1b1",
    ),
    "macro that calls one of a loop": (
        "{% for x in 'ab' %}{% macro m() %}{{ x }}{% endmacro %}{% macro n() %}{{ m() }}"
        "{% endmacro %}{% defer %}{{ n() }}{% enddefer %}{% endfor %}",
        "ab",
    ),
    "macro that calls itself": (
        "{% macro m(n) %}{{ n }}{% if n %}{{ m(n - 1) }}{% endif %}{% endmacro %}"
        "{% for x in [2, 1] %}{% defer %}{{ m(x) }}{% enddefer %}{% endfor %}",
        "21010",
    ),
    "include": (
        {
            "main": "{% for x in 'ab' %}{% defer %}{% include 'part' %}{% enddefer %}{% endfor %}",
            "part": "{{ x }}{{ name }}",
        },
        "a&lt;Ann&gt;b&lt;Ann&gt;",
    ),
    "in an include": (
        {
            "main": "{% for x in 'ab' %}{% include 'part' %}{% endfor %}",
            "part": "{% defer %}{{ x }}{{ name }}{% enddefer %}",
        },
        "a&lt;Ann&gt;b&lt;Ann&gt;",
    ),
    "super": (
        {
            "main": "{% extends 'base' %}{% block b %}{% defer %}{{ super() }}!{% enddefer %}"
            "{% endblock %}",
            "base": "{% set a = 1 %}{% block b %}{{ a }}{% endblock %}{% set a = 2 %}",
        },
        "1!",
    ),
    "super of super": (
        {
            "main": "{% extends 'mid' %}{% block b %}{% defer %}{{ super.super() }}{% enddefer %}"
            "{% endblock %}",
            "mid": "{% extends 'base' %}{% block b %}mid{% endblock %}",
            "base": "{% block b %}base{% endblock %}",
        },
        "base",
    ),
    "self": (
        "{% if 0 %}{% block b %}b{{ name }}{% endblock %}{% endif %}{% defer %}{{ self.b() }}"
        "{% enddefer %}",
        "b&lt;Ann&gt;",
    ),
    "a block in a region": (
        {
            "main": "{% extends 'base' %}{% block b %}{{ super() }}child{% endblock %}",
            "base": "{% defer %}{% block b %}base{% endblock %}{% enddefer %}",
        },
        "basechild",
    ),
    "a scoped block in a region": (
        "{% for x in 'ab' %}{% defer %}{% block b scoped %}{{ x }}{{ loop.index }}{% endblock %}"
        "{% enddefer %}{% endfor %}",
        "a1b2",
    ),
    "nested": (
        "{% for x in 'ab' %}{% defer %}{% for y in 'cd' %}{% defer %}{{ x }}{{ y }}"
        "{{ loop.index }}{% enddefer %}{% endfor %}{% enddefer %}{% endfor %}",
        "ac1ad2bc1bd2",
    ),
    "autoescape": (
        "{% autoescape false %}{% defer %}{{ name }}{% enddefer %}{% endautoescape %}"
        "{% defer %}{{ name }}{% enddefer %}",
        "<Ann>&lt;Ann&gt;",
    ),
    "autoescape that only the run knows": (
        "{% autoescape no %}{% defer %}{{ name }}{% enddefer %}{% endautoescape %}"
        "{% defer %}{{ name }}{% enddefer %}",
        "<Ann>&lt;Ann&gt;",
    ),
    "namespace": (
        "{% set ns = namespace(n=0) %}{% for x in 'ab' %}{% set ns.n = ns.n + 1 %}"
        "{% set n = ns.n %}{% defer %}{{ n }}{% enddefer %}{% endfor %}",
        "12",
    ),
    "namespace that the region reads": (
        "{% set ns = namespace(n=0) %}{% for x in 'ab' %}{% set ns.n = ns.n + 1 %}"
        "{% defer %}{{ ns.n }}{% enddefer %}{% endfor %}",
        "12",
    ),
    "namespace of the page that a block reads": (
        "{% set ns = namespace(n=1) %}{% block b %}{% defer %}{{ ns.n }}{% enddefer %}"
        "{% set ns.n = 2 %}{% endblock %}{{ ns.n }}",
        "12",
    ),
    "namespace that a macro counts in": (
        "{% set ns = namespace(n=0) %}{% macro id() %}{% set ns.n = ns.n + 1 %}{{ ns.n }}"
        "{% endmacro %}{% defer %}{{ id() }}{{ id() }}{% enddefer %}{% defer %}{{ id() }}"
        "{% enddefer %}",
        "123",
    ),
    "namespace that the region writes": (
        "{% set ns = namespace(n=0) %}{% defer %}{% set ns.n = ns.n + 1 %}{{ ns.n }}{% enddefer %}"
        "{% defer %}{% set ns.n = ns.n + 1 %}{{ ns.n }}{% enddefer %}",
        "12",
    ),
    "functions that take the context": (
        "{% set a = 1 %}{% for x in 'ab' %}{% set b = x %}{% defer %}{{ seen('a', 'b', 'name') }};"
        "{% enddefer %}{% endfor %}{% set a = 2 %}",
        "1a&lt;Ann&gt;;1b&lt;Ann&gt;;",
    ),
    "captured": (
        "{% for x in 'ab' %}{% set text %}{% defer %}{{ x }}{% placeholder %}no{% enddefer %}"
        "{% endset %}{{ text|upper }}{% endfor %}",
        "AB",
    ),
    "in a filter block": (
        "{% filter upper %}a{% defer %}b{% placeholder %}no{% enddefer %}{% endfilter %}",
        "AB",
    ),
    "in a macro whose text is a value": (
        "{% macro m(x) %}{% defer %}{{ x }}{% placeholder %}no{% enddefer %}{% endmacro %}"
        "{{ m('a')|upper }}{{ m('b') ~ 'c' }}",
        "Abc",
    ),
    "at the top of a child": (
        {
            "main": "{% extends 'base' %}{% defer %}dropped{% enddefer %}",
            "base": "{% block b %}base{% endblock %}",
        },
        "base",
    ),
    "at the top, extending something maybe": (
        {
            "main": "{% if no %}{% extends 'base' %}{% endif %}{% defer %}{{ name }}{% enddefer %}",
            "base": "base",
        },
        "&lt;Ann&gt;",
    ),
    "a placeholder that sees variables": (
        "{% for x in 'ab' %}{% defer %}{{ x }}{% placeholder %}{% for y in 'cd' %}{{ x }}{{ y }}"
        "{% endfor %}{% enddefer %}{% endfor %}",
        "ab",
    ),
    "an error part that sees variables": (
        "{% for x in 'ab' %}{% defer %}{{ nope.x }}{% error %}{{ x }}{{ error }};{% enddefer %}"
        "{% endfor %}",
        "a&#39;nope&#39; is undefined;b&#39;nope&#39; is undefined;",
    ),
    "empty parts": (
        "{% defer %}{% enddefer %}{% defer %}{% placeholder %}{% error %}{% enddefer %}.",
        ".",
    ),
    "flush": ("{% defer %}a{% flush %}b{% enddefer %}{% flush %}c", "abc"),
    "white space control": ("a {%- defer -%} b {%- placeholder -%} c {%- enddefer -%} d", "abd"),
}


@pass_context
def seen(context: Any, *names: str) -> str:
    return "".join(str(context.get(name)) for name in names)


def rows() -> Iterator[int]:
    yield from (2, 3, 4)


async def async_rows() -> AsyncIterator[int]:
    for n in rows():
        yield n


def context(rows: Any = rows) -> dict[str, Any]:
    leaf: list[Any] = []
    inner = {"name": "c", "children": [{"name": "d", "children": leaf}]}
    outer = {"name": "a", "children": [{"name": "b", "children": leaf}, inner]}
    tree = [outer, {"name": "e", "children": leaf}]
    return {"name": "<Ann>", "no": False, "tree": tree, "seen": seen, "rows": rows}


def template(case: str, **options: Any) -> Any:
    source = CASES[case][0]
    templates = {"main": source} if isinstance(source, str) else source
    env = StreamEnvironment(loader=DictLoader(templates), autoescape=True, **options)
    env.patch_script = None
    return env.get_template("main")


every_case = pytest.mark.parametrize("case", CASES)


@every_case
@pytest.mark.parametrize("deferred", ["patch", "in-order"])
@pytest.mark.parametrize("chunk_size", [0, 16384])
def test_sync(case: str, deferred: Any, chunk_size: int) -> None:
    made = template(case)
    stream = render_stream(made, context(), deferred=deferred, chunk_size=chunk_size)
    assert assembled("".join(stream)) == CASES[case][1]
    assert made.render(context()) == CASES[case][1]


@every_case
@pytest.mark.parametrize("deferred", ["patch", "in-order"])
def test_threads(case: str, deferred: Any) -> None:
    with ThreadPoolExecutor(2) as executor:
        stream = render_stream(template(case), context(), deferred=deferred, executor=executor)
        assert assembled("".join(stream)) == CASES[case][1]


@every_case
@pytest.mark.parametrize("deferred", ["patch", "in-order"])
@pytest.mark.parametrize("is_async", [True, False], ids=["async", "sync"])
def test_async_stream(case: str, deferred: Any, is_async: bool) -> None:
    async def collect() -> str:
        made = template(case, enable_async=is_async)
        made_context = context(async_rows if is_async else rows)
        stream = render_stream_async(made, made_context, deferred=deferred)
        return "".join([chunk async for chunk in stream])

    assert assembled(asyncio.run(collect())) == CASES[case][1]


@every_case
def test_async_render(case: str) -> None:
    made = template(case, enable_async=True)
    assert asyncio.run(made.render_async(context())) == CASES[case][1]
    assert made.render(context()) == CASES[case][1]
    assert "".join(made.generate(context())) == CASES[case][1]


@pytest.mark.parametrize(
    "around",
    ["IT", "{% for i in [1] %}{% block b scoped %}IT{% endblock %}{% endfor %}"],
    ids=["page", "scoped block"],
)
def test_imports_see_the_globals_of_the_page_where_jinja2_has_them_seen(around: str) -> None:
    it = "{% import 'lib' as lib %}[{{ lib.v }}]"
    lib = {"lib": "{% set v = g %}"}
    plain = Environment(loader=DictLoader({"page": around.replace("IT", it), **lib}))
    expected = plain.get_template("page", globals={"g": "global"}).render()
    deferred = around.replace("IT", "{% defer %}" + it + "{% enddefer %}")
    ours = StreamEnvironment(loader=DictLoader({"page": deferred, **lib}))
    page = ours.get_template("page", globals={"g": "global"})
    assert "".join(render_stream(page, deferred="in-order")) == expected
    assert assembled("".join(render_stream(page))) == expected
