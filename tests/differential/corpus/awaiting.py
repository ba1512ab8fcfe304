"""What has to be waited for, in every place: for async environments only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

from jinja2 import pass_context

from ..samples import Sample, function, made


async def numbers(count: int = 3) -> AsyncIterator[int]:
    for number in range(count):
        if number % 2:
            await asyncio.sleep(0)
        yield number


async def fails() -> AsyncIterator[int]:
    yield 1
    await asyncio.sleep(0)
    raise LookupError("no more")


class Both:
    """Iterable in both ways, and not the same."""

    def __iter__(self) -> Iterator[str]:
        return iter("plain")

    def __aiter__(self) -> AsyncIterator[int]:
        return numbers()


class OnlyAsync:
    def __aiter__(self) -> AsyncIterator[int]:
        return numbers()


async def slow(value: object = "<slow>", *more: object) -> object:
    await asyncio.sleep(0)
    return value


async def breaks() -> object:
    await asyncio.sleep(0)
    raise ValueError("broken later")


@pass_context
async def look(context: Any, name: str) -> str:
    await asyncio.sleep(0)
    return f"{name}={context.get(name)}"


async def calls(call: Callable[..., Awaitable[str]], *args: object) -> str:
    return await call(*args)


CONTEXT = {
    "ag": made(numbers),
    "both": made(Both),
    "only": made(OnlyAsync),
    "fails": made(fails),
    "slow": function(slow),
    "look": function(look),
    "calls": function(calls),
    "breaks": function(breaks),
    "gather": function(asyncio.gather),
    "rows": ["a", "b"],
    "nested": made(lambda: [[numbers(2)], []]),
}
OTHERS = {
    "base.html": "{{ slow() }}{% block body %}base{{ slow() }}{% endblock %}{% block end %}"
    "{% endblock %}",
    "part.html": "[{{ slow(x) }}]",
    "lib.html": "{% macro m(a=slow('<d>')) %}{{ a }}{{ slow() }}{{ caller(a) if caller }}"
    "{% endmacro %}"
    "{% set value = slow('<v>') %}",
}


def sample(page: str, **setup: Any) -> Sample:
    return Sample(page, OTHERS, CONTEXT, setup, only="async")


AWAITING = {
    "printed": sample("{{ slow() }}{{ slow(1) }}{{ slow(none) }}{{ slow() }}"),
    "printed, not escaped": sample("{{ slow() }}{{ slow(1) }}", autoescape="off"),
    "in expressions": sample(
        "{{ slow() ~ slow('x') }}{{ [slow(), slow(2)] }}{{ {'k': slow()}.k }}{{ slow(slow('y')) }}"
        "{{ slow(2) + 1 }}{{ slow(rows)[0] }}{{ slow('a') if slow(true) else slow('b') }}"
        "{{ slow(1) < slow(2) }}{{ not slow(0) }}{{ slow() and slow('and') }}{{ slow(1) is odd }}"
    ),
    "in statements": sample(
        "{% if slow(1) %}if{% endif %}{% for x in slow(rows) %}{{ slow(x) }}{% endfor %}"
        "{% with w = slow() %}{{ w }}{% endwith %}{% set s = slow() %}{{ s }}{% do slow() %}"
        "{% set b %}{{ slow() }}{% endset %}{{ b }}{% filter later %}{{ slow() }}{% endfilter %}"
        "{% trans x=slow() %}{{ x }}{% endtrans %}{% autoescape slow(0) %}{{ '<' }}"
        "{% endautoescape %}"
    ),
    "filters and tests": sample(
        "{{ 'a'|later }}{{ slow('b')|later|lower|later }}{{ slow('c')|default('d')|later }}"
        "{{ 1 is later }}{% if 0 is later %}no{% endif %}"
    ),
    "async generators": sample(
        "{% for x in ag %}{{ loop.index }}{{ x }}{{ loop.last }}{{ loop.nextitem }}"
        "{{ loop.previtem }}"
        "{{ loop.length }}{{ loop.revindex }}{{ loop.changed(slow(1)) }}{% endfor %}{{ ag|list }}"
    ),
    "async generators in filters": sample(
        "{{ only|list }}{{ only|map('string')|join('-') }}{{ only|sum }}{{ only|first }}"
        "{{ only|select('odd')|list }}"
        "{% for g in only|slice(2) %}{{ g }}{% endfor %}{{ both|list }}"
    ),
    "iterable in both ways": sample("{% for x in both %}{{ x }}{% else %}none{% endfor %}"),
    "filtered loops": sample("{% for x in only if slow(x) %}{{ x }}{{ loop.length }}{% endfor %}"),
    "left early": sample(
        "{% for x in ag %}{{ x }}{% break %}{% endfor %}{% for x in ag %}{{ x }}{% endfor %}"
    ),
    "recursive loops": sample(
        "{% for x in nested recursive %}{{ loop.depth }}{% if x is number %}{{ x }}{% else %}"
        "{{ loop(x) }}{% endif %};{% endfor %}"
    ),
    "macros": sample(
        "{% from 'lib.html' import m, value with context %}"
        "{% import 'lib.html' as lib with context %}{{ m() }}"
        "{{ m(slow(1)) }}"
        "{{ m()|upper }}{{ value }}{{ lib.m(2) }}{% call(x) m(slow(3)) %}{{ x }}{{ slow() }}"
        "{% endcall %}"
        "{{ calls(m, 4) }}{{ [m(5)] }}{% set c = m(6) %}{{ c }}"
    ),
    "inheritance": sample(
        "{% extends slow('base.html') %}{% set x = slow('<x>') %}{% block body %}{{ super() }}"
        "{{ x }}{{ self.end() }}{% include slow('part.html') %}{% endblock %}"
        "{% block end %}end{{ slow() }}{% endblock %}"
    ),
    "with context": sample(
        "{% set v = 1 %}{{ look('v') }}{% for v in rows %}{% set w = v %}{{ look('w') }}"
        "{% endfor %}"
        "{% block b %}{{ look('v') }}{% endblock %}"
    ),
    "namespaces": sample(
        "{% set ns = namespace(n=slow(0)) %}{% for x in only %}{% set ns.n = ns.n + slow(x) %}"
        "{% endfor %}{{ ns.n }}"
    ),
    "together": sample("{{ gather(slow(1), slow(2)) if false }}{{ slow(rows)|join(slow('-')) }}"),
}

LATE_ERRORS = {
    "a call": sample("a\n{{ slow() }}\n{{ breaks() }}"),
    "a source": sample("a\n{% for x in fails %}\n{{ x }}{% endfor %}"),
    "a source that is looked at early": sample(
        "\n{% for x in fails %}\n{{ x }}\n{{ loop.last }}{% endfor %}"
    ),
    "a source that is counted": sample(
        "\n{% for x in fails %}\n{{ x }}\n{{ loop.length }}{% endfor %}"
    ),
    "a filtered source": sample("\n{% for x in fails if slow(x) %}\n{{ x }}{% endfor %}"),
    "a macro": sample("{% macro m() %}\n{{ breaks() }}{% endmacro %}\n\n{{ m() }}"),
    "a block": sample("{% extends 'base.html' %}\n{% block body %}\n{{ breaks() }}{% endblock %}"),
    "a condition": sample("\n{% if breaks() %}\n{% endif %}"),
    "a caller": sample(
        "{% from 'lib.html' import m with context %}\n{% call(x) m() %}\n{{ breaks() }}"
        "{% endcall %}"
    ),
}
