"""Each stream runs in the contextvars context that it was created in, whoever steps it."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, ContextVar, Token, copy_context
from threading import Barrier, Thread, get_ident
from typing import Any

import pytest

from streamtmpl import StreamEnvironment, render_stream
from tests.support.tracing import Consumer, Kind, every_kind

who: ContextVar[str] = ContextVar("who", default="nobody")
count: ContextVar[int] = ContextVar("count", default=0)

SOURCE = (
    "{% macro m() %}[{{ seen() }}{{ bump() }}]{% endmacro %}"
    "{% for row in rows() %}{{ row }}{{ m() }}{% endfor %}"
)


def bump() -> int:
    """Set a variable in the template; the next step must see it."""
    count.set(count.get() + 1)
    return count.get()


class Page:
    """A page whose source sets a variable for as long as it is iterated."""

    def __init__(self, kind: Kind, name: str) -> None:
        self.name = name
        self.seen: list[str] = []
        self.closed: list[tuple[str, int]] = []
        rows: Callable[[], Any] = self.lazy if kind.async_sources else self.plain
        context = {"rows": rows, "seen": who.get, "bump": bump}
        outside = who.set(name)
        self.consumer = Consumer(kind, SOURCE, context)
        who.reset(outside)

    def plain(self) -> Iterator[str]:
        token = who.set(f"{who.get()} inside")
        try:
            yield from "abcd"
        finally:
            self.end(token)

    async def lazy(self) -> AsyncIterator[str]:
        token = who.set(f"{who.get()} inside")
        try:
            for row in "abcd":
                await asyncio.sleep(0)
                yield row
        finally:
            await asyncio.sleep(0)
            self.end(token)

    def end(self, token: Token[str]) -> None:
        self.closed.append((who.get(), count.get()))
        who.reset(token)  # fails in any other context

    def expected(self, step: int) -> str:
        return f"{'abcd'[step]}[{self.name} inside{step + 1}]"

    def take(self, step: int) -> None:
        text = ""
        while not text.endswith("]"):
            text += self.consumer.next() or "ended]"
        assert text == self.expected(step)


@pytest.fixture(autouse=True)
def nothing_leaks_to_the_consumer() -> Iterator[None]:
    yield
    assert who.get() == "nobody"
    assert count.get() == 0


def in_thread(function: Callable[..., Any], *args: Any) -> Any:
    """Call in a new thread, with a context of its own."""
    result: list[Any] = []
    thread = Thread(target=lambda: result.append(function(*args)))
    thread.start()
    thread.join()
    assert result, "it raised in the thread"
    return result[0]


def here(function: Callable[..., Any], *args: Any) -> Any:
    return function(*args)


def in_other_context(function: Callable[..., Any], *args: Any) -> Any:
    context = Context()
    context.run(who.set, "other")
    result = context.run(function, *args)
    assert context.run(who.get) == "other"
    return result


STEPPERS = {"here": here, "thread": in_thread, "context": in_other_context}


@every_kind
@pytest.mark.parametrize("step", STEPPERS)
@pytest.mark.parametrize("close", STEPPERS)
def test_two_interleaved_streams(kind: Kind, step: str, close: str) -> None:
    with Page(kind, "A").consumer:
        pass
    first, second = Page(kind, "A"), Page(kind, "B")
    with first.consumer, second.consumer:
        for number in range(3):
            STEPPERS[step](first.take, number)
            STEPPERS[step](second.take, number)
            assert (who.get(), count.get()) == ("nobody", 0)
        STEPPERS[close](first.consumer.close)
        STEPPERS[step](second.take, 3)
        assert STEPPERS[step](second.consumer.next) is None
    for page in (first, second):
        assert [name for name, _ in page.closed] == [f"{page.name} inside"]
        assert 3 <= page.closed[0][1] <= 4


def test_thread_pool_with_another_thread_for_each_step() -> None:
    pages = [Page(Kind("sync", False, False, False), name) for name in "AB"]
    idents = set()
    with ThreadPoolExecutor(4) as pool:
        barrier = Barrier(4)
        # All threads run, each with a context that others have used.
        for _ in pool.map(lambda _: barrier.wait(), range(4)):
            pass
        for number in range(4):
            for page in pages:
                idents.add(pool.submit(get_ident).result())
                pool.submit(page.take, number).result()
                assert pool.submit(who.get).result() == "nobody"
        for page in pages:
            assert pool.submit(page.consumer.next).result() is None
    for page in pages:
        assert page.closed == [(f"{page.name} inside", 4)]


@every_kind
def test_garbage_collected(kind: Kind) -> None:
    first, second = Page(kind, "A"), Page(kind, "B")
    with first.consumer, second.consumer:
        first.take(0)
        second.take(0)
        in_other_context(first.consumer.drop)
        second.take(1)
        gc.collect()
    for page in (first, second):
        assert [name for name, _ in page.closed] == [f"{page.name} inside"]


@every_kind
def test_the_context_is_the_one_of_the_creation_not_of_the_first_step(kind: Kind) -> None:
    page = Page(kind, "A")
    token = who.set("later")
    try:
        with page.consumer:
            page.take(0)
    finally:
        who.reset(token)


@every_kind
def test_what_the_template_sets_is_not_seen_by_whoever_created_the_stream(kind: Kind) -> None:
    context = copy_context()
    page = context.run(Page, kind, "A")
    with page.consumer:
        page.take(0)
        page.take(1)
        assert context.run(who.get) == "nobody"
        assert context.run(count.get) == 0


@every_kind
def test_a_stream_in_a_stream_has_a_context_of_its_own(kind: Kind) -> None:
    inner_template = StreamEnvironment().from_string(
        "{% for r in rows() %}{{ bump() }}{% endfor %}"
    )
    sizes = []

    def inner() -> str:
        with render_stream(inner_template, {"rows": lambda: iter("ab"), "bump": bump}) as stream:
            text = "".join(stream)
        sizes.append(count.get())
        return text

    source = "{{ bump() }}|{{ inner() }}|{{ bump() }}"
    with Consumer(kind, source, {"inner": inner, "bump": bump}) as consumer:
        assert consumer.text() == "1|23|2"
    assert sizes == [1]
