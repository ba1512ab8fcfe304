"""Macros, blocks and recursive loops write into the stream where escaping would change nothing.

Whether it would is known only when the template runs: a block is compiled apart from where it
stands, a macro may come from a template that does not escape, a loop from around another
``autoescape`` block. And a sandbox has a say in what is called.
"""

from __future__ import annotations

from typing import Any

import jinja2
import pytest
from jinja2.runtime import BlockReference, LoopContext, Macro

from streamtmpl import StreamEnvironment, render_stream

from .agreement import Notes, Pair, each_escaping, sync_and_async

LIB = "{% macro m(a) %}<{{ a }}{{ x }}>{% endmacro %}{% macro c() %}<{{ caller(x) }}>{% endmacro %}"
CALLS = {
    "macro": "{% macro m(a) %}<{{ a }}{{ x }}>{% endmacro %}{{ m(x) }}{{ m(x)|upper }}"
    "{{ m(x) ~ x }}",
    "import": "{% from 'lib' import m, c %}{{ m(x) }}{{ m(x) ~ x }}{% call(y) c() %}{{ y }}"
    "<{% endcall %}",
    "import of text": "{% from 'lib.txt' import m, c %}{{ m(x) }}{{ m(x) ~ x }}{% call(y) c() %}"
    "{{ y }}<"
    "{% endcall %}",
    "call": "{% macro c() %}<{{ caller(x) }}{{ caller(x) ~ x }}>{% endmacro %}{% call(y) c() %}"
    "{{ y }}<"
    "{% endcall %}",
    "self": "{{ self.other() }}{{ self.other()|upper }}{{ self.other() ~ x }}",
    "recursive loop": "{% for y in [[], [[]]] recursive %}<{{ x }}{{ loop(y) }}{{ loop(y) ~ x }}>"
    "{% endfor %}",
    "macro as a value": "{{ apply(m) }}{% macro m() %}<{{ x }}>{% endmacro %}{{ apply(m) }}"
    "{{ [x]|map('string')|join }}",
    "macro in a macro": "{% macro i(a) %}<{{ a }}>{% endmacro %}{% macro m(a) %}{{ i(a) }}"
    "{{ i(i(a)) }}"
    "{% endmacro %}{{ m(x) }}{{ m(i(x)) }}",
}
AROUND = {
    "nothing": "IT",
    "on": "{% autoescape true %}IT{% endautoescape %}",
    "off": "{% autoescape false %}IT{% endautoescape %}",
    "on, when it runs": "{% autoescape on %}IT{% endautoescape %}",
    "off, when it runs": "{% autoescape off %}IT{% endautoescape %}",
    "off in on": "{% autoescape true %}{% autoescape false %}IT{% endautoescape %}"
    "IT{% endautoescape %}",
    "a block": "{% block b %}IT{% endblock %}",
    "a block in off": "{% autoescape false %}{% block b %}IT{% endblock %}{% endautoescape %}",
    "a block in on": "{% autoescape true %}{% block b %}IT{% endblock %}{% endautoescape %}",
    "off in a block in on": "{% autoescape true %}{% block b %}{% autoescape false %}"
    "IT{% endautoescape %}"
    "IT{% endblock %}{% endautoescape %}",
    "a block shown by itself": "{% autoescape false %}{% if off %}{% block b %}IT{% endblock %}"
    "{% endif %}"
    "{{ self.b() }}{% autoescape true %}{{ self.b() }}{% endautoescape %}{% endautoescape %}",
    "a child's block": "{% extends 'base' %}{% block b %}{{ super() }}IT{% endblock %}",
    "a child's block in off": "{% extends 'base off' %}{% block b %}{{ super() }}"
    "IT{{ super() ~ x }}"
    "{% endblock %}",
    "an include": "{% include 'part' %}{% autoescape off %}{% include 'part' %}{% endautoescape %}",
    "a macro": "{% macro around() %}IT{% endmacro %}{{ around() }}{% autoescape false %}"
    "{{ around() }}"
    "{% endautoescape %}{% autoescape on %}{{ around() }}{% endautoescape %}",
    "a caller": "{% macro around() %}{{ caller() }}{% endmacro %}{% call around() %}IT{% endcall %}"
    "{% autoescape false %}{% call around() %}IT{% endcall %}{% endautoescape %}",
    "a loop": "{% for z in [[[]]] recursive %}{% autoescape off %}{{ loop(z) }}"
    "IT{% endautoescape %}"
    "{% autoescape true %}{{ loop(z) }}IT{% endautoescape %}{% endfor %}",
    "captured": "{% set s %}IT{% endset %}{{ s }}{% filter upper %}IT{% endfilter %}",
}
OTHER = "{% if off %}{% block other %}<{{ x }}>{% endblock %}{% endif %}"
BY_NAME = {"by name": lambda name: name is not None and not name.endswith(".txt")}


