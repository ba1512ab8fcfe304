"""Where each construct cuts at chunk size 0, written down by hand from the words of the design.

A ``|`` in the expectation is a cut. Everything that the templates iterate is in memory.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from jinja2 import DictLoader

from streamtmpl import StreamEnvironment, render_stream, render_stream_async

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


def template(source: str, *, is_async: bool) -> Any:
    environment = StreamEnvironment(
        loader=DictLoader(PARTS),
        autoescape=True,
        enable_async=is_async,
        extensions=["jinja2.ext.loopcontrols"],
    )
    return environment.from_string(IMPORT + source)


@pytest.mark.parametrize(("source", "cuts"), CUTS.items(), ids=CUTS)
def test_sync(source: str, cuts: str) -> None:
    stream = render_stream(template(source, is_async=False), CONTEXT, chunk_size=0)
    assert "|".join(stream) == cuts


@pytest.mark.parametrize("is_async", [True, False])
@pytest.mark.parametrize(("source", "cuts"), CUTS.items(), ids=CUTS)
def test_async(source: str, cuts: str, is_async: bool) -> None:
    async def collect() -> list[str]:
        stream = render_stream_async(template(source, is_async=is_async), CONTEXT, chunk_size=0)
        return [chunk async for chunk in stream]

    if is_async and "asks" in source:
        pytest.skip("a caller is awaited in async environments")
    assert "|".join(asyncio.run(collect())) == cuts
