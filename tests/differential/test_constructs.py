"""Where each construct cuts at chunk size 0, written down by hand from the words of the design.

A ``|`` in the expectation is a cut. Everything that the templates iterate is in memory.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from jinja2 import DictLoader, Environment

from streamtmpl import (
    SandboxedStreamEnvironment,
    StreamEnvironment,
    render_stream,
    render_stream_async,
)

PARTS = {
    "part": "P",
    "rows": "{% for x in rows %}{{ x }}{% endfor %}!",
    "base": "[{% block one %}1{% endblock %}-{% block two %}2{% if yes %}!{% endif %}"
    "{% endblock %}]",
    "lib": "{% macro m(x) %}<{% if x %}{{ x }}{% endif %}{{ caller() if caller }}>{% endmacro %}"
    "{% macro c() %}c{{ caller() }}d{% endmacro %}{% macro plain() %}{{ 1 }}plain{% endmacro %}",
}
IMPORT = "{% from 'lib' import m, c, plain %}{% import 'lib' as lib %}"
CONTEXT: dict[str, Any] = {
    "yes": True,
    "no": False,
    "rows": [1, 2],
    "empty": [],
    "tree": [{"n": "a", "c": [{"n": "b", "c": []}]}, {"n": "d", "c": []}],
    "f": lambda *args, **kwargs: "f",
    "asks": lambda caller: f"({caller()})",
}

CUTS = {
    # Statements end at a boundary, whether they wrote something or not.
    "a{% if yes %}b{% endif %}c": "ab|c",
    "a{% if no %}b{% endif %}c": "a|c",
    "a{% if no %}b{% elif yes %}c{% else %}d{% endif %}e": "ac|e",
    "{% if yes %}a{% endif %}{% if no %}b{% endif %}{% if yes %}{% endif %}c": "a|c",
    "a{% if yes %}b{% if yes %}c{% endif %}{% endif %}d": "abc|d",
    "a{% for x in rows %}{{ x }}b{% endfor %}c": "a1b|2b|c",
    "a{% for x in empty %}b{% endfor %}c": "a|c",
    "a{% for x in empty %}b{% else %}e{% endfor %}c": "ae|c",
    "a{% for x in rows if x > 1 %}{{ x }}{% endfor %}c": "a2|c",
    "{% for x in rows %}{% for y in rows %}{{ x }}{{ y }}{% endfor %}"
    ".{% endfor %}": "11|12|.|21|22|.",
    "{% for x in rows %}a{% if x == 1 %}{% continue %}{% endif %}b{% endfor %}c": "a|a|b|c",
    "{% for x in rows %}a{% break %}{% endfor %}c": "a|c",
    "{% for x in rows %}{{ loop.index }}{{ loop.last }}{% endfor %}": "1False|2True",
    "a{% with x = 1 %}{{ x }}{% endwith %}b": "a1|b",
    "a{% autoescape false %}{{ '<' }}{% endautoescape %}b": "a<|b",
    "a{% filter upper %}b{% endfilter %}c": "aB|c",
    "a{% block x %}b{% endblock %}c": "ab|c",
    "a{% block x %}b{% block y %}c{% endblock %}d{% endblock %}e": "abc|d|e",
    "a{% include 'part' %}b": "aP|b",
    "a{% include 'rows' %}b": "a1|2|!|b",
    "a{% include 'missing' ignore missing %}b": "a|b",
    # Inheritance: the parent's text, the child's blocks.
    "{% extends 'base' %}ignored": "[1|-2!|]",
    "{% extends 'base' %}{% block one %}x{{ super() }}y{% endblock %}": "[x1|y|-2!|]",
    "{% extends 'base' %}{% block one %}x{{ self.two() }}y{% endblock %}": "[x2!|y|-2!|]",
    "{% extends 'base' %}{% block two %}{{ super() }}{{ super() }}{% endblock %}": "[1|-2!|2!|]",
    # Streamed calls end at a boundary and have their own inside.
    "a{{ plain() }}b{{ plain() }}": "a1plain|b1plain",
    "a{{ m('x') }}b{{ lib.m('y') }}c": "a<x|>|b<y|>|c",
    "{% call c() %}x{% if yes %}y{% endif %}z{% endcall %}w": "cxy|z|d|w",
    "{% call c() %}x{% endcall %}{% call c() %}{% endcall %}": "cx|d|c|d",
    "{% for n in tree recursive %}{{ n.n }}({{ loop(n.c) }}){% endfor %}.": "a(b(|)|)|d(|)|.",
    # Runs: what is no statement and no streamed call leaves them whole.
    "a{{ f() }}b{{ f(1) }}c": "afbfc",
    "a{# b #}c{% raw %}{% d %}{% endraw %}e": "ac{% d %}e",
    "a{{ plain()|upper }}b{{ plain() ~ 'c' }}d{{ (plain()) if yes }}e": "a1PLAINb1plaincd1plaine",
    "a{% call asks() %}b{% if yes %}c{% endif %}d{% endcall %}e": "a(bcd)|e",
    # What is captured has no boundaries.
    "{% set x %}a{% if yes %}b{% endif %}c{% endset %}{{ x }}d": "abcd",
    "a{% filter upper %}{% for x in rows %}b{{ x }}{% endfor %}{{ plain() }}"
    "{% endfilter %}": "aB1B21PLAIN",
    "{% set x = plain() %}{{ x }}{% for y in [plain()] %}{{ y }}{% endfor %}": "1plain1plain",
}  # fmt: skip


# With `finalize` calls are captured: what they return is not yet what is written.
FINALIZED = {
    "a{% call c() %}x{% if yes %}y{% endif %}{% endcall %}b{% if yes %}c{% endif %}": "acxyd|bc",
    "{% for x in rows %}{{ x }}{{ plain() }}{% endfor %}.": "11plain|21plain|.",
}


def template(
    source: str,
    kind: type[Environment] = StreamEnvironment,
    *,
    is_async: bool = False,
    finalize: Any = None,
) -> Any:
    environment = kind(
        loader=DictLoader(PARTS),
        autoescape=True,
        enable_async=is_async,
        finalize=finalize,
        extensions=["jinja2.ext.loopcontrols"],
    )
    return environment.from_string(IMPORT + source)


def cut(template: Any) -> str:
    return "|".join(render_stream(template, CONTEXT, chunk_size=0))


def cut_async(template: Any) -> str:
    async def collect() -> list[str]:
        stream = render_stream_async(template, CONTEXT, chunk_size=0)
        return [chunk async for chunk in stream]

    return "|".join(asyncio.run(collect()))


every_construct = pytest.mark.parametrize(("source", "cuts"), CUTS.items(), ids=CUTS)


@every_construct
def test_sync(source: str, cuts: str) -> None:
    assert cut(template(source)) == cuts


@every_construct
def test_sandboxed(source: str, cuts: str) -> None:
    assert cut(template(source, SandboxedStreamEnvironment)) == cuts


@every_construct
def test_escaping_that_only_shows_when_rendering(source: str, cuts: str) -> None:
    if not source.startswith("{% extends"):
        source = "{% autoescape yes %}" + source + "{% endautoescape %}"
    assert cut(template(source)) == cuts


@every_construct
def test_async(source: str, cuts: str) -> None:
    if "asks" in source:
        pytest.skip("a caller is awaited in async environments")
    assert cut_async(template(source, is_async=True)) == cuts


@every_construct
def test_async_stream_of_a_sync_template(source: str, cuts: str) -> None:
    assert cut_async(template(source)) == cuts


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize(("source", "cuts"), FINALIZED.items(), ids=FINALIZED)
def test_finalized(source: str, cuts: str, is_async: bool) -> None:
    made = template(source, is_async=is_async, finalize=lambda value: value)
    assert (cut_async if is_async else cut)(made) == cuts
