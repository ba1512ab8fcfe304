"""The first short chunks of a page are rendered in one go, in one hop if that is into a thread.

What "a moment" is decides a test only where it is set to no time, or to more than a test takes.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any

import pytest

from streamtmpl import ResponseSentError
from streamtmpl.asgi import StreamResponse
from streamtmpl.chunks import ahead, tasks
from streamtmpl.chunks.cuts import DEFAULT_CHUNK_SIZE
from streamtmpl.responses import delivery
from streamtmpl.responses.body import async_byte_stream
from tests.chunks.workers import Workers
from tests.support.clocks import replaced_clock
from tests.support.gates import settle

from .exchange import HANGS, Exchange
from .kinds import KINDS, template

ROWS = "{% for n in range(500) %}<p>{{ n }}</p>\n{% endfor %}"
"""Some 5,400 characters, which are cut twice for their length: after 1,024, and 4,096 more."""


async def until(condition: Callable[[], object]) -> None:
    async def wait() -> None:
        while not condition():
            await asyncio.sleep(0.001)

    await asyncio.wait_for(wait(), HANGS)


@pytest.fixture
def long_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    replaced_clock(monkeypatch)  # no source is slow, however busy the machine is
    for module in (ahead, tasks):
        monkeypatch.setattr(module, "MOMENT", HANGS)


def run(test: Callable[[Exchange, Workers], Coroutine[Any, Any, None]], **scope: Any) -> None:
    async def main() -> None:
        workers = Workers()
        asyncio.get_running_loop().set_default_executor(workers)
        await asyncio.wait_for(test(Exchange(**scope), workers), HANGS)

    asyncio.run(main())


async def _items() -> AsyncIterator[str]:
    for _ in range(50):
        yield "<p>row</p>\n" * 20


SOURCES: dict[str, tuple[Callable[[], Any], int]] = {
    "sync": (lambda: template("sync", ROWS), 1),
    "list": (lambda: ["<p>row</p>\n" * 20] * 50, 1),
    "async": (lambda: template("async", ROWS), 0),
    "async iterable": (_items, 0),
}


@pytest.mark.usefixtures("long_moment")
@pytest.mark.parametrize("name", SOURCES)
def test_a_page_that_ends_behind_its_first_chunks_has_a_length(name: str) -> None:
    source, hops = SOURCES[name]

    async def test(exchange: Exchange, workers: Workers) -> None:
        await exchange.over(StreamResponse(source()))
        assert len(exchange.sent) == 2
        assert exchange.headers[b"content-length"] == str(len(exchange.body)).encode()
        assert len(exchange.body) > 4000
        assert exchange.complete
        assert workers.hops == hops

    run(test)


@pytest.mark.usefixtures("long_moment")
def test_what_has_been_cut_is_sent_before_an_async_page_waits() -> None:
    async def test(exchange: Exchange, workers: Workers) -> None:
        gate = asyncio.Event()
        page = template("async", ROWS + "above{% if 1 %}{% endif %}{{ wait() }}end")
        answering = asyncio.create_task(exchange.over(StreamResponse(page, {"wait": gate.wait})))
        await until(lambda: exchange.body.endswith(b"above"))
        assert len(exchange.sent) == 2
        gate.set()
        await answering
        assert exchange.body.endswith(b"</p>\naboveTrueend")
        assert exchange.complete
        assert b"content-length" not in exchange.headers

    run(test)


def test_an_async_page_that_has_taken_its_moment_stops_at_each_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tasks, "MOMENT", 0)

    async def test(exchange: Exchange, workers: Workers) -> None:
        await exchange.over(StreamResponse(template("async", ROWS)))
        assert [len(message["body"]) // 1000 for message in exchange.sent[1:]] == [1, 4, 0, 0]
        assert b"content-length" not in exchange.headers

    run(test)


@pytest.mark.usefixtures("long_moment")
def test_the_head_of_an_async_page_is_settled_when_its_first_chunk_is_handed_over() -> None:
    async def test(exchange: Exchange, workers: Workers) -> None:
        response: StreamResponse

        def late(name: str) -> str:
            response.headers[name] = "1"
            return ""

        page = template("async", ROWS + "{{ late('X-First') }}{% flush %}{{ late('X-Late') }}")
        response = StreamResponse(page, {"late": late})
        with pytest.raises(ResponseSentError, match="X-Late"):
            await exchange.over(response)
        assert exchange.headers[b"x-first"] == b"1"
        assert exchange.body.endswith(b"<p>499</p>\n")
        assert not exchange.complete

    run(test)


BLOCKING = {
    "pull of a loop": "{% for row in rows %}{{ row }}{% endfor %}",
    "pull of a filter": "{{ rows|join }}",
    "behind a flush": "{% flush %}{{ rows|list }}",
    "behind a region": "{% defer %}{% enddefer %}{{ rows|list }}",
}


@pytest.mark.usefixtures("long_moment")
@pytest.mark.parametrize("below", BLOCKING.values(), ids=BLOCKING)
def test_what_an_async_page_has_is_handed_over_before_it_is_known_to_block(below: str) -> None:
    seen: list[int] = []

    async def test(exchange: Exchange, workers: Workers) -> None:
        def rows() -> Iterator[str]:
            seen.append(len(exchange.body))
            yield "row"

        for above in (ROWS, "{% for n in range(1) %}" + "x" * 1100 + "{% endfor %}"):
            exchange.sent.clear()
            page = template("async", above + below)
            await exchange.over(StreamResponse(page, {"rows": rows()}, deferred="patch"))

    run(test)
    assert len(seen) == 2
    assert seen[0] > 5000
    assert seen[1] == 1100


def test_the_first_chunk_does_not_wait_for_what_blocks_behind_it() -> None:
    async def test(exchange: Exchange, workers: Workers) -> None:
        gate = threading.Event()
        response = StreamResponse(template("sync", ROWS + "{{ wait(20) }}end"), {"wait": gate.wait})
        answering = asyncio.create_task(exchange.over(response))
        await until(lambda: exchange.sent and len(exchange.body) > 5 * 1024)
        assert not exchange.complete
        gate.set()
        await answering
        assert exchange.body.endswith(b"Trueend")
        assert b"content-length" not in exchange.headers
        assert workers.hops == 1

    run(test)


def test_after_a_moment_each_chunk_comes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "MOMENT", 0)

    async def test(exchange: Exchange, workers: Workers) -> None:
        gates = [threading.Event() for _ in range(3)]

        def row(number: int) -> str:
            gates[number].wait(HANGS)
            return "x" * 3000

        page = template("sync", "{% for n in range(3) %}{{ row(n) }}{% endfor %}end")
        answering = asyncio.create_task(exchange.over(StreamResponse(page, {"row": row})))
        gates[0].set()
        await until(lambda: exchange.sent and len(exchange.body) == 3000)
        gates[1].set()
        await asyncio.sleep(0.02)
        assert len(exchange.body) == 3000  # the next one is cut after 4,096 characters
        gates[2].set()
        await answering
        assert exchange.body == b"x" * 9000 + b"end"
        assert workers.hops == 1

    run(test)


@KINDS
@pytest.mark.usefixtures("long_moment")
def test_a_flush_ends_it(kind: str) -> None:
    async def test(exchange: Exchange, workers: Workers) -> None:
        await exchange.over(StreamResponse(template(kind, ROWS + "a{% flush %}b")))
        bodies = [message["body"] for message in exchange.sent[1:]]
        assert b"".join(bodies[:-2]).endswith(b"<p>499</p>\na")
        assert bodies[-2:] == [b"b", b""]
        assert workers.hops == (2 if kind == "sync" else 0)

    run(test)


@pytest.mark.usefixtures("long_moment")
def test_the_head_is_settled_when_the_first_chunk_is_cut() -> None:
    async def test(exchange: Exchange, workers: Workers) -> None:
        response: StreamResponse

        def late() -> None:
            response.headers["X-Late"] = "1"

        page = template("sync", ROWS + "{{ late() }}")
        response = StreamResponse(page, {"late": late})
        with pytest.raises(ResponseSentError, match="X-Late"):
            await exchange.over(response)
        # What had been cut before is sent, as it is with a hop for each chunk.
        assert exchange.body.endswith(b"</p>\n")
        assert len(exchange.body) > 5 * 1024
        assert not exchange.complete

    run(test)


@KINDS
@pytest.mark.usefixtures("long_moment")
def test_a_head_that_cannot_be_sent_ends_the_page_before_it_begins(kind: str) -> None:
    closed = []

    def rows() -> Iterator[int]:
        try:
            yield from range(400)
        finally:
            closed.append(True)

    def start(over: bool) -> Any:
        raise ValueError("no such header")

    async def test(exchange: Exchange, workers: Workers) -> None:
        page = template(kind, "{% for n in rows %}<p>{{ n }}</p>\n{% endfor %}")
        stream = async_byte_stream(page, {"rows": rows()})
        with pytest.raises(ValueError, match="no such header"):
            await delivery.send_stream(
                stream, start, exchange.scope, exchange.receive, exchange.send
            )
        assert exchange.sent == []
        assert closed == [True]

    run(test)


@KINDS
@pytest.mark.usefixtures("long_moment")
def test_where_there_is_a_session_nothing_runs_ahead_of_the_head(kind: str) -> None:
    async def test(exchange: Exchange, workers: Workers) -> None:
        await exchange.over(StreamResponse(template(kind, ROWS + "end")))
        chunks = [message["body"] for message in exchange.sent[1:-1]]
        assert len(chunks) == 3
        assert workers.hops == (3 if kind == "sync" else 0)
        assert 1024 <= len(chunks[0]) < 1200

    run(test, session={})


@KINDS
@pytest.mark.usefixtures("long_moment")
def test_no_more_than_a_long_chunk_is_rendered_ahead(kind: str) -> None:
    pulled = []

    def rows() -> Iterator[str]:
        for number in range(1000):
            pulled.append(number)
            yield "x" * 990

    async def test(exchange: Exchange, workers: Workers) -> None:
        sending = asyncio.Event()
        may_go_on = asyncio.Event()

        async def stall(message: Any) -> None:
            if message.get("body"):
                sending.set()
                await may_go_on.wait()

        exchange.on_send = stall
        page = template(kind, "{% for row in rows %}<p>{{ row }}</p>\n{% endfor %}")
        answering = asyncio.create_task(exchange.over(StreamResponse(page, {"rows": rows()})))
        await sending.wait()
        await asyncio.sleep(0.02)  # a chance to go on, for who would take it
        # A hop has ended with the chunk that filled it, itself no longer than a long one and a row;
        # an async page may be one chunk ahead of what is being sent.
        assert len(pulled) * 1000 <= 2 * (DEFAULT_CHUNK_SIZE + 1000)
        assert workers.hops == (1 if kind == "sync" else 0)
        may_go_on.set()
        await answering
        assert len(exchange.body) == 998 * 1000

    run(test)


def test_a_disconnect_ends_the_hop_at_its_next_cut() -> None:
    gate, closed, pulled = threading.Event(), [], []

    def rows() -> Iterator[str]:
        try:
            for number in range(12):
                pulled.append(number)
                if number == 5:
                    gate.wait(HANGS)
                yield "x" * 1100
        finally:
            closed.append(True)

    async def test(exchange: Exchange, workers: Workers) -> None:
        page = template("sync", "{% for row in rows %}{{ row }}{% endfor %}")
        response = StreamResponse(page, {"rows": rows()})
        answering = asyncio.create_task(exchange.over(response))
        await until(lambda: exchange.sent and len(pulled) == 6)
        exchange.disconnect()
        await until(lambda: not exchange.incoming)
        await settle()
        assert not answering.done()
        gate.set()
        await answering
        assert closed == [True]
        assert len(pulled) < 12
        assert not exchange.complete

    run(test)


@KINDS
@pytest.mark.usefixtures("long_moment")
def test_nobody_watches_for_a_disconnect_of_a_page_that_takes_a_moment(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "UNWATCHED", HANGS)

    async def test(exchange: Exchange, workers: Workers) -> None:
        waiting = len(exchange.incoming)
        await exchange.over(StreamResponse(template(kind, ROWS + "{% flush %}end")))
        assert exchange.complete
        assert len(exchange.incoming) == waiting

    run(test)
