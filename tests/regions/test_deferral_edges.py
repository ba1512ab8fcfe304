"""Deferred regions at their edges: errors while others end, executors that end, what is held."""

from __future__ import annotations

import asyncio
import gc
import logging
import re
import sys
import tracemalloc
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread
from typing import Any

import pytest
from jinja2 import DictLoader

from streamtmpl import StreamEnvironment, render_stream, render_stream_async
from streamtmpl.regions.markup import tail_start
from tests.support.clocks import in_virtual_time, replaced_clock_of_regions
from tests.support.gates import HANGS, ConsumerTask, Gate, in_loop, settle
from tests.support.patched import assembled

modes = pytest.mark.parametrize("deferred", ["patch", "in-order"])

SLOW_ERROR_PART = (
    "A{% defer timeout=0.05 %}{{ fails() }}{% error %}{{ error }}{{ gate() }}{% enddefer %}B"
)


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as executor:
        yield executor


def env(is_async: bool = False) -> StreamEnvironment:
    made = StreamEnvironment(autoescape=True, enable_async=is_async)
    made.patch_script = None
    return made


def text_of(source: str, context: dict[str, Any], **options: Any) -> str:
    return "".join(render_stream(env().from_string(source), context, **options))


async def async_text_of(source: str, context: dict[str, Any], **options: Any) -> str:
    stream = render_stream_async(env(is_async=True).from_string(source), context, **options)
    return "".join([chunk async for chunk in stream])


def fails() -> None:
    raise ValueError("down")


def shown(text: str, deferred: Any) -> str:
    return assembled(text) if deferred == "patch" else text


