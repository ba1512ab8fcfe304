"""A stream that has broken is never taken for one that is complete; nor is one copied."""

from __future__ import annotations

import asyncio
import copy
import gc
import pickle
import sys
import threading
import weakref
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from streamtmpl import StreamClosedError, StreamEnvironment, render_stream, render_stream_async
from tests.support.gates import Gate, in_loop

SYNC, ASYNC = StreamEnvironment(), StreamEnvironment(enable_async=True)
ROWS = "{% for n in rows %}{{ n }}{% endfor %}"


@in_loop
async def test_after_a_wait_that_timed_out_the_stream_is_closed() -> None:
    stream = render_stream_async(ASYNC.from_string("a{% flush %}{{ gate() }}"), {"gate": Gate()})
    assert await anext(stream) == "a"
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(anext(stream), 0.01)
    for _ in range(2):
        with pytest.raises(StreamClosedError, match="closed, or has ended with an error"):
            await anext(stream)


@in_loop
async def test_after_a_wait_for_a_thread_that_timed_out_the_stream_is_closed() -> None:
    opened = threading.Event()
    context = {"wait": lambda: opened.wait(20)}
    stream = render_stream_async(SYNC.from_string("a{% flush %}{{ wait() }}"), context)
    assert await anext(stream) == "a"
    step = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0.01)
    step.cancel()
    opened.set()
    with pytest.raises(asyncio.CancelledError):
        await step
    with pytest.raises(StreamClosedError):
        await anext(stream)


@in_loop
async def test_a_render_whose_task_somebody_cancels_does_not_end_as_if_it_were_complete() -> None:
    for steps in (1, 3):  # the task has not begun; it waits
        stream = render_stream_async(ASYNC.from_string("{{ gate() }}b"), {"gate": Gate()})
        step = asyncio.ensure_future(anext(stream))
        for _ in range(steps):
            await asyncio.sleep(0)
        for task in asyncio.all_tasks() - {asyncio.current_task(), step}:
            if "_render" in repr(task):
                task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await step
        with pytest.raises(StreamClosedError):
            await anext(stream)


def stream_of_three() -> Any:
    return render_stream(SYNC.from_string(ROWS), {"rows": iter(range(3))}, chunk_size=0)


@pytest.mark.parametrize("take", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_stream_cannot_be_copied(take: Any) -> None:
    stream = stream_of_three()
    assert next(stream) == "0"
    with pytest.raises(TypeError, match="cannot copy or pickle <ChunkStream open>"):
        take(stream)
    gc.collect()
    assert list(stream) == ["1", "2"]


@pytest.mark.parametrize("take", [copy.copy, copy.deepcopy, pickle.dumps])
@in_loop
async def test_an_async_stream_cannot_be_copied(take: Any) -> None:
    stream = render_stream_async(ASYNC.from_string(ROWS), {"rows": range(3)}, chunk_size=0)
    assert await anext(stream) == "0"
    with pytest.raises(TypeError, match="cannot copy or pickle <AsyncChunkStream open>"):
        take(stream)
    assert [chunk async for chunk in stream] == ["1", "2"]


class Data:
    """What a template is rendered with."""


@pytest.mark.filterwarnings("ignore")  # asyncio and Python tell of what the closed loop left behind
def test_streams_of_an_event_loop_closed_by_hand_are_let_go(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)
    template = ASYNC.from_string("a{% flush %}{{ gate() }}")

    async def begin(data: list[Any]) -> None:
        for _ in range(50):
            context = {"gate": Gate(), "data": Data()}
            data.append(weakref.ref(context["data"]))
            stream = render_stream_async(template, context)
            await anext(stream)
            context["stream"] = stream  # only the template's own data leads to it
            del context, stream

    data: list[Any] = []
    loop = asyncio.new_event_loop()
    loop.run_until_complete(begin(data))
    loop.close()
    del loop

    async def other() -> None:
        async with render_stream_async(template, {"gate": Gate()}) as stream:
            await anext(stream)

    asyncio.run(other())
    for _ in range(3):  # a task whose finalizer tells of it is there for one more collection
        gc.collect()
    assert [each for each in data if each() is not None] == []
    caplog.clear()


def test_closing_gets_its_turn_between_two_steps_of_another_thread() -> None:
    began, closing = threading.Event(), threading.Event()
    late: list[int] = []

    def rows() -> Iterator[int]:
        for number in count():
            if number == 100:
                began.set()
            if closing.is_set():
                late.append(number)
            yield number

    stream = render_stream(SYNC.from_string(ROWS), {"rows": rows()}, chunk_size=0)

    def consume() -> None:
        with pytest.raises(StreamClosedError):
            for _ in stream:
                pass

    thread = threading.Thread(target=consume)
    thread.start()
    assert began.wait(20)
    for _ in range(20):
        before = len(late)
        closing.set()
        stream._in_turn(lambda: None)  # what closing waits for
        closing.clear()
        # A step that has begun when the turn is wanted ends first; and the clear takes a moment.
        assert before <= len(late)
    stream.close()
    thread.join(20)
    assert not thread.is_alive()
