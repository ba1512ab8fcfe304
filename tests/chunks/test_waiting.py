"""While a render waits, the consumer has every run that was finished before; nothing else is cut.

The tests go by the order of events: what a template waits for is a gate that the test opens.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator
from typing import Any

import jinja2
import pytest

from streamtmpl import render_stream_async
from tests.support.gates import (
    EXTENSIONS,
    ConsumerTask,
    Gate,
    in_loop,
    settle,
    stream_of,
    streaming,
)

# -- where a template can wait

M = "{% macro m() %}in{% if wait() %}!{% endif %}{% endmacro %}"
LIB = "{% macro m(wait) %}in{% if wait() %}!{% endif %}{% endmacro %}"
BASE = "head{% block b %}in{% if wait() %}!{% endif %}{% endblock %}tail"
PART = "in{% if wait() %}!{% endif %}"
TREE = [{"v": 1, "sub": [{"v": 2, "sub": [], "waits": True}, {"v": 3, "sub": []}]}]

# What the template is, and what must be in the consumer's hands while it waits.
PLACES: dict[str, tuple[str | dict[str, str], str]] = {
    "if": ("head{% if wait() %}in{% endif %}tail", "head"),
    "elif": ("head{% if 0 %}{% elif wait() %}in{% endif %}tail", "head"),
    "set": ("head{% set x = wait() %}{{ x }}tail", "head"),
    "do": ("head{% do wait() %}tail", "head"),
    "with": ("head{% with x = wait() %}{{ x }}{% endwith %}tail", "head"),
    "output": ("head{% if 1 %}!{% endif %}{{ wait() }}tail", "head!"),
    "output in its run": ("head {{ wait() }} tail{% if 1 %}!{% endif %}", ""),
    "output of a later run": ("one{% set x = 1 %}two {{ wait() }} three", "one"),
    "output after a comment": ("head{# no tag #}{{ wait() }}tail", ""),
    "output in an expression": ("a{% set x = 1 %}b{{ 'c' ~ wait() }}{{ x }}", "a"),
    "first thing": ("{{ wait() }}tail", ""),
    "flush": ("head{% flush %}{{ wait() }}tail", "head"),
    "filter": ("head{% set x = one|slow %}{{ x }}", "head"),
    "filter in its run": ("head{{ one|slow }}tail", ""),
    "filter block": ("head{% filter slow %}in{% endfilter %}tail", "head"),
    "test": ("head{% if one is slow %}in{% endif %}", "head"),
    "attribute": ("head{% set x = thing.later %}{{ x }}", "head"),
    "item": ("head{% set x = thing['later'] %}{{ x }}", "head"),
    "lazy list": ("head{% set x = rows()|list %}{{ x }}", "head"),
    "lazy join in its run": ("a{% set x = 1 %}b{{ rows()|join }}c", "a"),
    "async for": ("head{% for r in rows() %}<{{ r }}>{% endfor %}tail", "head<1>"),
    "async for, mapped": (
        "head{% for r in rows()|map('string') %}<{{ r }}>{% endfor %}",
        "head<1>",
    ),
    "async for with loop": (
        "head{% for r in rows() %}<{{ r }} {{ loop.index }}>{% endfor %}tail",
        "head<1 1>",
    ),
    "async for, filtered": ("head{% for r in rows() if r %}<{{ r }}>{% endfor %}tail", "head<1>"),
    "async for with loop, filtered": (
        "head{% for r in rows() if r %}<{{ r }} {{ loop.index }}>{% endfor %}tail",
        "head<1 1>",
    ),
    "async for, peeking": (
        "head{% for r in rows() %}<{{ r }}{% if not loop.last %},{% endif %}>{% endfor %}",
        "head<1",
    ),
    "async for, counting": ("head{% for r in rows() %}<{{ loop.length }}>{% endfor %}", "head"),
    "async for, left": (
        "head{% for r in rows() %}<{{ r }}>{% if r == 2 %}{% break %}{% endif %}{% endfor %}",
        "head<1>",
    ),
    "async for, going on": (
        "head{% for r in rows() %}<{{ r }}>{% continue %}never{% endfor %}",
        "head<1>",
    ),
    "async for in a loop": (
        "{% for x in xs %}({{ x }}{% for r in rows() %}<{{ r }}>{% endfor %}){% endfor %}",
        "(1<1>",
    ),
    "loop's iterable": ("head{% for x in wait() %}<{{ x }}>{% endfor %}tail", "head"),
    "loop's test": ("head{% for x in xs if wait() %}<{{ x }}>{% endfor %}tail", "head"),
    "loop's body": (
        "head{% for x in xs %}<{% if wait() %}{{ x }}{% endif %}>{% endfor %}",
        "head<",
    ),
    "loop's else": (
        "head{% for x in [] %}{% else %}else{% if wait() %}!{% endif %}{% endfor %}",
        "headelse",
    ),
    "recursive loop": (
        "{% for n in tree recursive %}<{{ n.v }}{% if n.waits %}{% if wait() %}!{% endif %}"
        "{% endif %}{{ loop(n.sub) }}>{% endfor %}",
        "<1<2",
    ),
    "recursive loop's iterable": (
        "{% for n in tree recursive %}<{{ n.v }}{{ loop(wait(n.sub)) }}>{% endfor %}",
        "<1",
    ),
    "macro": (M + "head{{ m() }}tail", "headin"),
    "macro in a macro": (
        M + "{% macro outer() %}({{ m() }}){% endmacro %}head{{ outer() }}",
        "head(in",
    ),
    "macro's default": ("{% macro m(a=wait()) %}in{{ a }}{% endmacro %}head{{ m() }}", "head"),
    "macro's loop": (
        "{% macro m() %}{% for r in rows() %}<{{ r }}>{% endfor %}{% endmacro %}head{{ m() }}",
        "head<1>",
    ),
    "imported macro": (
        {"main": "{% import 'lib' as lib %}head{{ lib.m(wait) }}tail", "lib": LIB},
        "headin",
    ),
    "macro from an import with context": (
        {"main": "{% from 'lib' import m with context %}head{{ m() }}tail", "lib": M},
        "headin",
    ),
    "call": (
        "{% macro m() %}<{{ caller() }}>{% endmacro %}"
        "head{% call m() %}in{% if wait() %}!{% endif %}{% endcall %}tail",
        "head<in",
    ),
    "call's macro": (
        "{% macro m() %}<{% if wait() %}!{% endif %}{{ caller() }}>{% endmacro %}"
        "head{% call m() %}in{% endcall %}tail",
        "head<",
    ),
    "include": ({"main": "head{% include 'part' %}tail", "part": PART}, "headin"),
    "include in a macro": (
        {
            "main": "{% macro m() %}({% include 'part' %}){% endmacro %}head{{ m() }}",
            "part": PART,
        },
        "head(in",
    ),
    "include's name": ({"main": "head{% include wait('part') %}tail", "part": "in"}, "head"),
    "include without context": (
        {
            "main": "head{% include 'part' without context %}tail",
            "part": "in{% if wait_everywhere() %}!{% endif %}",
        },
        "head",
    ),
    "import": (
        {
            "main": "head{% import 'lib' as lib with context %}{{ lib.x }}tail",
            "lib": "{% set x = wait() %}",
        },
        "head",
    ),
    "block": (BASE, "headin"),
    "parent's block": ({"main": "{% extends 'base' %}", "base": BASE}, "headin"),
    "super": (
        {
            "main": "{% extends 'base' %}{% block b %}[{{ super() }}]{% endblock %}",
            "base": BASE,
        },
        "head[in",
    ),
    "captured super": (
        {
            "main": "{% extends 'base' %}{% block b %}[{% set x = super() %}{{ x }}]{% endblock %}",
            "base": BASE,
        },
        "head[",
    ),
    "self": (
        "{% macro x() %}{% block b scoped %}in{% if wait() %}!{% endif %}{% endblock %}"
        "{% endmacro %}"
        "head{{ self.b() }}tail",
        "headin",
    ),
    "set block": ("head{% set x %}in{% if wait() %}!{% endif %}{% endset %}[{{ x }}]", "head"),
    "set block's loop": (
        "head{% set x %}{% for r in rows() %}<{{ r }}>{% endfor %}{% endset %}[{{ x }}]",
        "head",
    ),
    "block in a filter block": (
        "head{% filter upper %}in{% if wait() %}!{% endif %}{% endfilter %}tail",
        "head",
    ),
    "captured macro": (M + "head{% set x = m() %}[{{ x }}]", "head"),
    "captured macro in its run": (M + "one{% set x = 1 %}two {{ m()|upper }}", "one"),
    "autoescape": (
        "head{% autoescape true %}<{% if wait() %}!{% endif %}{% endautoescape %}",
        "head<",
    ),
}


class Thing:
    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    @property
    def later(self) -> Awaitable[Any]:
        return self._gate()

    def __getitem__(self, name: str) -> Awaitable[Any]:
        return self._gate(name)


def equip(environment: jinja2.Environment, gate: Gate) -> dict[str, Any]:
    """Give *environment* and the context it returns what waits at *gate*."""

    async def rows() -> AsyncIterator[int]:
        yield 1
        await gate()
        yield 2

    environment.filters["slow"] = gate.__call__
    environment.tests["slow"] = gate.__call__
    environment.globals["wait_everywhere"] = gate
    return {"wait": gate, "rows": rows, "thing": Thing(gate), "one": 1, "xs": [1, 2], "tree": TREE}


async def expected_text(sources: dict[str, str]) -> str:
    """What Jinja2 renders where nothing waits."""
    sources = {name: source.replace("{% flush %}", "") for name, source in sources.items()}
    environment = jinja2.Environment(
        loader=jinja2.DictLoader(sources), extensions=EXTENSIONS, enable_async=True
    )
    context = equip(environment, Gate(is_open=True))
    return await environment.get_template("main").render_async(context)


@pytest.mark.parametrize("chunk_size", [None, 0])
@pytest.mark.parametrize("place", PLACES)
@in_loop
async def test_what_is_finished_is_handed_over_before_a_wait(
    place: str, chunk_size: int | None
) -> None:
    templates, before = PLACES[place]
    sources = {"main": templates} if isinstance(templates, str) else templates
    gate = Gate()
    environment = streaming(sources)
    context = equip(environment, gate)
    consumer = ConsumerTask(
        render_stream_async(environment.get_template("main"), context, chunk_size=chunk_size)
    )
    await settle()
    assert gate.waiting == 1
    assert consumer.text == before
    gate.open()
    await consumer.task
    total = await expected_text(sources)
    assert consumer.text == total
    if chunk_size is None:
        assert consumer.chunks == [text for text in (before, total[len(before) :]) if text]


# -- back-pressure


@pytest.mark.parametrize("source", ["async", "plain"])
@in_loop
async def test_the_render_stops_at_a_cut_until_the_chunk_is_taken(source: str) -> None:
    pulled: list[int] = []

    async def rows() -> AsyncIterator[int]:
        for number in range(100):
            pulled.append(number)
            yield number

    def plain_rows() -> Iterator[int]:
        for number in range(100):
            pulled.append(number)
            yield number

    context = {"rows": rows if source == "async" else plain_rows}
    stream = stream_of("{% for r in rows() %}{{ r }},{% endfor %}", context, 0)
    await settle()
    assert pulled == []
    async with stream:
        for taken in range(5):
            assert await anext(stream) == f"{taken},"
            await settle()
            assert len(pulled) <= taken + 2


@in_loop
async def test_a_hand_over_before_a_wait_does_not_block_it() -> None:
    gates = [Gate() for _ in range(4)]
    source = "{% for gate in gates %}{{ loop.index }}{% if gate() %}!{% endif %}{% endfor %}"
    stream = stream_of(source, {"gates": gates})
    assert await anext(stream) == "1"
    for gate in gates:
        await settle()
        assert gate.waiting == 1  # nobody has taken anything since
        gate.open()
    assert "".join([chunk async for chunk in stream]) == "!2!3!4!"


@in_loop
async def test_text_that_collects_while_nobody_takes_stops_at_the_chunk_size() -> None:
    turns: list[int] = []

    async def turn(number: int) -> str:
        turns.append(number)
        await asyncio.sleep(0)
        return "x" * 100

    source = "{% for n in range(200) %}{{ turn(n) }}{% endfor %}"
    stream = stream_of(source, {"turn": turn}, 1000)
    first = await anext(stream)
    await settle()
    await settle()
    assert len(turns) * 100 <= len(first) + 1000 + 100
    rest = [chunk async for chunk in stream]
    assert len(first) + sum(map(len, rest)) == 20_000


@in_loop
async def test_the_text_of_a_wait_can_be_taken_late() -> None:
    gate = Gate()
    source = "a{% flush %}b{% if gate() %}c{% endif %}"
    stream = stream_of(source, {"gate": gate})
    assert await anext(stream) == "a"
    await settle()
    assert gate.waiting == 1
    assert await anext(stream) == "b"
    waiting = asyncio.ensure_future(anext(stream))
    await settle()
    assert not waiting.done()
    gate.open()
    assert await waiting == "c"


@in_loop
async def test_bytes_are_handed_over_as_well() -> None:
    gate = Gate()
    template = streaming("h\u00e9{% if gate() %}\u20ac{% endif %}").get_template("main")
    stream = render_stream_async(template, {"gate": gate}, encoding="utf-8")
    assert await anext(stream) == b"h\xc3\xa9"
    gate.open()
    assert await anext(stream) == b"\xe2\x82\xac"
    assert await anext(stream, None) is None
