"""A page that waits for nothing is rendered at once, in a task all the same."""

from __future__ import annotations

import asyncio
import gc
import sys
import weakref
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import pytest

from streamtmpl import StreamClosedError, StreamEnvironment, render_stream_async
from tests.support.gates import Gate, in_loop, needs_timeout, settle, stream_of

user: ContextVar[str] = ContextVar("user", default="nobody")


@in_loop
async def test_a_small_page_does_not_suspend_its_consumer() -> None:
    step: Any = stream_of("Hello {{ name }}!", {"name": "Ann"}).__anext__()
    with pytest.raises(StopIteration) as stop:
        step.send(None)
    assert stop.value.value == "Hello Ann!"


@in_loop
async def test_without_eager_tasks_it_has_the_event_loop_turn_once() -> None:
    asyncio.get_running_loop().set_task_factory(lazily([]))
    waits = 0

    class Counted:
        def __await__(self) -> Any:
            nonlocal waits
            step = stream_of("Hello").__anext__().__await__()
            try:
                while True:
                    value = step.send(None)
                    waits += 1
                    yield value
            except StopIteration as stop:
                return stop.value

    assert await Counted() == "Hello"
    assert waits == 1


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="tasks can begin at once")
@in_loop
async def test_tasks_that_are_not_those_of_cpython_have_their_first_step_when_it_is_their_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if sys.version_info >= (3, 12):
        return
    from streamtmpl.chunks import at_once  # noqa: PLC0415 - there is none later

    monkeypatch.setattr(at_once, "KNOWN", False)
    consumer = asyncio.ensure_future(anext(stream_of("Hello")))
    await asyncio.sleep(0)
    assert not consumer.done()
    assert await consumer == "Hello"
    assert [chunk async for chunk in stream_of("a{% flush %}b")] == ["a", "b"]


@in_loop
async def test_each_further_chunk_takes_one_turn_of_the_event_loop() -> None:
    loop = asyncio.get_running_loop()
    turns: list[asyncio.Handle] = []

    def tick() -> None:
        turns.append(loop.call_soon(tick))

    tick()
    taken = []
    stream = stream_of("a{% flush %}b{% flush %}c{% flush %}d")
    async for chunk in stream:
        taken.append((chunk, len(turns) - 1))
    turns[-1].cancel()
    assert taken == [("a", 0), ("b", 1), ("c", 2), ("d", 3)]


@in_loop
async def test_after_the_only_chunk_the_end_is_known() -> None:
    stream = stream_of("Hello")
    assert await anext(stream) == "Hello"
    assert stream.over
    with pytest.raises(StopAsyncIteration):
        await anext(stream)
    several = stream_of("a{% flush %}b")
    assert [(chunk, several.over) async for chunk in several] == [("a", False), ("b", True)]


@in_loop
async def test_the_first_step_is_one_of_the_renders_task() -> None:
    tasks = []

    def note() -> str:
        tasks.append(asyncio.current_task())
        return ""

    stream = stream_of("{{ note() }}{{ sleep(0) }}{{ note() }}", {"note": note, "sleep": rest})
    assert [chunk async for chunk in stream] == ["None"]
    assert tasks[0] is tasks[1] is not None
    assert asyncio.current_task() not in tasks


async def rest(seconds: float) -> None:
    await asyncio.sleep(seconds)


def current_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None
    return task


@in_loop
async def test_a_task_that_is_looked_at_in_its_only_step_has_ended_soon() -> None:
    tasks: list[asyncio.Task[Any]] = []

    def look() -> str:
        tasks.append(current_task())
        assert tasks[0] in asyncio.all_tasks() or not tasks[0].done()
        return tasks[0].get_loop().__class__.__name__

    stream = stream_of("{{ look() }}", {"look": look})
    assert await anext(stream) == asyncio.get_running_loop().__class__.__name__
    await settle()
    assert tasks[0].done()
    assert tasks[0].result() is None
    assert isinstance(tasks[0], asyncio.Task)


