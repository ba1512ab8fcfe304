"""streamtmpl.asgi under trio, and under an event loop that it does not know."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from types import coroutine
from typing import Any

import pytest
import trio

from streamtmpl import StreamEnvironment
from streamtmpl.asgi import StreamResponse

from .patches import patches

HANGS = 20.0
SCOPE = {"type": "http", "method": "GET", "asgi": {"version": "3.0", "spec_version": "2.3"}}

sync = StreamEnvironment()
env = StreamEnvironment(enable_async=True)


class Client:
    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.disconnected = trio.Event()
        self.on_send: Callable[[Any], Awaitable[None]] | None = None

    async def receive(self) -> Any:
        await self.disconnected.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        await trio.lowlevel.checkpoint()
        if self.on_send is not None:
            await self.on_send(message)
        self.sent.append(message)

    async def asks(self, response: StreamResponse) -> None:
        with trio.fail_after(HANGS):
            await response(SCOPE, self.receive, self.send)

    @property
    def complete(self) -> bool:
        return bool(self.sent) and self.sent[-1].get("more_body") is False


class Rows:
    def __init__(self) -> None:
        self.closed = 0

    async def __call__(self) -> AsyncIterator[int]:
        try:
            yield 1
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await trio.lowlevel.checkpoint()
            self.closed += 1


ENDLESS = "{% for row in rows() %}<{{ row }}>{% flush %}{% endfor %}"


def test_a_template_is_sent() -> None:
    async def main() -> None:
        client = Client()
        await client.asks(StreamResponse(env.from_string("a{% flush %}b")))
        assert [message.get("body") for message in client.sent] == [None, b"a", b"b", b""]
        assert client.complete

    trio.run(main)


def test_a_disconnect_while_the_template_waits() -> None:
    async def main() -> None:
        client, rows = Client(), Rows()

        async def leave(message: Any) -> None:
            if message.get("body"):
                client.disconnected.set()

        client.on_send = leave
        await client.asks(StreamResponse(env.from_string(ENDLESS), {"rows": rows}))
        assert rows.closed == 1
        assert not client.complete

    trio.run(main)


def test_a_disconnect_while_sending_waits() -> None:
    async def main() -> None:
        client, rows = Client(), Rows()

        async def stall(message: Any) -> None:
            if message.get("body"):
                client.disconnected.set()
                await trio.sleep_forever()

        client.on_send = stall
        await client.asks(StreamResponse(env.from_string(ENDLESS), {"rows": rows}))
        assert rows.closed == 1

    trio.run(main)


def test_the_server_cancels() -> None:
    async def main() -> None:
        client, rows = Client(), Rows()
        response = StreamResponse(env.from_string(ENDLESS), {"rows": rows})
        with trio.CancelScope() as scope:

            async def cancel(message: Any) -> None:
                if message.get("body"):
                    scope.cancel()

            client.on_send = cancel
            await client.asks(response)
        assert scope.cancelled_caught
        assert rows.closed == 1
        assert not client.complete

    trio.run(main)


@pytest.mark.parametrize("text", ["{{ 1 // 0 }}", "head{% flush %}{{ 1 // 0 }}"])
def test_errors_are_raised_as_they_are(text: str) -> None:
    async def main() -> None:
        client = Client()
        with pytest.raises(ZeroDivisionError):
            await client.asks(StreamResponse(env.from_string(text)))
        assert not client.complete

    trio.run(main)


def test_a_failing_receive_is_raised() -> None:
    async def main() -> None:
        client, rows = Client(), Rows()

        async def receive() -> Any:
            raise RuntimeError("no such message")

        response = StreamResponse(env.from_string(ENDLESS), {"rows": rows})
        with pytest.raises(RuntimeError, match="no such message"):
            await response(SCOPE, receive, client.send)
        assert not client.complete

    trio.run(main)


def test_sync_templates_are_refused_with_the_way_out() -> None:
    async def main() -> None:
        client = Client()
        with pytest.raises(RuntimeError, match="enable_async=True"):
            await client.asks(StreamResponse(sync.from_string("page")))
        assert client.sent == []

    trio.run(main)


def test_head_closes_the_source() -> None:
    class Cursor:
        closed = 0

        def __iter__(self) -> Any:
            raise AssertionError

        def close(self) -> None:
            self.closed += 1

    async def main() -> None:
        client, cursor = Client(), Cursor()
        await StreamResponse(cursor)({**SCOPE, "method": "HEAD"}, client.receive, client.send)
        assert client.complete
        assert cursor.closed == 1

    trio.run(main)


def test_an_unknown_event_loop_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    @coroutine
    def never() -> Any:
        yield

    async def channel(message: Any = None) -> Any:
        await never()

    monkeypatch.delitem(sys.modules, "trio")
    running = StreamResponse(env.from_string("page"))(SCOPE, channel, channel)
    with pytest.raises(RuntimeError, match="asyncio or trio"):
        running.send(None)


REGIONS = (
    "shell{% defer %}{{ value(1) }}{% placeholder %}wait{% enddefer %}"
    "{% defer %}{% for row in rows() %}<{{ row }}>{% endfor %}{% enddefer %}"
)


def test_regions_are_rendered_one_after_the_other() -> None:
    async def value(number: int) -> int:
        await trio.sleep(0)
        return number

    async def main(source: str, **options: Any) -> str:
        client = Client()
        response = StreamResponse(env.from_string(source), {"value": value}, **options)
        await client.asks(response)
        assert client.complete
        return b"".join(message["body"] for message in client.sent[1:]).decode()

    two = "shell{% for x in (1, 2) %}{% defer %}{{ value(x) }}{% enddefer %}{% endfor %}"
    patched = partial(main, two, deferred="patch")
    assert [content for _, content in patches(trio.run(patched))] == ["1", "2"]
    in_order = partial(main, two, deferred="in-order")
    assert trio.run(in_order) == "shell12"


def test_a_disconnect_ends_a_region() -> None:
    async def value(number: int) -> int:
        return number

    async def main() -> None:
        client, rows = Client(), Rows()

        async def disconnect(message: Any) -> None:
            if b"<template" in message.get("body", b""):
                client.disconnected.set()

        client.on_send = disconnect
        context = {"rows": rows, "value": value}
        await client.asks(StreamResponse(env.from_string(REGIONS), context, deferred="patch"))
        assert rows.closed == 1
        assert not client.complete

    trio.run(main)