@modes
def test_an_error_part_that_renders_when_time_is_over_is_shown(
    threads: ThreadPoolExecutor, deferred: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = replaced_clock_of_regions(monkeypatch)

    def gate() -> str:
        clock.now += 0.2
        Event().wait(0.2)  # so that who waits for the region finds its time over
        return "."

    context = {"fails": fails, "gate": gate}
    text = text_of(SLOW_ERROR_PART, context, deferred=deferred, executor=threads)
    assert shown(text, deferred) == "Adown.B"


@modes
@in_virtual_time
async def test_one_of_an_async_environment_is_shown(deferred: Any) -> None:
    async def gate() -> str:
        await asyncio.sleep(0.2)
        return "."

    text = await async_text_of(SLOW_ERROR_PART, {"fails": fails, "gate": gate}, deferred=deferred)
    assert shown(text, deferred) == "Adown.B"


def test_a_region_that_is_dropped_while_it_shows_its_error(threads: ThreadPoolExecutor) -> None:
    showing, dropped = Event(), Event()

    def fails_later() -> None:
        assert showing.wait(HANGS)
        fails()

    def show() -> str:
        showing.set()
        assert dropped.wait(HANGS)
        return "inner"

    source = (
        "{% defer %}{% defer %}{{ fails() }}{% error %}{{ show() }}{% if true %}.{% endif %}"
        "{% for n in [1, 2] %}{{ n }}{% endfor %}{% enddefer %}{{ fails_later() }}"
        "{% error %}outer{{ dropped.set() or '' }}{% enddefer %}"
        "{% defer %}{{ wait() }}{% enddefer %}"
    )
    context = {
        "fails": fails,
        "fails_later": fails_later,
        "show": show,
        "dropped": dropped,
        "wait": lambda: "other" if dropped.wait(HANGS) and not Event().wait(0.1) else "",
    }
    assert assembled(text_of(source, context, executor=threads)) == "outerother"


@modes
def test_an_executor_that_cancels_what_has_not_begun(
    deferred: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR, "streamtmpl.handled")
    """Its lock is held while it does: what asks it for a thread then never returns."""
    placed, began, go_on = Event(), Event(), Event()

    def gate() -> str:
        began.set()
        assert go_on.wait(HANGS)
        return "done"

    environment = env()
    environment.max_deferred = 2
    template = environment.from_string(
        "{% defer %}{{ gate() }}{% enddefer %}|{% for n in range(3) %}{% defer %}{{ n }}"
        "{% error %}<{{ error }}>{% enddefer %}|{% endfor %}{% defer %}4{% enddefer %}"
        "{{ placed.set() or '' }}"
    )
    executor = ThreadPoolExecutor(1)
    chunks: list[str] = []
    context = {"gate": gate, "placed": placed}
    stream = render_stream(template, context, deferred=deferred, executor=executor)
    reader = Thread(target=lambda: chunks.extend(stream), daemon=True)
    reader.start()
    assert began.wait(HANGS)
    assert placed.wait(HANGS)
    ends = Thread(target=lambda: executor.shutdown(wait=False, cancel_futures=True), daemon=True)
    ends.start()
    ends.join(HANGS)
    assert not ends.is_alive()
    go_on.set()
    reader.join(HANGS)
    assert not reader.is_alive()
    cancelled = "<the executor was shut down before the region began>"
    refused = "<cannot schedule new futures after shutdown>"
    parts = shown("".join(chunks), deferred).split("|")
    assert parts == ["done", cancelled, refused, refused, ""]
    assert len(caplog.records) == 1


def test_threads_that_cannot_begin() -> None:
    def initializer() -> None:
        raise OSError("no connection")

    executor = ThreadPoolExecutor(1, initializer=initializer)
    text = text_of("[{% defer %}x{% error %}e{% enddefer %}]" * 20, {}, executor=executor)
    executor.shutdown()
    assert assembled(text) == "[e]" * 20


@in_virtual_time
async def test_a_captured_region_whose_error_part_takes_longer_is_shown() -> None:
    async def gate() -> str:
        await asyncio.sleep(0.2)
        return "."

    source = f"{{% set text %}}{SLOW_ERROR_PART}{{% endset %}}{{{{ text }}}}"
    assert await async_text_of(source, {"fails": fails, "gate": gate}) == "Adown.B"


class Fatal(BaseException):
    """No error that a page could show."""


@modes
@pytest.mark.parametrize("first", [0.0, 0.05])
@in_virtual_time
async def test_what_is_no_exception_ends_the_stream(deferred: Any, first: float) -> None:
    async def gate() -> str:
        await asyncio.sleep(first)
        raise Fatal

    source = "A{% defer %}{{ gate() }}{% error %}e{% enddefer %}B{% defer %}x{% enddefer %}"
    with pytest.raises(Fatal):
        await async_text_of(source, {"gate": gate}, deferred=deferred)


@in_loop
async def test_a_region_that_is_ready_commits_nothing() -> None:
    region, document = Gate(), Gate()
    source = (
        "A{% defer %}{{ region() }}{% enddefer %}B{{ document() }}{% block head %}{% endblock %}"
        "{{ fails() }}"
    )
    context = {"region": region, "document": document, "fails": fails}
    template = env(is_async=True).from_string(source)
    consumer = ConsumerTask(
        render_stream_async(template, context, deferred="in-order", commit_after="head")
    )
    await settle()
    region.open()
    await settle()
    assert consumer.text == ""
    document.open()
    with pytest.raises(ValueError, match="down"):
        await consumer.task


SEEN_LATER = {
    "self": "{% set x = 1 %}{% block b %}{{ x }}{% endblock %}{% defer %}{{ self.b() }}"
    "{% enddefer %}{% set x = 2 %}",
    "recursion": "{% set x = 1 %}{% for row in rows recursive %}{{ x }}{% if row %}{% defer %}"
    "{{ loop(row) }}{% enddefer %}{% endif %}{% endfor %}{% set x = 2 %}",
    "include": "{% for n in some() %}{{ loop.index }}{% defer %}{% include 'loop' %}{% enddefer %}"
    "{% endfor %}",
    "item": "{% for n in some() %}{% defer %}{{ loop['last'] }}{% enddefer %}{% endfor %}",
    "argument": "{% macro last(loop) %}{{ loop.last }}{% endmacro %}{% for n in some() %}"
    "{% defer %}{{ last(loop) }}{% enddefer %}{% endfor %}",
}


@modes
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("case", SEEN_LATER)
def test_what_goes_on_after_the_region(case: str, is_async: bool, deferred: Any) -> None:
    environment = env(is_async)
    environment.loader = DictLoader({"loop": "{{ loop.index }}{{ loop.last }}"})
    context = {"rows": [[[], [[]]]], "some": lambda: iter([1, 2])}
    plain = re.sub(r"{% (end)?defer %}", "", SEEN_LATER[case])
    template = environment.from_string(SEEN_LATER[case])

    async def render() -> str:
        stream = render_stream_async(template, context, deferred=deferred)
        return "".join([chunk async for chunk in stream])

    text = asyncio.run(render())
    assert shown(text, deferred) == environment.from_string(plain).render(context)


LARGE = 100_000


@modes
@pytest.mark.parametrize("kind", ["in turn", "threads", "async"])
def test_what_has_been_handed_over_is_not_kept(
    threads: ThreadPoolExecutor, kind: str, deferred: Any
) -> None:
    source = (
        "{% for n in range(60) %}{% defer %}{{ n }}{{ text }}{% enddefer %}{% flush %}{% endfor %}"
    )
    context = {"text": "x" * LARGE}
    executor = threads if kind == "threads" else None
    template = env(kind == "async").from_string(source)

    async def read() -> tuple[int, int]:
        """How long the page is, and how much memory is in use when all of it has been taken."""
        stream = render_stream_async(template, context, deferred=deferred, executor=executor)
        length = 0
        while chunk := await anext(stream, ""):
            length += len(chunk)
        for _ in range(200):  # the threads may still be about to let go of what they rendered last
            gc.collect()
            if tracemalloc.get_traced_memory()[0] < 10 * LARGE:
                break
            await asyncio.sleep(0.01)
        return length, tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        length, kept = asyncio.run(read())
    finally:
        tracemalloc.stop()
    assert length > 60 * LARGE
    assert kept < 10 * LARGE


@modes
def test_a_stream_that_ended_leaves_nothing_for_the_garbage_collector(deferred: Any) -> None:
    class Data:
        pass

    source = (
        "{% for n in [1, 2] %}{% defer %}{{ data is defined }}{% defer %}{% enddefer %}"
        "{% enddefer %}{% endfor %}"
    )
    template = env().from_string(source)
    data = Data()
    gone = weakref.ref(data)
    gc.disable()
    try:
        stream = render_stream(template, {"data": data}, deferred=deferred)
        del data
        text = "".join(stream)
        del stream
        assert gone() is None
    finally:
        gc.enable()
    assert shown(text, deferred) == "TrueTrue"


def test_in_order_a_large_region_does_not_hold_those_that_follow(
    threads: ThreadPoolExecutor,
) -> None:
    began = [Event() for _ in range(20)]

    def rows() -> Iterator[int]:
        for n in range(20):
            yield n
            assert began[n].wait(HANGS)

    source = (
        "{% for n in rows() %}{% defer %}{{ began[n].set() or text }}{% enddefer %}{% flush %}"
        "{% endfor %}"
    )
    context = {"rows": rows, "began": began, "text": "x" * LARGE}
    text = text_of(source, context, deferred="in-order", executor=threads)
    assert len(text) == 20 * LARGE


@modes
def test_a_time_limit_longer_than_the_system_can_wait(
    threads: ThreadPoolExecutor, deferred: Any
) -> None:
    context = {"gate": lambda: Event().wait(0.1) or "x"}
    source = "[{% defer timeout=1e10 %}{{ gate() }}{% enddefer %}]"
    assert shown(text_of(source, context, deferred=deferred, executor=threads), deferred) == "[x]"


@pytest.mark.parametrize("text", ["</html><!--", "</body>", "</body><!-- x -->"])
def test_the_search_for_the_last_end_tags_takes_no_time_that_grows(text: str) -> None:
    calls = 0

    def trace(frame: Any, event: str, arg: Any) -> Any:
        nonlocal calls
        calls += event == "line"
        return trace

    page = text * 20_000
    sys.settrace(trace)
    try:
        start = tail_start(page)
    finally:
        sys.settrace(None)
    assert len(page) - start <= 1024
    assert calls < 1000
