"""Gates: who waits at one, in a thread, on asyncio or on trio, goes on when the test says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from streamtmpl.testing import Gate, assert_closed, closed, gate

trio = pytest.importorskip("trio")

Way = Callable[[Gate, str], Any]


def in_thread(source: Gate, use: str) -> Any:
    return list(source) if use == "iterate" else source.wait("result")


async def in_task(source: Gate, use: str) -> Any:
    if use == "iterate":
        return [item async for item in source]
    return await source.wait_async("result")


def on_asyncio(source: Gate, use: str) -> Any:
    return asyncio.run(in_task(source, use))


def on_trio(source: Gate, use: str) -> Any:
    return trio.run(in_task, source, use)


every_way = pytest.mark.parametrize("way", [in_thread, on_asyncio, on_trio])


@pytest.fixture
def elsewhere() -> Iterator[Callable[..., Future[Any]]]:
    with ThreadPoolExecutor() as pool:
        yield pool.submit


@every_way
def test_an_iteration_waits_until_the_gate_is_open(way: Way, elsewhere: Any) -> None:
    source = gate("a", "b")
    got = elsewhere(way, source, "iterate")
    source.reached()
    assert (source.waiting, got.done(), source.closed) == (1, False, False)
    source.open()
    assert got.result() == ["a", "b"]
    assert (source.waiting, source.closed) == (0, True)


@every_way
def test_items_are_let_through_one_by_one(way: Way, elsewhere: Any) -> None:
    source = gate("last")
    got = elsewhere(way, source, "iterate")
    for item in ("first", "second"):
        source.reached()
        source.send(item)
    source.reached()
    assert not got.done()
    source.open()
    assert got.result() == ["first", "second", "last"]


def test_each_item_is_there_when_it_was_sent() -> None:
    source, got = gate(), []
    items = iter(source)
    for item in ("a", "b"):
        source.send(item)
        got.append(next(items))
    assert got == ["a", "b"]


@every_way
def test_a_wait_ends_with_its_result(way: Way, elsewhere: Any) -> None:
    query = gate()
    got = elsewhere(way, query, "wait")
    query.reached()
    assert not got.done()
    query.open()
    assert got.result() == "result"
    assert way(query, "wait") == "result"  # and it is open from now on


@every_way
@pytest.mark.parametrize("use", ["iterate", "wait"])
def test_a_gate_can_fail(way: Way, use: str, elsewhere: Any) -> None:
    source = gate()
    got = elsewhere(way, source, use)
    source.reached()
    source.fail(ConnectionError("the database went away"))
    with pytest.raises(ConnectionError, match="the database went away"):
        got.result()


def test_what_was_sent_comes_before_the_failure() -> None:
    source = gate()
    source.send("a")
    source.fail(ConnectionError())
    items = iter(source)
    assert next(items) == "a"
    with pytest.raises(ConnectionError):
        next(items)


@every_way
@pytest.mark.parametrize("use", ["iterate", "wait"])
def test_a_gate_that_nobody_opens_says_where_it_is_waited_at(way: Way, use: str) -> None:
    place = "in_thread" if way is in_thread else r"(in_task|<listcomp>)"
    with pytest.raises(
        AssertionError,
        match=rf"^gate 'orders' was not opened within 0\.01 s; waited at in {place}, "
        r"test_gates\.py line \d+$",
    ):
        way(gate(name="orders", timeout=0.01), use)


def test_a_gate_that_nobody_comes_to_says_what_else_is_waited_at(elsewhere: Any) -> None:
    with pytest.raises(AssertionError, match=r"^nobody has come to gate 'b' within 0\.01 s$"):
        gate(name="b").reached(0.01)
    other = gate(name="a")
    waiting = elsewhere(in_thread, other, "wait")
    other.reached()
    with pytest.raises(
        AssertionError, match=r"'b' within 0\.01 s; waited at: gate 'a' in in_thread"
    ):
        gate(name="b").reached(0.01)
    other.open()
    waiting.result()


def test_nothing_is_sent_through_an_open_gate() -> None:
    source = gate()
    source.open()
    with pytest.raises(RuntimeError, match="gate 'gate' is open"):
        source.send("lost")


def test_readers_of_one_gate_share_its_items(elsewhere: Any) -> None:
    source = gate(*range(100))
    both = [elsewhere(in_thread, source, "iterate"), elsewhere(on_asyncio, source, "iterate")]
    source.open()
    got = [item for each in both for item in each.result()]
    assert sorted(got) == list(range(100))


def test_closed_tells_of_generators_around_a_gate() -> None:
    source = gate()

    def rows() -> Generator[str, None, None]:
        yield "head"
        yield from source

    generator = rows()
    source.send("a")
    assert (next(generator), next(generator)) == ("head", "a")
    assert (closed(generator), closed(source)) == (False, False)
    generator.close()
    assert (closed(generator), closed(source)) == (True, True)


def test_a_server_closes_a_gate_that_was_never_read() -> None:
    source = gate()
    assert not closed(source)
    source.close()
    assert closed(source)


def test_a_task_that_is_cancelled_leaves_the_gate() -> None:
    source = gate()

    async def main() -> None:
        task = asyncio.create_task(in_task(source, "iterate"))
        await source.reached_async()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (source.waiting, source.closed) == (0, True)

    asyncio.run(main())
    source.open()  # nobody is woken in an event loop that is closed


def test_reached_in_a_task() -> None:
    async def main() -> None:
        source = gate(name="orders")
        with pytest.raises(AssertionError, match="nobody has come to gate 'orders'"):
            await source.reached_async(0.01)
        task = asyncio.create_task(source.wait_async(3))
        await source.reached_async()
        source.open()
        assert await task == 3

    asyncio.run(main())


def test_closed_of_other_things(tmp_path: Any) -> None:
    async def numbers() -> AsyncGenerator[int, None]:
        yield 1

    async def main() -> None:
        source = numbers()
        assert await anext(source) == 1
        assert not closed(source)
        await source.aclose()
        assert closed(source)

    asyncio.run(main())
    with open(tmp_path / "file", "w") as file:
        assert not closed(file)
    assert closed(file)
    coroutine = main()
    assert not closed(coroutine)
    coroutine.close()
    assert closed(coroutine)
    with pytest.raises(TypeError, match=r"list_iterator object .* is closed cannot be told"):
        closed(iter([]))


def test_a_source_that_another_thread_closes_is_waited_for(elsewhere: Any) -> None:
    source = gate(name="orders")
    with pytest.raises(AssertionError, match=r"is still open after 0\.01 s"):
        assert_closed(source, 0.01)
    reading = elsewhere(in_thread, source, "iterate")
    source.reached()
    source.open()
    assert_closed(source)
    assert reading.result() == []
