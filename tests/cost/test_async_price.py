"""An async environment does not pay for awaiting where nothing has to be awaited.

What is counted is coroutines that begin to run, so no clock decides.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
import types
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from types import FrameType
from typing import Any

import jinja2
import pytest

from streamtmpl import StreamEnvironment, render_stream_async
from streamtmpl.runtime.awaiting import plain_types

EXTENSIONS = ["jinja2.ext.do", "jinja2.ext.loopcontrols"]


class Coroutines:
    """Counts the coroutines that run in this thread while it is entered."""

    def __init__(self) -> None:
        self._frames: set[FrameType] = set()  # held, so that no two of them are the same object

    def __len__(self) -> int:
        return len(self._frames)

    def __enter__(self) -> Coroutines:
        sys.setprofile(self._profile)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _profile(self, frame: FrameType, event: str, argument: object) -> None:
        flags = inspect.CO_COROUTINE | inspect.CO_ITERABLE_COROUTINE
        if event == "call" and frame.f_code.co_flags & flags:
            self._frames.add(frame)


class Row:
    """What a template looks at."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.name = f"row <{number}>"
        self.tags = ["a", "b"]
        self.pairs = {"x": 1, "y": 2}

    def method(self, *arguments: Any) -> Any:
        return arguments or self.number

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)


def coroutines(source: str, rows: Any) -> tuple[int, list[str]]:
    """How many coroutines a render needs, and its chunks."""
    environment = StreamEnvironment(
        enable_async=True, autoescape=True, extensions=EXTENSIONS, chunk_size=10**9
    )
    template = environment.from_string(source)
    context = {"rows": rows, "function": lambda value=1: value, "pairs": {"x": 1}}
    chunks: list[str] = []

    async def consume() -> None:
        async for chunk in render_stream_async(template, context):
            chunks.append(chunk)

    with Coroutines() as counted:
        asyncio.run(consume())
    return len(counted), chunks


def assert_free(body: str, source: str = "rows") -> None:
    """More iterations need no more coroutines; only more chunks do."""
    template = f"{{% for row in {source} %}}{body}{{% endfor %}}"
    few, few_chunks = coroutines(template, [Row(number) for number in range(1, 6)])
    many, many_chunks = coroutines(template, [Row(number) for number in range(1, 306)])
    assert len("".join(many_chunks)) > len("".join(few_chunks))
    assert len(many_chunks) < 12
    assert many - few <= 12 * (len(many_chunks) - 1)


FREE = {
    "value": "{{ 1 }}{{ row }}",
    "attribute": "{{ row.number }}{{ row.name }}{{ row.tags }}",
    "item": "{{ row['number'] }}{{ row.pairs['x'] }}{{ row.tags[0] }}{{ row.tags[0:1] }}",
    "attribute of its own type": "{{ row.method }}",
    "undefined": "{{ row.nothing }}{{ nothing }}-",
    "call": "{{ function() }}{{ function(row) }}{{ function([1]) }}{{ function(none) }}",
    "method": "{{ row.method() }}{{ row.method(1, 2) }}{{ 'x'.upper() }}{{ row.pairs.items() }}",
    "call of a type": "{{ range(3) }}{{ dict(a=1) }}{{ namespace(a=1).a }}",
    "global": "{{ cycler(1, 2).next() }}{{ joiner(',')() }}{{ lipsum(1) }}",
    "if": "{% if row.number > 2 and function() %}a{% elif row.method() %}b{% endif %}",
    "set": "{% set x = row.number %}{{ x }}",
    "set block": "{% set x %}{{ row.number }}{% endset %}{{ x }}",
    "with": "{% with x = row.name %}{{ x }}{% endwith %}",
    "do": "{% do row.tags.append(1) %}-",
    "test": "{% if row.number is odd %}a{% elif row is defined %}b{% endif %}",
    "condition": "{{ row.name if row.number is even else row.number }}",
    "concatenation": "{{ row.name ~ row.number }}{{ row.number + 1 }}",
    "plain filter": "{{ row.name|upper }}{{ row.number|string|length }}{{ row.x|default(1) }}",
    "filter with arguments": "{{ row.name|replace('r', 'R')|truncate(4) }}{{ row.name|e }}",
    "filter block": "{% filter upper %}{{ row.name }}{% endfilter %}",
    "in-memory loop": "{% for x in row.tags %}{{ x }}{% endfor %}",
    "dict loop": "{% for k, v in row.pairs.items() %}{{ k }}{{ v }}{% endfor %}",
    "range loop": "{% for x in range(3) %}{{ x }}{% endfor %}",
    "loop with else": "{% for x in [] %}{% else %}-{% endfor %}",
    "filtered loop": "{% for x in row.tags if x != 'a' %}{{ x }}{% endfor %}",
    "loop object": "{{ loop.index }}{{ loop.first }}{{ loop.last }}{{ loop.length }}",
    "loop's methods": "{{ loop.cycle('a', 'b') }}{{ loop.changed(row.number) }}",
    "loop's neighbours": "{{ loop.previtem }}{{ loop.nextitem }}{{ loop.revindex }}",
    "inner loop object": "{% for x in row.tags %}{{ loop.index }}{% endfor %}",
    "continue": "{{ row.number }}{% continue %}",
    "break": "{% for x in row.tags %}{{ x }}{% break %}{% endfor %}",
}

# Filters that Jinja2 has in two kinds, sync and async: plain values need no coroutine.
TWO_KINDS = [
    "first",
    "list",
    "join(',')",
    "sum",
    "map('string')|list",
    "select|list",
    "reject('none')|list",
    "unique|list",
    "slice(2)|list",
    "groupby('real')|list",
    "map('string')|join",
]
LOOPS = {
    "map": "rows|map(attribute='number')",
    "select": "rows|select",
    "selectattr": "rows|selectattr('number')",
    "unique": "rows|unique",
    "slice": "rows|slice(3)",
    "batch": "rows|batch(3)",
    "list": "rows|list",
    "sort": "rows|sort(attribute='number')",
    "reverse": "rows|reverse",
    "filtered": "rows if row.number",
}


