"""streamtmpl.asgi, message by message."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextvars import ContextVar
from typing import Any

import pytest

from streamtmpl import (
    NotStreamingError,
    StreamClosedError,
    UnknownBlockError,
    rechunk,
    rechunk_async,
    render_stream,
    render_stream_async,
)
from streamtmpl.asgi import StreamResponse

from .exchange import HANGS, Exchange
from .kinds import KINDS, template

user: ContextVar[str] = ContextVar("user", default="nobody")


def answer(response: Any, method: str = "GET") -> Exchange:
    """The exchange in which *response* answers a request."""

    async def main() -> Exchange:
        exchange = Exchange(method)
        await asyncio.wait_for(exchange.over(response), HANGS)
        return exchange

    return asyncio.run(main())


@KINDS
def test_a_template_is_sent_in_its_chunks(kind: str) -> None:
    text = "<p>{{ name }}</p>{% flush %}end"
    exchange = answer(StreamResponse(template(kind, text), {"name": "<Ann>"}, status=201))
    start, *body = exchange.sent
    assert start == {
        "type": "http.response.start",
        "status": 201,
        "headers": [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"x-accel-buffering", b"no"),
            (b"vary", b"Sec-Fetch-Dest, HX-Request, Turbo-Frame, Accept"),
        ],
    }
    assert body == [
        {"type": "http.response.body", "body": b"<p>&lt;Ann&gt;</p>", "more_body": True},
        {"type": "http.response.body", "body": b"end", "more_body": True},
        {"type": "http.response.body", "body": b"", "more_body": False},
    ]


async def items_async() -> AsyncIterator[str]:
    yield "é"
    yield "è"


@pytest.mark.parametrize(
    "source",
    [
        lambda: template("sync", "éè"),
        lambda: template("async", "éè"),
        lambda: render_stream(template("sync", "éè")),
        lambda: render_stream_async(template("sync", "éè")),
        lambda: render_stream_async(template("async", "éè")),
        lambda: rechunk(["é", "è"]),
        lambda: rechunk_async(items_async()),
        lambda: ["é", "è"],
        lambda: iter(["é", "è"]),
        lambda: [b"\xe9", b"\xe8"],
        items_async,
    ],
)
def test_whatever_streams_is_sent_in_the_charset(source: Any) -> None:
    response = StreamResponse(source(), content_type="text/plain; charset=iso-8859-1")
    exchange = answer(response)
    assert exchange.body == "éè".encode("latin-1")
    assert exchange.headers[b"content-type"] == b"text/plain; charset=iso-8859-1"
    assert exchange.complete


@KINDS
@pytest.mark.parametrize("charset", ["iso-2022-jp", "utf-16"])
def test_a_charset_with_states_comes_to_its_end(kind: str, charset: str) -> None:
    stream = render_stream_async(template(kind, "日{% flush %}本"))
    exchange = answer(StreamResponse(stream, content_type=f"text/plain; charset={charset}"))
    assert exchange.body == "日本".encode(charset)


@KINDS
def test_an_empty_page_is_a_whole_response(kind: str) -> None:
    exchange = answer(StreamResponse(template(kind, "")))
    assert (exchange.status, exchange.body, exchange.complete) == (200, b"", True)


@KINDS
def test_an_error_before_the_first_chunk_leaves_the_response_open(kind: str) -> None:
    async def main() -> None:
        exchange = Exchange()
        with pytest.raises(ZeroDivisionError):
            await exchange.over(StreamResponse(template(kind, "head {{ 1 // 0 }}")))
        assert exchange.sent == []

    asyncio.run(main())


@KINDS
def test_an_error_after_it_leaves_the_response_without_its_end(
    kind: str, template_frames: Any
) -> None:
    async def main() -> None:
        exchange = Exchange()
        text = "one{% flush %}\n{{ 1 // 0 }}"
        with pytest.raises(ZeroDivisionError) as caught:
            await exchange.over(StreamResponse(template(kind, text)))
        assert [frame.lineno for frame in template_frames(caught.value)] == [2]
        assert exchange.body == b"one"
        assert not exchange.complete

    asyncio.run(main())


def test_a_template_that_blocks_does_not_block_the_event_loop() -> None:
    async def main() -> None:
        exchange = Exchange()
        entered, gate = threading.Event(), threading.Event()

        def call() -> str:
            entered.set()
            assert gate.wait(HANGS)
            return "rest"

        running = asyncio.create_task(
            exchange.over(StreamResponse(template("sync", "{{ call() }}"), {"call": call}))
        )
        assert await asyncio.to_thread(entered.wait, HANGS)
        gate.set()
        await running
        assert exchange.body == b"rest"

    asyncio.run(main())


class Cursor:
    """A source of its own kind; or the same, async."""

    def __init__(self) -> None:
        self.pulled = self.closed = 0

    def __iter__(self) -> Cursor:
        return self

    def __next__(self) -> str:
        self.pulled += 1
        return "row"

    def close(self) -> None:
        self.closed += 1


class AsyncCursor(Cursor):
    __iter__ = None  # type: ignore[assignment]

    def __aiter__(self) -> AsyncCursor:
        return self

    async def __anext__(self) -> str:
        return next(self)

    async def aclose(self) -> None:
        self.closed += 1


@pytest.mark.parametrize("kind", [Cursor, AsyncCursor])
def test_head_closes_without_rendering(kind: type[Cursor]) -> None:
    cursor = kind()
    exchange = answer(StreamResponse(cursor, status=203), "HEAD")
    assert (exchange.status, exchange.body, exchange.complete) == (203, b"", True)
    assert exchange.headers[b"content-type"] == b"text/html; charset=utf-8"
    assert (cursor.pulled, cursor.closed) == (0, 1)


@KINDS
def test_head_does_not_render_a_template(kind: str) -> None:
    exchange = answer(StreamResponse(template(kind, "{{ 1 // 0 }}")), "HEAD")
    assert (exchange.status, exchange.body, exchange.complete) == (200, b"", True)


@pytest.mark.parametrize("status", [204, 205, 304])
def test_some_statuses_have_no_body(status: int) -> None:
    cursor = Cursor()
    exchange = answer(StreamResponse(cursor, status=status))
    assert (exchange.status, exchange.body, exchange.complete) == (status, b"", True)
    assert cursor.closed == 1


@KINDS
def test_status_and_headers_may_change_up_to_the_commit(kind: str) -> None:
    text = "<head>{% flush %}{% block content %}{{ missing() }}{% endblock %}rest"
    response: StreamResponse

    def missing() -> str:
        response.status = 404
        response.headers.add_header("Set-Cookie", "a=1")
        response.headers.add_header("Set-Cookie", "b=2")
        response.headers["X-Accel-Buffering"] = "yes"
        return "gone"

    response = StreamResponse(template(kind, text), {"missing": missing}, commit_after="content")
    exchange = answer(response)
    assert exchange.status == 404
    assert sorted(exchange.sent[0]["headers"]) == [
        (b"content-length", b"14"),
        (b"content-type", b"text/html; charset=utf-8"),
        (b"set-cookie", b"a=1"),
        (b"set-cookie", b"b=2"),
        (b"x-accel-buffering", b"yes"),
    ]
    assert exchange.body == b"<head>gonerest"


@KINDS
def test_an_unknown_block_to_commit_after(kind: str) -> None:
    with pytest.raises(UnknownBlockError, match="main"):
        answer(StreamResponse(template(kind, "page"), commit_after="main"))


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"headers": {"X": "a\nb"}}, ValueError),
        ({"headers": {"X": 1}}, TypeError),
        ({"headers": {"Content-Length": "4"}}, ValueError),
        ({"status": 999}, ValueError),
        ({"status": "fine"}, ValueError),
        ({"content_type": "text/html; charset=klingon"}, LookupError),
        ({"source": "a string"}, NotStreamingError),
        ({"source": ["text"], "context": {}}, TypeError),
        ({"chunk_size": -1}, ValueError),
    ],
)
def test_bad_arguments_are_refused_at_once(arguments: dict[str, Any], error: Any) -> None:
    with pytest.raises(error):
        StreamResponse(**{"source": template("sync", "page"), **arguments})


def test_text_and_bytes_mixed_are_an_error() -> None:
    with pytest.raises(TypeError, match="bytes"):
        answer(StreamResponse(["text", b"bytes"]))


@KINDS
def test_the_stream_keeps_the_context_of_its_creation(kind: str) -> None:
    def rename() -> str:
        user.set(f"{user.get()} 2")
        return ""

    async def main() -> None:
        text = "{{ user() }}{% flush %}{{ rename() }}{% flush %}, {{ user() }}"
        user.set("Ann")
        response = StreamResponse(template(kind, text), {"user": user.get, "rename": rename})
        user.set("Bo")
        exchange = Exchange()
        await exchange.over(response)
        assert exchange.body == b"Ann, Ann 2"
        assert user.get() == "Bo"

    asyncio.run(main())


@KINDS
def test_a_response_is_sent_once(kind: str) -> None:
    response = StreamResponse(template(kind, "page"))
    answer(response)
    with pytest.raises(StreamClosedError):
        answer(response)


@pytest.mark.parametrize("protocol", ["lifespan", "websocket"])
def test_other_protocols_are_refused(protocol: str) -> None:
    async def main() -> None:
        exchange = Exchange(type=protocol)
        with pytest.raises(RuntimeError, match=protocol):
            await exchange.over(StreamResponse(template("sync", "page")))

    asyncio.run(main())
