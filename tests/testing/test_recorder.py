"""The recorder: moments of any thread or task, in their order, and messages that show them."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import AsyncIterator

import pytest

from streamtmpl.testing import Recorder, closed


def test_moments_come_in_their_order_from_any_thread_and_task() -> None:
    recorder = Recorder()

    async def task() -> None:
        recorder.note("in a task", 2)

    async def main() -> None:
        await asyncio.create_task(task(), name="a task")

    recorder.note("in the test", 1)
    asyncio.run(main())
    thread = threading.Thread(target=recorder.note, args=("in a thread", 3), name="a thread")
    thread.start()
    thread.join()

    assert [(each.name, each.value) for each in recorder.moments] == [
        ("in the test", 1),
        ("in a task", 2),
        ("in a thread", 3),
    ]
    assert recorder.names == ["in the test", "in a task", "in a thread"]
    assert [each.by for each in recorder.moments[1:]] == ["a task", "a thread"]
    assert recorder["in a thread"].value == 3
    assert ("in a task", 2) in recorder
    assert ("in a task", 1) not in recorder


def test_many_threads_lose_nothing() -> None:
    recorder = Recorder()
    threads = [
        threading.Thread(target=lambda: [recorder.note("x") for _ in range(200)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    places = [each.place for each in recorder.moments]
    assert len(places) == 800
    assert places == sorted(set(places))


def test_the_order_is_asserted() -> None:
    recorder = Recorder()
    for name in ("head", "query", "rows", "query"):
        recorder.note(name)
    recorder.note("row", "green")
    recorder.assert_order("head", "rows", ("row", "green"))
    recorder.assert_order("query", "rows")  # the first time
    with pytest.raises(AssertionError) as raised:
        recorder.assert_order("head", "rows", "query")
    assert re.sub(r"\(\w+\)", "(thread)", str(raised.value)).splitlines() == [
        "'rows' was to come before 'query', but came after it. All that was noted:",
        "     1 head  (thread)",
        "->   2 query  (thread)",
        "->   3 rows  (thread)",
        "     4 query  (thread)",
        "     5 row 'green'  (thread)",
    ]


def test_what_was_not_noted() -> None:
    recorder = Recorder()
    with pytest.raises(AssertionError, match=r"^'query' has not .*; nothing has been noted"):
        recorder["query"]
    recorder.note("query", 1)
    with pytest.raises(AssertionError, match=r"^'query 2' has not been noted. All that was noted:"):
        recorder.assert_order(("query", 1), ("query", 2))


def test_a_moment_is_waited_for() -> None:
    recorder = Recorder()
    timer = threading.Timer(0, recorder.note, args=("late", 1))
    timer.start()
    assert recorder.wait_for("late").value == 1
    timer.join()
    with pytest.raises(AssertionError, match=r"^'never' was not noted within 0\.01 s\. All that"):
        recorder.wait_for("never", 0.01)

    async def main() -> None:
        asyncio.get_running_loop().call_soon(recorder.note, "later")
        assert (await recorder.wait_for_async("later")).name == "later"
        with pytest.raises(AssertionError, match="'never' was not noted"):
            await recorder.wait_for_async("never", 0.01)

    asyncio.run(main())


def test_a_source_notes_what_is_read_of_it_and_its_end() -> None:
    recorder = Recorder()
    source = recorder.source("pull", ["green", "black", "white"])
    assert not closed(source)
    for item in source:
        recorder.note("got", item)
        assert not closed(source)
        if item == "black":
            break
    assert [(each.name, each.value) for each in recorder.moments] == [
        ("pull", "green"),
        ("got", "green"),
        ("pull", "black"),
        ("got", "black"),
        ("pull closed", None),
    ]
    assert closed(source)


@pytest.mark.parametrize("is_async", [False, True])
def test_a_source_in_a_task(is_async: bool) -> None:
    async def numbers() -> AsyncIterator[int]:
        yield 1
        yield 2

    async def main() -> None:
        source = recorder.source("pull", numbers() if is_async else [1, 2])
        assert [item async for item in source] == [1, 2]
        assert closed(source)

    recorder = Recorder()
    asyncio.run(main())
    assert recorder.names == ["pull", "pull", "pull closed"]


def test_an_async_iterable_is_not_for_a_thread() -> None:
    async def numbers() -> AsyncIterator[int]:
        yield 1

    with pytest.raises(TypeError, match="'async for'"):
        list(Recorder().source("pull", numbers()))