@in_loop
async def test_a_task_that_is_kept_in_its_only_step_can_be_looked_at_when_that_is_over() -> None:
    tasks: list[asyncio.Task[Any]] = []
    stream = stream_of("{{ keep() }}", {"keep": lambda: tasks.append(current_task())})
    assert await anext(stream) == "None"
    (task,) = tasks
    assert repr(task).startswith("<Task ")
    await asyncio.wait_for(task, 20)
    assert (task.done(), task.result(), task.cancel()) == (True, None, False)


@in_loop
async def test_tasks_that_nobody_keeps_are_gone() -> None:
    kept = weakref.WeakSet[asyncio.Task[Any]]()
    stream = stream_of("{{ keep() }}", {"keep": lambda: kept.add(current_task())})
    assert await anext(stream) == "None"
    del stream
    await settle()
    gc.collect()
    assert not kept


@in_loop
async def test_a_task_that_is_looked_at_in_its_first_step_is_the_one_that_waits() -> None:
    names: list[str] = []

    def look() -> str:
        current_task().set_name(current_task().get_name() + "!")
        names.append(current_task().get_name())
        return ""

    source = "{{ look() }}{% if sleep(0) %}{% endif %}{{ look() }}"
    assert [chunk async for chunk in stream_of(source, {"look": look, "sleep": rest})] == []
    assert names[1] == names[0] + "!"
    assert current_task().get_name() not in names


@pytest.mark.parametrize("waits", [False, True])
@in_loop
async def test_a_render_that_cancels_its_own_task_in_the_first_step(waits: bool) -> None:
    async def cancel() -> str:
        current_task().cancel()
        if waits:
            await Gate()()
        return "done"

    stream = stream_of("{{ cancel() }}", {"cancel": cancel})
    if waits:
        with pytest.raises(asyncio.CancelledError):
            await anext(stream)
    else:
        assert await anext(stream) == "done"
    assert current_task().cancel() is True  # the consumer's has not been
    with pytest.raises(asyncio.CancelledError):
        await asyncio.sleep(0)


@in_loop
async def test_to_cancel_a_render_before_its_second_step_cancels_what_it_waits_for() -> None:
    waiting = asyncio.ensure_future(Gate()())
    step = asyncio.ensure_future(anext(stream_of("{{ wait() }}", {"wait": lambda: waiting})))
    await asyncio.sleep(0)
    (render,) = (task for task in asyncio.all_tasks() if "._render()" in repr(task))
    render.cancel()
    with pytest.raises(asyncio.CancelledError):
        await step
    assert waiting.cancelled()


@in_loop
async def test_a_future_that_is_ready_before_the_second_step_takes_no_further_turn() -> None:
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    order: list[str] = []

    def note(text: str) -> str:
        order.append(text)
        return text

    stream = stream_of("{{ note(wait()) }}", {"note": note, "wait": lambda: ready})
    step = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)  # the step's, and with it the first one of the render
    ready.set_result("ready")
    asyncio.get_running_loop().call_soon(asyncio.get_running_loop().call_soon, note, "later")
    assert await step == "ready"
    assert order[0] == "ready"


@in_loop
async def test_a_first_step_within_another_one_is_that_of_a_task_of_its_own() -> None:
    async def inner() -> str:
        outer = current_task()
        tasks: list[Any] = []
        stream = stream_of("{{ note() }}", {"note": lambda: tasks.append(current_task())})
        assert [chunk async for chunk in stream] == ["None"]
        assert tasks != [outer]
        assert current_task() is outer
        return "in"

    consumer = current_task()
    assert [chunk async for chunk in stream_of("{{ inner() }}", {"inner": inner})] == ["in"]
    assert current_task() is consumer


