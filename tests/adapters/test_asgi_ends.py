"""streamtmpl.asgi, message by message: who waits for whom, and how a stream ends early."""

from __future__ import annotations

import asyncio
import selectors
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from streamtmpl.asgi import StreamResponse
from tests.support.gates import settle

from .exchange import HANGS, Exchange
from .kinds import KINDS, template


class Rows:
    """A source that is watched: two rows, and more when it may go on."""

    def __init__(self) -> None:
        self.pulled = 0
        self.closed = 0
        self.may_go_on = threading.Event()

    def rows(self) -> Iterator[int]:
        try:
            while True:
                self.pulled += 1
                if self.pulled > 2:
                    self.may_go_on.wait(HANGS)
                yield self.pulled
        finally:
            self.closed += 1

    async def rows_async(self) -> AsyncIterator[int]:
        try:
            while True:
                self.pulled += 1
                while self.pulled > 2 and not self.may_go_on.is_set():
                    await asyncio.sleep(0.001)
                yield self.pulled
        finally:
            await asyncio.sleep(0.01)
            self.closed += 1

    def response(self, kind: str) -> StreamResponse:
        rows = self.rows if kind == "sync" else self.rows_async
        text = "{% for row in rows() %}<{{ row }}>{% flush %}{% endfor %}"
        return StreamResponse(template(kind, text), {"rows": rows})


async def until(condition: Any) -> None:
    async def wait() -> None:
        while not condition():
            await asyncio.sleep(0.001)

    await asyncio.wait_for(wait(), HANGS)


async def noticed(exchange: Exchange) -> None:
    """The disconnect, which nobody watches for at first, has been heard of and acted upon."""
    await until(lambda: not exchange.incoming)
    await settle()


@KINDS
def test_nothing_is_rendered_ahead_of_what_has_been_sent(kind: str) -> None:
    async def main() -> None:
        exchange, rows = Exchange(), Rows()
        rows.may_go_on.set()
        pulled_at_send = []

        async def wait(message: Any) -> None:
            await asyncio.sleep(0.02)  # a chance to run ahead, for who would take it
            await settle()
            pulled_at_send.append(rows.pulled)
            if len(pulled_at_send) == 6:
                exchange.disconnect()

        exchange.on_send = wait
        await asyncio.wait_for(exchange.over(rows.response(kind)), HANGS)
        # The task of an async render runs up to the next cut while a chunk is sent.
        ahead = 0 if kind == "sync" else 1
        assert pulled_at_send[1:6] == [number + ahead for number in range(1, 6)]

    asyncio.run(main())


@KINDS
def test_a_disconnect_while_the_template_waits_closes_it(kind: str) -> None:
    async def main() -> None:
        exchange, rows = Exchange(), Rows()
        running = asyncio.create_task(exchange.over(rows.response(kind)))
        await until(lambda: rows.pulled == 3 and len(exchange.sent) == 3)
        exchange.disconnect()
        if kind == "sync":  # a thread cannot be interrupted: it ends with the chunk
            await noticed(exchange)
            rows.may_go_on.set()
        await asyncio.wait_for(running, HANGS)
        assert rows.closed == 1
        assert rows.pulled == 3
        assert not exchange.complete
        assert exchange.incoming == []

    asyncio.run(main())


@KINDS
def test_a_disconnect_while_sending_waits_closes_it(kind: str) -> None:
    async def main() -> None:
        exchange, rows = Exchange(), Rows()

        async def stall(message: Any) -> None:
            if message.get("body"):
                exchange.disconnect()
                await asyncio.sleep(HANGS)

        exchange.on_send = stall
        await asyncio.wait_for(exchange.over(rows.response(kind)), HANGS / 2)
        assert rows.closed == 1

    asyncio.run(main())


@KINDS
def test_a_disconnect_before_the_first_chunk_sends_nothing(kind: str) -> None:
    async def main() -> None:
        exchange, rows = Exchange(), Rows()
        rows.pulled = 2
        running = asyncio.create_task(exchange.over(rows.response(kind)))
        await until(lambda: rows.pulled == 3)
        exchange.disconnect()
        if kind == "sync":
            await noticed(exchange)
            rows.may_go_on.set()
        await asyncio.wait_for(running, HANGS)
        assert exchange.sent == []
        assert rows.closed == 1

    asyncio.run(main())


@pytest.mark.parametrize(("source", "messages"), [("page", 2), ("pa{% flush %}ge", 4)])
def test_the_end_is_sent_although_servers_call_it_a_disconnect(source: str, messages: int) -> None:
    async def main() -> None:
        exchange = Exchange()
        sent: list[Any] = []

        async def middleware(message: Any) -> None:
            if message.get("more_body") is False:
                exchange.disconnect()
            await asyncio.sleep(0.01)
            sent.append(message)

        exchange.on_send = middleware
        await exchange.over(StreamResponse(template("sync", source)))
        assert exchange.complete
        assert len(sent) == messages

    asyncio.run(main())


