"""Deferred regions of async environments: each a task, in order of readiness."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextvars import ContextVar
from itertools import permutations
from typing import Any

import pytest

from streamtmpl import AsyncChunkStream, StreamEnvironment, render_stream_async
from tests.support.clocks import in_virtual_time
from tests.support.gates import HANGS, ConsumerTask, Gate, in_loop, settle
from tests.support.patched import assembled, page

FOUR = (
    "[{% for n in range(4) %}{% defer %}{{ gates[n](n) }}{% placeholder %}({{ n }}){% enddefer %},"
    "{% endfor %}]"
)


def stream_of(
    source: str, context: dict[str, Any] | None = None, limit: int = 10, **options: Any
) -> AsyncChunkStream[str]:
    env = StreamEnvironment(enable_async=True, autoescape=True)
    env.patch_script = None
    env.max_deferred = limit
    return render_stream_async(env.from_string(source), context, **options)


async def text_of(source: str, context: dict[str, Any] | None = None, **options: Any) -> str:
    return "".join([chunk async for chunk in stream_of(source, context, **options)])


every_order = pytest.mark.parametrize("order", list(permutations(range(4))), ids=str)


@every_order
@in_loop
async def test_patches_come_in_order_of_readiness(order: tuple[int, ...]) -> None:
    gates = [Gate() for _ in range(4)]
    consumer = ConsumerTask(stream_of(FOUR, {"gates": gates}))
    await settle()
    assert consumer.text.endswith("]")
    assert [consumer.text.count(f"({n})") for n in range(4)] == [1] * 4
    assert [gate.waiting for gate in gates] == [1] * 4
    for n in order:
        assert f">{n}</template>" not in consumer.text
        gates[n].open()
        await settle()
        assert consumer.text.endswith(f">{n}</template>\f\n")
    await consumer.task
    assert page(consumer.text).contents == [str(n) for n in order]
    assert assembled(consumer.text) == "[0,1,2,3,]"


@every_order
@in_loop
async def test_in_order_regions_run_ahead_of_their_place(order: tuple[int, ...]) -> None:
    gates = [Gate() for _ in range(4)]
    consumer = ConsumerTask(stream_of(FOUR, {"gates": gates}, deferred="in-order"))
    opened: set[int] = set()
    await settle()
    assert [gate.waiting for gate in gates] == [1] * 4
    for n in order:
        first = next(each for each in range(4) if each not in opened)
        assert consumer.text == "[" + "".join(f"{each}," for each in range(first))
        gates[n].open()
        opened.add(n)
        await settle()
    await consumer.task
    assert consumer.text == "[0,1,2,3,]"


@in_loop
async def test_render_async_renders_regions_together() -> None:
    gates = [Gate() for _ in range(4)]
    env = StreamEnvironment(enable_async=True)
    task = asyncio.create_task(env.from_string(FOUR).render_async(gates=gates))
    await settle()
    assert [gate.waiting for gate in gates] == [1] * 4
    for gate in reversed(gates):
        gate.open()
    assert await task == "[0,1,2,3,]"


@in_loop
async def test_in_order_a_region_is_handed_over_while_the_document_waits() -> None:
    region, document = Gate(), Gate()
    source = "a{% defer %}{{ region('b') }}{% enddefer %}c{{ document('d') }}"
    context = {"region": region, "document": document}
    consumer = ConsumerTask(stream_of(source, context, deferred="in-order"))
    await settle()
    assert consumer.text == "a"
    region.open()
    await settle()
    assert consumer.text == "abc"[: len(consumer.text)]
    assert consumer.text.startswith("ab")
    document.open()
    await consumer.task
    assert consumer.text == "abcd"


@in_loop
async def test_in_order_the_document_is_not_far_ahead() -> None:
    gate = Gate()
    rows: list[int] = []

    def note(n: int) -> str:
        rows.append(n)
        return "x" * 1000

    source = (
        "{% defer %}{{ gate('r') }}{% enddefer %}{% for n in range(3000) %}{{ note(n) }}"
        "{% endfor %}"
    )
    consumer = ConsumerTask(stream_of(source, {"gate": gate, "note": note}, deferred="in-order"))
    await settle()
    assert 100 < len(rows) < 1000
    gate.open()
    await consumer.task
    assert consumer.text == "r" + "x" * 3_000_000


@in_loop
async def test_regions_are_not_rendered_far_ahead_of_their_reader() -> None:
    rendered: list[int] = []

    def note(n: int) -> str:
        rendered.append(n)
        return "x" * 10_000

    source = "{% for n in range(500) %}{% defer %}{{ note(n) }}{% enddefer %}{% endfor %}"
    stream = stream_of(source, {"note": note})
    for _ in range(5):
        await anext(stream)
        await settle()
    assert len(rendered) < 100
    assert sum([len(chunk) async for chunk in stream]) > 400 * 10_000
    assert sorted(rendered) == list(range(500))


@in_loop
async def test_no_more_than_so_many_run_at_once() -> None:
    running: set[int] = set()
    most = 0

    async def work(n: int) -> int:
        nonlocal most
        running.add(n)
        most = max(most, len(running))
        await asyncio.sleep(0)
        running.discard(n)
        return n

    source = "{% for n in range(30) %}{% defer %}{{ work(n) }}{% enddefer %},{% endfor %}"
    text = await text_of(source, {"work": work}, limit=3)
    assert assembled(text) == "".join(f"{n}," for n in range(30))
    assert most == 3


@in_loop
async def test_a_slow_document_does_not_hold_regions_and_they_do_not_hold_it() -> None:
    region, document = Gate(), Gate()
    source = "a{% defer %}{{ region('b') }}{% enddefer %}c{{ document('d') }}e"
    consumer = ConsumerTask(stream_of(source, {"region": region, "document": document}))
    await settle()
    assert page(consumer.text).document.startswith("a<?start")
    assert region.waiting == 1
    region.open()
    await settle()
    assert "template" not in consumer.text  # patches follow the document
    document.open()
    await consumer.task
    assert assembled(consumer.text) == "abcde"


@in_loop
async def test_nested_regions_begin_at_once_and_come_after_the_one_they_are_in() -> None:
    outer, inner = Gate(), Gate()
    source = (
        "{% defer %}a{% defer %}{{ inner('b') }}{% placeholder %}p{% enddefer %}{{ outer('c') }}"
        "{% enddefer %}"
    )
    consumer = ConsumerTask(stream_of(source, {"inner": inner, "outer": outer}))
    await settle()
    assert (outer.waiting, inner.waiting) == (1, 1)
    inner.open()
    await settle()
    assert "template" not in consumer.text
    outer.open()
    await consumer.task
    assert assembled(consumer.text) == "abc"


@in_loop
async def test_context_variables_are_those_of_the_place() -> None:
    variable: ContextVar[str] = ContextVar("variable", default="none")

    def put(value: str) -> str:
        variable.set(value)
        return ""

    source = (
        "{{ put('a') }}{% defer %}{{ get() }}{{ put('x') }}{% enddefer %}"
        "{{ put('b') }}{% defer %}{{ get() }}{% enddefer %}{{ get() }}"
    )
    context = {"get": variable.get, "put": put}
    for deferred in ("patch", "in-order"):
        assert assembled(await text_of(source, context, deferred=deferred)) == "abb"


# -- errors and time


async def boom() -> None:
    await asyncio.sleep(0)
    raise LookupError("<boom>")


@pytest.mark.parametrize("deferred", ["patch", "in-order"])
@in_loop
async def test_an_error_touches_no_other_region(
    deferred: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR, "streamtmpl.handled")
    source = (
        "{% defer %}1{% enddefer %}{% defer %}lost{{ boom() }}{% error %}[{{ error }}|{{ x }}]"
        "{% enddefer %}{% defer %}2{% enddefer %}{% defer %}{{ boom() }}{% enddefer %}."
    )
    text = assembled(await text_of(source, {"boom": boom, "x": 5}, deferred=deferred))
    assert text == "1[&lt;boom&gt;|5]2."
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("streamtmpl", logging.ERROR)
    assert "the deferred region at line 1" in record.getMessage()


@pytest.mark.parametrize("deferred", ["patch", "in-order"])
@in_virtual_time
async def test_a_region_that_takes_too_long_is_cancelled(deferred: str) -> None:
    events: list[str] = []

    async def rows() -> AsyncIterator[int]:
        try:
            yield 1
            await asyncio.sleep(HANGS)
        finally:
            events.append("closed")

    source = (
        "{% defer timeout=0.02 %}{% for n in rows() %}{{ n }}{% endfor %}{% error %}{{ error }}"
        "{% enddefer %}{% defer timeout=99 %}2{% enddefer %}"
    )
    text = assembled(await text_of(source, {"rows": rows}, deferred=deferred))
    assert text == "the region took longer than 0.02 s2"
    assert events == ["closed"]


@in_virtual_time
async def test_a_region_in_a_capture_has_its_time_as_well() -> None:
    source = (
        "{% set text %}{% defer timeout=0.02 %}{{ gate() }}{% error %}late{% enddefer %}"
        "{% endset %}{{ text }}"
    )
    assert await text_of(source, {"gate": Gate()}) == "late"


@in_virtual_time
async def test_a_region_that_refuses_to_be_cancelled_does_not_hold_the_page() -> None:
    release = asyncio.Event()

    async def stubborn() -> str:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(HANGS)
        await release.wait()
        return "lost"

    source = "{% defer timeout=0.02 %}{{ stubborn() }}{% error %}late{% enddefer %}"
    consumer = ConsumerTask(stream_of(source, {"stubborn": stubborn}))
    while "late" not in consumer.text:
        await asyncio.sleep(0.005)
    await consumer.task  # while the region's own task goes on
    release.set()
    await settle()
    assert assembled(consumer.text) == "late"


@in_loop
async def test_a_region_that_is_cancelled_by_somebody_else() -> None:
    async def cancelled() -> None:
        raise asyncio.CancelledError

    source = "{% defer %}{{ cancelled() }}{% error %}gone{% enddefer %}{% defer %}2{% enddefer %}"
    assert assembled(await text_of(source, {"cancelled": cancelled})) == "gone2"