@needs_timeout
@in_loop
async def test_a_timeout_in_the_first_step_cancels_the_render_alone() -> None:
    if sys.version_info < (3, 11):
        return

    async def call() -> str:
        try:
            async with asyncio.timeout(0):
                await Gate()()
        except TimeoutError:
            return "late"
        return "never"

    consumer = asyncio.current_task()
    assert consumer is not None
    assert [chunk async for chunk in stream_of("{{ call() }}", {"call": call})] == ["late"]
    assert consumer.cancelling() == 0


@in_loop
async def test_the_first_step_has_the_context_variables_of_the_others() -> None:
    def rename() -> str:
        user.set(f"{user.get()} 2")
        return user.get()

    user.set("Ann")
    variables = {"rename": rename, "sleep": rest}
    stream = stream_of("{{ rename() }}{% if sleep(0) %}{% endif %}, {{ rename() }}", variables)
    user.set("Bo")
    assert "".join([chunk async for chunk in stream]) == "Ann 2, Ann 2 2"
    assert user.get() == "Bo"


@in_loop
async def test_what_is_held_back_is_not_taken_while_the_first_step_waits() -> None:
    template = StreamEnvironment(enable_async=True).from_string(
        "head{% block main %}{% if gate() %}main{% endif %}{% endblock %}{% flush %}rest"
    )
    gate = Gate()
    stream = render_stream_async(template, {"gate": gate}, commit_after="main")
    taking = asyncio.ensure_future(anext(stream))
    await settle()
    assert not taking.done()
    gate.open()
    assert await taking == "headmain"
    await stream.aclose()


@in_loop
async def test_the_template_closes_its_stream_in_the_first_step() -> None:
    async def close() -> str:
        await stream.aclose()
        return "never"

    stream = stream_of("{{ close() }}text", {"close": close})
    with pytest.raises(StreamClosedError):
        await anext(stream)
    await stream.aclose()


@in_loop
async def test_an_error_of_the_first_step_is_raised_and_ends_the_stream() -> None:
    stream = stream_of("text{{ 1 // 0 }}")
    with pytest.raises(ZeroDivisionError):
        await anext(stream)
    with pytest.raises(StreamClosedError):
        await anext(stream)


def lazily(seen: list[Any]) -> Callable[..., asyncio.Task[Any]]:
    def factory(loop: Any, coroutine: Any, **kwargs: Any) -> asyncio.Task[Any]:
        seen.append(coroutine)
        kwargs.pop("eager_start", None)
        return asyncio.Task(coroutine, loop=loop, **kwargs)

    return factory


@in_loop
async def test_an_event_loop_with_a_task_factory_makes_the_task() -> None:
    seen: list[Any] = []
    asyncio.get_running_loop().set_task_factory(lazily(seen))
    assert [chunk async for chunk in stream_of("a{% flush %}b")] == ["a", "b"]
    assert len(seen) == 1


@in_loop
async def test_a_task_factory_that_fails_ends_the_stream(caplog: pytest.LogCaptureFixture) -> None:
    def fail(loop: Any, coroutine: Any, **kwargs: Any) -> Any:
        coroutine.close()
        raise OSError("no more tasks")

    asyncio.get_running_loop().set_task_factory(fail)
    stream = stream_of("text")
    with pytest.raises(OSError, match="no more tasks"):
        await anext(stream)
    asyncio.get_running_loop().set_task_factory(None)
    await stream.aclose()
    assert not caplog.records  # nor was there anything to be closed


@pytest.mark.parametrize("eager", [True, False])
@in_loop
async def test_a_consumer_that_is_cancelled_in_its_first_turn_closes_the_render(
    eager: bool,
) -> None:
    closed: list[bool] = []

    async def call() -> None:
        try:
            await Gate()()
        finally:
            closed.append(True)

    if not eager:
        asyncio.get_running_loop().set_task_factory(lazily([]))
    consumer = asyncio.ensure_future(anext(stream_of("{{ call() }}", {"call": call})))
    await asyncio.sleep(0)
    consumer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await consumer
    assert closed == [True]
