"""A page of one chunk goes out as any other response: one body, with its length.

So does a longer one, if it ends behind its first short chunks: see test_asgi_ahead.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from streamtmpl.asgi import StreamResponse

from .exchange import HANGS, Exchange
from .kinds import KINDS, template


async def answered(response: Any, method: str = "GET", **scope: Any) -> Exchange:
    exchange = Exchange(method, **scope)
    await asyncio.wait_for(exchange.over(response), HANGS)
    return exchange


def answer(response: Any, method: str = "GET") -> Exchange:
    return asyncio.run(answered(response, method))


@KINDS
def test_its_length_is_sent_with_it(kind: str) -> None:
    start, *body = answer(StreamResponse(template(kind, "Grüße, {{ name }}"), {"name": "é"})).sent
    assert start["headers"] == [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"x-accel-buffering", b"no"),
        (b"content-length", b"11"),
    ]
    whole = "Grüße, é".encode()
    assert len(whole) == 11
    assert body == [{"type": "http.response.body", "body": whole, "more_body": False}]


@KINDS
def test_a_page_of_two_chunks_has_none(kind: str) -> None:
    exchange = answer(StreamResponse(template(kind, "a{% flush %}b")))
    assert b"content-length" not in exchange.headers
    assert len(exchange.sent) == 4


@KINDS
def test_an_empty_page(kind: str) -> None:
    exchange = answer(StreamResponse(template(kind, "")))
    assert exchange.headers[b"content-length"] == b"0"
    assert (exchange.body, exchange.complete) == (b"", True)


@KINDS
@pytest.mark.parametrize("status", [204, 205, 304])
def test_a_status_without_content_has_none(kind: str, status: int) -> None:
    exchange = answer(StreamResponse(template(kind, "page"), status=status))
    assert b"content-length" not in exchange.headers
    assert (exchange.body, exchange.complete) == (b"", True)


@KINDS
def test_nor_has_a_head_request_for_which_nothing_is_rendered(kind: str) -> None:
    exchange = answer(StreamResponse(template(kind, "page")), "HEAD")
    assert b"content-length" not in exchange.headers


def test_nobody_watches_for_a_disconnect_of_a_page_that_waits_for_nothing() -> None:
    asked: list[bool] = []

    async def main() -> None:
        exchange = Exchange()

        async def receive() -> Any:
            asked.append(True)
            return await exchange.receive()

        await StreamResponse(template("async", "page"))(exchange.scope, receive, exchange.send)
        assert exchange.body == b"page"

    asyncio.run(main())
    assert not asked


@KINDS
def test_a_client_that_has_gone_is_no_error(kind: str) -> None:
    async def main() -> None:
        exchange = Exchange(asgi={"version": "3.0", "spec_version": "2.4"})

        async def gone(message: Any) -> None:
            raise OSError("connection lost")

        exchange.on_send = gone
        await exchange.over(StreamResponse(template(kind, "page")))
        assert exchange.sent == []

    asyncio.run(main())


def test_a_disconnect_ends_a_page_that_waits_in_its_first_step() -> None:
    ended: list[bool] = []

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async def main() -> None:
        exchange = Exchange()
        exchange.disconnect()
        await asyncio.wait_for(
            exchange.over(StreamResponse(template("async", "{{ wait() }}"), {"wait": forever})),
            HANGS,
        )
        assert exchange.sent == []

    asyncio.run(main())
    assert ended == [True]