def context(notes: Notes) -> dict[str, Any]:
    return {"x": "<x>", "on": True, "off": False, "apply": apply}


def apply(macro: Any) -> str:
    return f"[{macro and macro()}]"


def templates(around: str, call: str) -> dict[str, str]:
    part = "" if "block" in call or "self" in call else call
    base = "{% block b %}<{{ x }}>{% endblock %}"
    return {
        "page.html": AROUND[around].replace("IT", call) + OTHER,
        "lib": LIB,
        "lib.txt": LIB,
        "part": f"[{part}]",
        "base": base + OTHER,
        "base off": "{% autoescape false %}" + base + "{% endautoescape %}" + OTHER,
    }


def agree(around: str, kind: str, autoescape: Any) -> None:
    for name, call in CALLS.items():
        # What a function of Python makes of a macro is another matter in async environments.
        if not (kind == "async" and name == "macro as a value"):
            Pair(templates(around, call), kind, autoescape=autoescape).text(context, name)


@each_escaping
@sync_and_async
@pytest.mark.parametrize("around", AROUND)
def test_escaping_around_calls(around: str, kind: str, autoescape: bool) -> None:
    agree(around, kind, autoescape)


@pytest.mark.parametrize("around", AROUND)
def test_escaping_by_name(around: str) -> None:
    agree(around, "sync", lambda name: name is not None and name.endswith((".html", "lib")))


class NoMacros:
    """A sandbox whose templates may not call macros, blocks or loops of theirs."""

    refused: tuple[type, ...] = (Macro, BlockReference, LoopContext)

    def is_safe_callable(self, obj: Any) -> bool:
        return not isinstance(obj, self.refused)


class NoBlocks(NoMacros):
    refused = (BlockReference,)


class NoLoops(NoMacros):
    refused = (LoopContext,)


@pytest.mark.parametrize("kind", ["sandbox", "immutable sandbox"])
@pytest.mark.parametrize("mixin", [NoMacros, NoBlocks, NoLoops])
def test_sandboxes_that_refuse(mixin: type, kind: str) -> None:
    pages = [templates("nothing", call) for call in CALLS.values()]
    came_to = [Pair(page, kind, mixin=mixin).agree(context) for page in pages]
    assert any("is not safely callable" in str(each) for each in came_to)


@pytest.mark.parametrize("behind", ["", "!", "!" * 200, "!" * 201, "!{{ 1 }}!", "!{{ x }}!"])
def test_text_behind_calls_that_stream_and_others(behind: str) -> None:
    """It is a chunk apart from what was streamed, and one with a value."""
    source = (
        "{% macro m(a) %}<{{ a }}>{% endmacro %}{% for call in [m, f, m] %}a{{ call(x) }}"
        + behind
        + "{% endfor %}"
    )
    values = {"x": 3, "f": lambda value: f"[{value}]"}
    text = jinja2.Template(behind).render(values)
    streamed = ["a<3>", text] if text else ["a<3>"]
    stream = render_stream(StreamEnvironment().from_string(source), values, chunk_size=0)
    assert list(stream) == [*streamed, f"a[3]{text}", *streamed]
