"""What a template can wait for, and what it awaits without ever waiting."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from typing import Any

import pytest

from streamtmpl import StreamEnvironment, render_stream
from tests.support.gates import HANGS, ConsumerTask, Gate, in_loop, needs_timeout, settle, stream_of

# -- what a template can wait for


async def wait_future(gate: Gate) -> None:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def resolve() -> None:
        await gate()
        future.set_result(None)

    task = asyncio.create_task(resolve())
    await future
    await task


async def wait_lock(gate: Gate) -> None:
    lock = asyncio.Lock()
    await lock.acquire()

    async def release() -> None:
        await gate()
        lock.release()

    task = asyncio.create_task(release())
    async with lock:
        await task


async def wait_gather(gate: Gate) -> None:
    await asyncio.gather(asyncio.sleep(0), gate(), asyncio.sleep(0))


async def wait_task_group(gate: Gate) -> None:
    if sys.version_info >= (3, 11):
        async with asyncio.TaskGroup() as group:
            group.create_task(gate())


async def wait_timeout(gate: Gate) -> None:
    if sys.version_info >= (3, 11):
        async with asyncio.timeout(HANGS):
            await gate()


async def wait_for(gate: Gate) -> None:
    await asyncio.wait_for(gate(), HANGS)


async def wait_shield(gate: Gate) -> None:
    await asyncio.shield(gate())


async def wait_queue(gate: Gate) -> None:
    queue: asyncio.Queue[None] = asyncio.Queue(1)

    async def put() -> None:
        await queue.put(await gate())

    task = asyncio.create_task(put())
    await queue.get()
    await task


async def wait_condition(gate: Gate) -> None:
    condition = asyncio.Condition()

    async def notify() -> None:
        await gate()
        async with condition:
            condition.notify()

    task = asyncio.create_task(notify())
    async with condition:
        await condition.wait()
    await task


async def wait_thread(gate: Gate) -> None:
    opened = threading.Event()
    thread = asyncio.get_running_loop().run_in_executor(None, opened.wait, HANGS)
    task = asyncio.create_task(gate())
    task.add_done_callback(lambda _: opened.set())
    assert await thread
    await task


class Custom:
    """An awaitable that is neither coroutine nor future."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def __await__(self) -> Generator[Any, None, Any]:
        return (yield from self._gate().__await__())


KINDS: dict[str, Callable[[Gate], Awaitable[Any]]] = {
    "future": wait_future,
    "lock": wait_lock,
    "gather": wait_gather,
    "wait_for": wait_for,
    "shield": wait_shield,
    "queue": wait_queue,
    "condition": wait_condition,
    "thread": wait_thread,
    "custom": Custom,
}
NEW_KINDS = {"timeout": wait_timeout, "task group": wait_task_group}


@pytest.mark.parametrize(
    "wait",
    [pytest.param(wait, id=name) for name, wait in KINDS.items()]
    + [pytest.param(wait, id=name, marks=needs_timeout) for name, wait in NEW_KINDS.items()],
)
@in_loop
async def test_whatever_it_waits_for(wait: Callable[[Gate], Awaitable[Any]]) -> None:
    gate = Gate()

    async def rows() -> AsyncIterator[int]:
        yield 1
        await wait(gate)
        yield 2

    source = "head{% for r in rows() %}<{{ r }}>{% endfor %}tail"
    consumer = ConsumerTask(stream_of(source, {"rows": rows}))
    await settle()
    assert gate.waiting == 1
    assert consumer.chunks[0].startswith("head")  # gather and the like wait more than once
    assert consumer.text == "head<1>"
    gate.open()
    await consumer.task
    assert consumer.text == "head<1><2>tail"


@in_loop
async def test_each_wait_hands_over_what_is_new_and_nothing_else() -> None:
    gates = [Gate() for _ in range(4)]
    source = (
        "a{% set x = wait(0) %}b{% set x = wait(1) %}{% set x = wait(2) %}c{{ wait(3) }}d"
        "{% if x %}e{% endif %}"
    )
    consumer = ConsumerTask(stream_of(source, {"wait": lambda index: gates[index]("")}))
    seen = []
    for gate in gates:
        await settle()
        assert gate.waiting == 1
        seen.append(list(consumer.chunks))
        gate.open()
    await consumer.task
    assert seen == [["a"], ["a", "b"], ["a", "b"], ["a", "b"]]
    assert consumer.chunks == ["a", "b", "cd"]


# -- nothing is cut for what never waits


async def ready_future(value: Any) -> Any:
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    future.set_result(value)
    return await future


async def ready_lock(value: Any) -> Any:
    async with asyncio.Lock():
        return value


async def ready_event(value: Any) -> Any:
    event = asyncio.Event()
    event.set()
    await event.wait()
    return value


async def ready_timeout(value: Any) -> Any:
    if sys.version_info >= (3, 11):
        async with asyncio.timeout(HANGS):
            return value
    return value


async def ready_coroutine(value: Any) -> Any:
    return await ready_lock(await ready_event(value))


async def ready_rows(count: int) -> AsyncIterator[int]:
    for number in range(count):
        yield await ready_future(number)


ROWS = (
    "head{% macro cell(r) %}<td>{{ f(r) }}</td>{% endmacro %}"
    "{% for r in rows(1500) %}<tr>{{ cell(r) }}{% if f(r) %}<td>{{ f(r)|string }}</td>{% endif %}"
    "</tr>{% endfor %}tail"
)


@pytest.mark.parametrize("chunk_size", [None, 0, 1, 700, 5000, 10**9])
@pytest.mark.parametrize(
    "ready", [ready_future, ready_lock, ready_event, ready_timeout, ready_coroutine]
)
@in_loop
async def test_what_never_waits_gets_the_chunks_of_a_sync_render(
    ready: Callable[[Any], Awaitable[Any]], chunk_size: int | None
) -> None:
    template = StreamEnvironment().from_string(ROWS)
    plain = {"f": lambda value: value, "rows": lambda count: list(range(count))}
    expected = list(render_stream(template, plain, chunk_size=chunk_size))
    stream = stream_of(ROWS, {"f": ready, "rows": ready_rows}, chunk_size)
    assert [chunk async for chunk in stream] == expected


@in_loop
async def test_chunks_of_what_never_waits_have_the_chunk_size() -> None:
    source = "{% for r in rows(2000) %}" + "x" * 10 + "{% endfor %}"
    lengths = [len(chunk) async for chunk in stream_of(source, {"rows": ready_rows}, 1000)]
    assert lengths == [1000] * 20


# -- timeouts and cancellation stay on their side


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks are new")
@pytest.mark.parametrize("chunk_size", [None, 0])
@in_loop
async def test_eager_tasks(chunk_size: int | None) -> None:
    if sys.version_info < (3, 12):
        return
    asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
    gate = Gate()
    source = "a{% if gate() %}b{% endif %}{% for n in range(3) %}{{ n }}{% endfor %}"
    consumer = ConsumerTask(stream_of(source, {"gate": gate}, chunk_size))
    await settle()
    assert consumer.text == "a"
    gate.open()
    await consumer.task
    assert consumer.text == "ab012"
    assert [chunk async for chunk in stream_of("plain")] == ["plain"]