@KINDS
def test_the_server_cancels(kind: str) -> None:
    """Once, as asyncio does, or in each turn of the event loop, as a scope of anyio does."""

    async def main(times: int) -> None:
        exchange, rows = Exchange(), Rows()
        running = asyncio.create_task(exchange.over(rows.response(kind)))
        await until(lambda: rows.pulled == 3 and len(exchange.sent) == 3)
        if kind == "sync":
            asyncio.get_running_loop().call_later(0.05, rows.may_go_on.set)
        while not running.done() and times:
            times -= 1
            running.cancel()
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await running
        assert rows.closed == 1
        assert not exchange.complete
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main(1))
    asyncio.run(main(10_000_000))


class Turns(selectors.DefaultSelector):
    """Counts the turns of an event loop."""

    count = 0

    def select(self, timeout: float | None = None) -> Any:
        self.count += 1
        return super().select(timeout)


def test_a_cancelled_scope_of_anyios_does_not_keep_the_event_loop_busy() -> None:
    """What has to be closed may take its time."""
    anyio = pytest.importorskip("anyio", reason="not installed: it comes with the extra 'servers'")
    turns, closed = Turns(), []
    scopes: list[Any] = []

    async def rows() -> AsyncIterator[int]:
        try:
            yield 1
            scopes[0].cancel()
            await asyncio.sleep(HANGS)
        finally:
            before = turns.count
            await asyncio.sleep(0.2)
            closed.append(turns.count - before)

    async def main() -> None:
        page = template("async", "{% for row in rows() %}<{{ row }}>{% flush %}{% endfor %}")
        with anyio.CancelScope() as scope:
            scopes.append(scope)
            await Exchange().over(StreamResponse(page, {"rows": rows}))

    loop = asyncio.SelectorEventLoop(turns)
    try:
        loop.run_until_complete(main())
    finally:
        loop.close()
    (in_between,) = closed
    assert in_between < 50


@pytest.mark.parametrize("times", [1, 10_000_000])
def test_the_server_cancels_while_sending_waits(times: int) -> None:
    async def main() -> None:
        exchange, rows = Exchange(), Rows()
        sending = asyncio.Event()

        async def stall(message: Any) -> None:
            if message.get("body"):
                sending.set()
                await asyncio.sleep(HANGS)

        exchange.on_send = stall
        running = asyncio.create_task(exchange.over(rows.response("async")))
        await sending.wait()
        left = times
        while not running.done() and left:
            left -= 1
            running.cancel()
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await running
        assert rows.closed == 1

    asyncio.run(main())


def test_a_failing_receive_is_raised() -> None:
    async def main() -> None:
        exchange, rows = Exchange(), Rows()

        async def receive() -> Any:
            await until(lambda: rows.pulled == 3)
            raise RuntimeError("no such message")

        with pytest.raises(RuntimeError, match="no such message"):
            await rows.response("async")(exchange.scope, receive, exchange.send)
        assert rows.closed == 1

    asyncio.run(main())


@pytest.mark.parametrize("version", ["2.3", "2.4"])
def test_a_send_that_fails(version: str) -> None:
    """From version 2.4 of the specification on it is the sign of a disconnect."""

    async def main() -> None:
        exchange, rows = Exchange(asgi={"spec_version": version}), Rows()

        async def send(message: Any) -> None:
            if message.get("body"):
                raise OSError("closed")

        response = rows.response("async")
        if version == "2.3":
            with pytest.raises(OSError, match="closed"):
                await response(exchange.scope, exchange.receive, send)
        else:
            await response(exchange.scope, exchange.receive, send)
        assert rows.closed == 1

    asyncio.run(main())


def test_a_template_that_cancels_itself_does_not_end_the_response() -> None:
    async def cancel() -> None:
        raise asyncio.CancelledError

    async def main() -> None:
        exchange = Exchange()
        text = "head{% flush %}{{ cancel() }}"
        with pytest.raises(asyncio.CancelledError):
            await exchange.over(StreamResponse(template("async", text), {"cancel": cancel}))
        assert not exchange.complete

    asyncio.run(main())


def test_a_disconnect_does_not_interrupt_a_stream_that_closes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    closing, may_close = asyncio.Event(), asyncio.Event()
    closed = []

    async def rows() -> AsyncIterator[int]:
        try:
            yield 1
            await asyncio.Event().wait()
        finally:
            closing.set()
            await may_close.wait()
            closed.append(True)

    async def main() -> None:
        async def send(message: Any) -> None:
            if message.get("body") == b"1":
                raise OSError("the client has disconnected")

        async def receive() -> dict[str, Any]:
            await closing.wait()
            asyncio.get_running_loop().call_later(0.05, may_close.set)
            return {"type": "http.disconnect"}

        text = "head{% flush %}{% for row in rows() %}{{ row }}{% flush %}{% endfor %}"
        response = StreamResponse(template("async", text), {"rows": rows})
        scope = {"type": "http", "method": "GET", "asgi": {"spec_version": "2.4"}, "headers": []}
        await asyncio.wait_for(response(scope, receive, send), HANGS)
        assert closed == [True]

    asyncio.run(main())
    assert not [record for record in caplog.records if record.name == "streamtmpl"]