@pytest.mark.parametrize("body", FREE.values(), ids=FREE)
def test_an_iteration_needs_no_coroutine(body: str) -> None:
    assert_free(body)


@pytest.mark.parametrize("name", TWO_KINDS)
def test_filters_of_plain_values_need_no_coroutine(name: str) -> None:
    assert_free("{{ [row.number, 2]|" + name + " }}")


@pytest.mark.parametrize("body", ["{{ row }}", "{{ row }}{{ loop.index }}"], ids=["", "loop"])
@pytest.mark.parametrize("source", LOOPS.values(), ids=LOOPS)
def test_pulls_from_plain_iterables_need_no_coroutine(source: str, body: str) -> None:
    assert_free(body, source)


@pytest.mark.parametrize("body", ["{{ row }}", "{{ row }}{{ loop.index }}"], ids=["", "loop"])
def test_pulls_from_generators_need_no_coroutine(body: str) -> None:
    template = "{% for row in rows %}" + body + "{% endfor %}"
    plain, _ = coroutines(template, list(range(300)))
    generator, _ = coroutines(template, (number for number in range(300)))
    assert generator <= plain + 12


def test_the_counter_counts() -> None:
    """What does create coroutines is seen: the tests above can fail."""
    counts = []
    for count in (5, 100):
        environment = jinja2.Environment(enable_async=True)
        template = environment.from_string("{% for row in rows %}{{ row.real }}{% endfor %}")
        with Coroutines() as counted:
            asyncio.run(template.render_async(rows=range(count)))
        counts.append(len(counted))
    assert counts[1] >= counts[0] + 95


def test_a_render_of_plain_data_needs_few_coroutines() -> None:
    count, chunks = coroutines("{% for row in rows %}{{ row }},{% endfor %}", range(1000))
    assert "".join(chunks).count(",") == 1000
    assert count < 50


# -- generate() of an async environment


def environment(chunk_size: int = 0) -> StreamEnvironment:
    return StreamEnvironment(enable_async=True, chunk_size=chunk_size)


def test_generate_streams_lazily() -> None:
    events: list[int | str] = []

    def rows() -> Iterator[int]:
        for number in range(3):
            events.append(number)
            yield number

    template = environment().from_string("{% for row in rows %}<{{ row }}>{% endfor %}")
    for chunk in template.generate(rows=rows()):
        events.append(chunk)
    assert events == [0, "<0>", 1, "<1>", 2, "<2>"]


def test_generate_streams_async_sources_lazily() -> None:
    events: list[int | str] = []

    async def rows() -> AsyncIterator[int]:
        for number in range(3):
            await asyncio.sleep(0)
            events.append(number)
            yield number

    template = environment().from_string("{% for row in rows() %}<{{ row }}>{% endfor %}")
    for chunk in template.generate(rows=rows):
        events.append(chunk)
    assert events == [0, "<0>", 1, "<1>", 2, "<2>"]


def test_generate_does_nothing_before_the_first_chunk() -> None:
    called: list[bool] = []
    template = environment().from_string("{{ function() }}")
    chunks = template.generate(function=lambda: called.append(True))
    assert not called
    assert list(chunks) == ["None"]


def test_generate_of_an_endless_source_can_be_left() -> None:
    closed: list[bool] = []

    async def rows() -> AsyncIterator[int]:
        try:
            number = 0
            while True:
                yield number
                number += 1
        finally:
            await asyncio.sleep(0)
            closed.append(True)

    template = environment().from_string("{% for row in rows() %}<{{ row }}>{% endfor %}")
    with closing(iter_of(template.generate(rows=rows))) as chunks:
        assert [next(chunks) for _ in range(3)] == ["<0>", "<1>", "<2>"]
    assert closed == [True]


def iter_of(chunks: Iterator[str]) -> Any:
    return chunks


def test_generate_has_the_chunk_size() -> None:
    template = environment(1000).from_string("{% for n in rows %}{{ 'x' * 10 }}{% endfor %}")
    assert [len(chunk) for chunk in template.generate(rows=range(500))] == [1000] * 5


def test_generate_raises_what_the_template_raises() -> None:
    template = environment().from_string("a{% if 1 %}{% endif %}{{ 1 // 0 }}")
    chunks = template.generate()
    assert next(chunks) == "a"
    with pytest.raises(ZeroDivisionError):
        next(chunks)
    assert list(chunks) == []


def test_two_generates_interleaved() -> None:
    template = environment().from_string("{% for n in range(3) %}{{ name }}{{ n }}{% endfor %}")
    pairs = list(zip(template.generate(name="a"), template.generate(name="b"), strict=True))
    assert pairs == [("a0", "b0"), ("a1", "b1"), ("a2", "b2")]


def test_generate_in_a_running_loop_is_refused() -> None:
    template = environment().from_string("text")

    async def main() -> None:
        with pytest.raises(RuntimeError, match=r"generate_async.*render_stream_async"):
            next(iter(template.generate()))
        assert [chunk async for chunk in template.generate_async()] == ["text"]

    asyncio.run(main())


def test_what_is_not_looked_at_can_not_be_awaited() -> None:
    """Methods and functions are among these types; what they give is looked at."""
    assert types.MethodType in plain_types
    assert not any(hasattr(kind, "__await__") for kind in plain_types)
    assert not plain_types & {types.CoroutineType, types.GeneratorType}
