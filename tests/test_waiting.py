"""While a render waits, the consumer has every run that was finished before; nothing else is cut.

The tests go by the order of events: what a template waits for is a gate that the test opens.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterator
from typing import Any

import jinja2
import pytest
import trio
import trio.testing

from streamtmpl import (
    AsyncChunkStream,
    StreamClosedError,
    StreamEnvironment,
    render_stream,
    render_stream_async,
)

EXTENSIONS = ["jinja2.ext.do", "jinja2.ext.loopcontrols"]
HANGS = 20
"""Seconds after which a test that hangs is given up."""

needs_timeout = pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio.timeout is new")


def in_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a coroutine function as a test, and see that it leaves no task behind."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        async def main() -> None:
            await asyncio.wait_for(test(*args, **kwargs), HANGS)
            assert asyncio.all_tasks() == {asyncio.current_task()}

        asyncio.run(main())

    return run


async def settle() -> None:
    """Let everything run that can run."""
    for _ in range(50):
        await asyncio.sleep(0)


class Gate:
    """What a template waits for."""

    def __init__(self, *, is_open: bool = False) -> None:
        self.waiters = 0
        self._event = asyncio.Event()
        if is_open:
            self._event.set()

    def open(self) -> None:
        self._event.set()

    async def __call__(self, value: Any = "w") -> Any:
        self.waiters += 1
        await self._event.wait()
        return value


class Consumer:
    """Takes chunks as they come."""

    def __init__(self, stream: AsyncChunkStream[str]) -> None:
        self.chunks: list[str] = []
        self.task = asyncio.create_task(self._consume(stream))

    async def _consume(self, stream: AsyncChunkStream[str]) -> None:
        async with stream:
            async for chunk in stream:
                self.chunks.append(chunk)

    @property
    def text(self) -> str:
        return "".join(self.chunks)


def streaming(sources: dict[str, str] | str = "") -> StreamEnvironment:
    templates = {"main": sources} if isinstance(sources, str) else sources
    return StreamEnvironment(
        loader=jinja2.DictLoader(templates), extensions=EXTENSIONS, enable_async=True
    )


def stream_of(
    source: str, context: dict[str, Any] | None = None, chunk_size: int | None = None
) -> AsyncChunkStream[str]:
    template = streaming(source).get_template("main")
    return render_stream_async(template, context, chunk_size=chunk_size)


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
    consumer = Consumer(
        render_stream_async(environment.get_template("main"), context, chunk_size=chunk_size)
    )
    await settle()
    assert gate.waiters == 1
    assert consumer.text == before
    gate.open()
    await consumer.task
    total = await expected_text(sources)
    assert consumer.text == total
    if chunk_size is None:
        assert consumer.chunks == [text for text in (before, total[len(before) :]) if text]


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
    consumer = Consumer(stream_of(source, {"rows": rows}))
    await settle()
    assert gate.waiters == 1
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
    consumer = Consumer(stream_of(source, {"wait": lambda index: gates[index]("")}))
    seen = []
    for gate in gates:
        await settle()
        assert gate.waiters == 1
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
    "{% for r in rows(3000) %}<tr>{{ cell(r) }}{% if f(r) %}<td>{{ f(r)|string }}</td>{% endif %}"
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
        assert gate.waiters == 1  # nobody has taken anything since
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
    assert gate.waiters == 1
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


# -- timeouts and cancellation stay on their side


def expire(timeout: Any) -> None:
    """Let an asyncio.timeout() run out now, whatever the clock says."""
    timeout.reschedule(asyncio.get_running_loop().time())


async def too_late(awaitable: Awaitable[Any]) -> None:
    """Await it under a timeout that runs out at once."""
    if sys.version_info >= (3, 11):
        async with asyncio.timeout(None) as timeout:
            expire(timeout)
            await awaitable


async def read(stream: AsyncChunkStream[str], chunks: list[str]) -> None:
    """Put the chunks of a stream into a list that is there when it fails."""
    async for chunk in stream:
        chunks.append(chunk)


def assert_not_cancelled(task: asyncio.Task[Any] | None) -> None:
    assert task is not None
    if sys.version_info >= (3, 11):
        assert task.cancelling() == 0


@needs_timeout
@in_loop
async def test_a_timeout_in_a_call_fires_there_and_nowhere_else() -> None:
    if sys.version_info < (3, 11):
        return
    gate = Gate()

    async def call() -> str:
        try:
            async with asyncio.timeout(None) as timeout:
                expire(timeout)
                await gate()
        except TimeoutError:
            return "late"
        return "never"

    consumer = Consumer(stream_of("a{% if 1 %}{% endif %}{{ call() }}", {"call": call}))
    await consumer.task
    assert consumer.text == "alate"
    assert_not_cancelled(consumer.task)


@needs_timeout
@in_loop
async def test_a_timeout_nobody_handles_reaches_the_consumer_as_an_error() -> None:
    if sys.version_info < (3, 11):
        return
    gate = Gate()

    async def call() -> None:
        async with asyncio.timeout(None) as timeout:
            expire(timeout)
            await gate()

    stream = stream_of("a{% if call() %}{% endif %}", {"call": call})
    assert await anext(stream) == "a"
    with pytest.raises(TimeoutError):
        await anext(stream)
    assert_not_cancelled(asyncio.current_task())


@needs_timeout
@pytest.mark.parametrize("chunk_size", [None, 0])
@in_loop
async def test_a_timeout_around_yields_never_cancels_a_slow_consumer(
    chunk_size: int | None,
) -> None:
    if sys.version_info < (3, 11):
        return
    scopes: list[Any] = []
    closed: list[bool] = []

    async def rows() -> AsyncIterator[int]:
        try:
            async with asyncio.timeout(None) as timeout:
                scopes.append(timeout)
                for number in range(100):
                    yield number
                    await asyncio.sleep(0)
        finally:
            closed.append(True)

    source = "{% for r in rows() %}{{ r }}{% endfor %}"
    stream = stream_of(source, {"rows": rows}, chunk_size)
    assert await anext(stream) == "0"
    expire(scopes[0])
    await settle()  # the consumer is busy with its chunk; the timeout fires meanwhile
    assert_not_cancelled(asyncio.current_task())
    with pytest.raises(Exception):  # noqa: B017, PT011 - any error, but no CancelledError
        async for _ in stream:
            pass
    assert_not_cancelled(asyncio.current_task())
    assert closed == [True]


@needs_timeout
@in_loop
async def test_a_timeout_of_the_consumer_outside_of_a_step_leaves_the_render_alone() -> None:
    if sys.version_info < (3, 11):
        return
    gate, cancelled = Gate(), []

    async def call() -> str:
        try:
            async with asyncio.timeout(HANGS):
                return str(await gate())
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    stream = stream_of("a{% if call() %}b{% endif %}", {"call": call})
    assert await anext(stream) == "a"
    await settle()
    with pytest.raises(TimeoutError):
        await too_late(Gate()())
    assert not cancelled
    gate.open()
    assert [chunk async for chunk in stream] == ["b"]


@needs_timeout
@in_loop
async def test_scopes_of_consumer_and_template_may_overlap() -> None:
    if sys.version_info < (3, 11):
        return

    async def rows() -> AsyncIterator[int]:
        for number in range(6):
            async with asyncio.timeout(HANGS):
                yield number
                await asyncio.sleep(0)

    stream = stream_of("{% for r in rows() %}{{ r }}{% endfor %}", {"rows": rows}, 0)
    chunks = []
    while chunks[-1:] != ["end"]:
        async with asyncio.timeout(HANGS), asyncio.TaskGroup() as group:
            group.create_task(settle())
            chunks.append(await anext(stream, "end"))
    assert chunks == ["0", "1", "2", "3", "4", "5", "end"]


@needs_timeout
@in_loop
async def test_a_timeout_of_the_consumer_in_a_step_closes_the_render() -> None:
    if sys.version_info < (3, 11):
        return
    gate, seen = Gate(), []

    async def call() -> None:
        try:
            async with asyncio.timeout(HANGS):
                await gate()
        except BaseException as error:
            seen.append(type(error))
            raise

    stream = stream_of("a{% if call() %}b{% endif %}", {"call": call})
    assert await anext(stream) == "a"
    with pytest.raises(TimeoutError):
        await too_late(anext(stream))
    assert seen == [asyncio.CancelledError]  # closed: it is not the template's own timeout
    assert_not_cancelled(asyncio.current_task())
    await settle()


@pytest.mark.parametrize("at", ["wait", "cut"])
@in_loop
async def test_cancelling_the_consumer_unwinds_the_template(at: str) -> None:
    gate, events = Gate(), []

    async def rows() -> AsyncIterator[int]:
        try:
            for number in range(100):
                yield number
                if at == "wait" and number == 1:
                    await gate()
        finally:
            await asyncio.sleep(0)
            events.append("closed")

    async def consume() -> None:
        stream = stream_of("{% for r in rows() %}{{ r }}{% endfor %}", {"rows": rows}, 0)
        async with stream:
            async for chunk in stream:
                events.append(chunk)
                if at == "cut" and chunk == "1":
                    await gate()

    task = asyncio.create_task(consume())
    await settle()
    assert gate.waiters == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert events == ["0", "1", "closed"]


@in_loop
async def test_a_template_that_swallows_the_cancellation_ends_at_the_next_cut() -> None:
    gate, pulled = Gate(), []

    async def stubborn() -> str:
        try:
            return str(await gate())
        except asyncio.CancelledError:
            return "swallowed"

    async def rows() -> AsyncIterator[int]:
        for number in range(1000):
            pulled.append(number)
            yield number

    source = "a{% if stubborn() %}{% for r in rows() %}{{ r }}{% endfor %}{% endif %}"
    stream = stream_of(source, {"stubborn": stubborn, "rows": rows}, 0)
    assert await anext(stream) == "a"
    await settle()
    await stream.aclose()
    assert len(pulled) <= 1


@in_loop
async def test_a_stream_closed_by_another_task_does_not_cancel_the_consumer() -> None:
    gate = Gate()
    stream = stream_of("a{% if gate() %}b{% endif %}", {"gate": gate})
    assert await anext(stream) == "a"
    step = asyncio.ensure_future(anext(stream))
    await settle()
    await stream.aclose()
    with pytest.raises(StreamClosedError):
        await step
    assert not step.cancelled()


@in_loop
async def test_a_chunk_at_a_cut_is_lost_when_the_stream_is_closed() -> None:
    stream = stream_of("{% for n in range(9) %}{{ n }}{% endfor %}", None, 0)
    assert await anext(stream) == "0"
    await settle()
    await stream.aclose()
    with pytest.raises(StreamClosedError):
        await anext(stream)


@in_loop
async def test_an_error_after_a_wait_comes_after_the_text_before_it() -> None:
    gate = Gate()
    stream = stream_of("a{% set x = gate() %}b{{ 1 // 0 }}", {"gate": gate})
    assert await anext(stream) == "a"
    gate.open()
    with pytest.raises(ZeroDivisionError):
        await anext(stream)
    assert await anext(stream, "ended") == "ended"


@in_loop
async def test_stop_async_iteration_of_user_code_is_not_the_end() -> None:
    def fail() -> None:
        raise StopAsyncIteration("from a call")

    chunks: list[str] = []
    with pytest.raises(RuntimeError):
        await read(stream_of("a{% flush %}{{ fail() }}", {"fail": fail}), chunks)
    assert chunks == ["a"]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks are new")
@pytest.mark.parametrize("chunk_size", [None, 0])
@in_loop
async def test_eager_tasks(chunk_size: int | None) -> None:
    if sys.version_info < (3, 12):
        return
    asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
    gate = Gate()
    source = "a{% if gate() %}b{% endif %}{% for n in range(3) %}{{ n }}{% endfor %}"
    consumer = Consumer(stream_of(source, {"gate": gate}, chunk_size))
    await settle()
    assert consumer.text == "a"
    gate.open()
    await consumer.task
    assert consumer.text == "ab012"
    assert [chunk async for chunk in stream_of("plain")] == ["plain"]


# -- trio


def trio_stream(events: list[str], chunk_size: int | None) -> AsyncChunkStream[str]:
    async def rows() -> AsyncIterator[int]:
        try:
            for number in range(5):
                await trio.lowlevel.checkpoint()
                with trio.move_on_after(HANGS):
                    await trio.sleep(0)
                yield number
        finally:
            with trio.CancelScope(shield=True):
                await trio.lowlevel.checkpoint()
            events.append("closed")

    return stream_of("head{% for r in rows() %}<{{ r }}>{% endfor %}", {"rows": rows}, chunk_size)


@pytest.mark.parametrize("chunk_size", [None, 0])
def test_trio_renders(chunk_size: int | None) -> None:
    events: list[str] = []

    async def main() -> list[str]:
        with trio.fail_after(HANGS):
            return [chunk async for chunk in trio_stream(events, chunk_size)]

    chunks = trio.run(main)
    assert "".join(chunks) == "head<0><1><2><3><4>"
    assert events == ["closed"]
    # No boundary lies between the head and the first iteration's end.
    assert len(chunks) == (1 if chunk_size is None else 5)


def test_trio_closes() -> None:
    events: list[str] = []

    async def main() -> None:
        with trio.fail_after(HANGS):
            async with trio_stream(events, 0) as stream:
                events.append(await anext(stream))

    trio.run(main)
    assert events == ["head<0>", "closed"]


def test_trio_cancels() -> None:
    events: list[str] = []

    async def call() -> None:
        try:
            await trio.sleep_forever()
        finally:
            events.append("unwound")

    async def main() -> None:
        with trio.move_on_after(HANGS) as scope:
            stream = stream_of("a{% flush %}{% if call() %}{% endif %}", {"call": call})
            async with stream:
                events.append(await anext(stream))
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(anext, stream)
                    await trio.testing.wait_all_tasks_blocked()
                    scope.cancel()
        assert scope.cancelled_caught

    trio.run(main)
    gc.collect()
    assert events == ["a", "unwound"]


def test_trio_error() -> None:
    async def main() -> None:
        stream = stream_of("a{% flush %}{{ 1 // 0 }}")
        assert await anext(stream) == "a"
        with pytest.raises(ZeroDivisionError):
            await anext(stream)

    trio.run(main)
