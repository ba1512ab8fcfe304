"""Both clients with bare ASGI applications: what a server would do, and when."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest

from streamtmpl.testing import (
    AsyncStreamClient,
    Recorder,
    StreamClient,
    assert_sent_before,
    closed,
    gate,
)

from .asgi_applications import START, body, streaming

SOON = 2.0  # seconds in which an application comes to its gate, on a busy machine as well


def test_the_head_is_there_as_soon_as_it_was_sent() -> None:
    rows = gate(b"green", name="rows")
    with StreamClient(streaming(rows)) as client:
        response = client.get("/")
        rows.reached()
        assert response.status == 200
        assert response.headers.get_all("X-Number") == ["1", "2"]
        assert response.text == ""
        rows.open()
        assert response.next() == "green"
        assert response.next() is None
        assert response.complete
    assert closed(rows)


async def _in_a_task() -> None:
    rows = gate(name="rows")
    async with AsyncStreamClient(streaming(rows)) as client:
        response = await client.get("/")
        await rows.reached_async()
        first = rows.send(b"green ")
        assert await response.read_until("green") == "green "
        await rows.reached_async()
        second = rows.send(b"black")
        assert await response.next() == "black"
        rows.open()
        assert await response.read() == "green black"
        assert response.complete
        with pytest.raises(
            AssertionError,
            match=r"^'green' was to be sent before 'gate 'rows' sent b'green '', but was sent aft",
        ):
            assert_sent_before(response, "green", first)
        assert_sent_before(response, "green", second)
        assert_sent_before(response, "black", rows)
        with pytest.raises(AssertionError, match=r"^'white' has not been read\. This has:\n"):
            assert_sent_before(response, "white", rows)
    assert closed(rows)
    assert asyncio.all_tasks() == {asyncio.current_task()}


def test_from_an_async_test() -> None:
    asyncio.run(_in_a_task(), debug=True)


async def _on_trio() -> None:
    rows = gate(b"green", name="rows")

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            raise NotImplementedError
        await send(START)
        async for row in rows:
            await send(body(row))
        await send(body(b"", more=False))

    async with AsyncStreamClient(application) as client:
        response = await client.get("/")
        await rows.reached_async()
        rows.open()
        assert await response.read() == "green"
    assert closed(rows)


def test_from_a_test_on_trio() -> None:
    pytest.importorskip("trio").run(_on_trio)


def test_the_application_is_one_chunk_ahead_and_no_more() -> None:
    recorder = Recorder()
    rows = recorder.source("pull", [b"a", b"b", b"c", b"d"])

    async def test() -> None:
        async with AsyncStreamClient(streaming(rows)) as client:
            response = await client.get("/")
            for row in "ab":
                assert await response.next() == row
            for _ in range(50):
                await asyncio.sleep(0)
            assert ("pull", b"c") in recorder
            assert ("pull", b"d") not in recorder
            assert await response.read() == "abcd"

    asyncio.run(test())


def test_two_tasks_that_send_lose_nothing() -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await send(START)
        await asyncio.gather(*(send(body(b"%d" % number)) for number in range(5)))
        await send(body(more=False))

    with StreamClient(application) as client:
        assert sorted(client.get("/").read()) == list("01234")


def test_the_request_and_its_end() -> None:
    received: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        received.extend([scope, await receive()])
        await send(START)
        await send(body(b"x", more=False))
        received.append(await receive())

    with StreamClient(application) as client:
        client.request("post", "/sp%C3%A4t?a=%26", headers={"X-Tea": "green"}, body=b"form").read()
    scope, *messages = received
    assert (scope["method"], scope["path"], scope["raw_path"]) == ("POST", "/spät", b"/sp%C3%A4t")
    assert scope["query_string"] == b"a=%26"
    assert scope["headers"] == [
        *((b"host", b"testserver"), (b"x-tea", b"green"), (b"content-length", b"4")),
    ]
    assert messages == [
        {"type": "http.request", "body": b"form", "more_body": False},
        {"type": "http.disconnect"},
    ]


@pytest.mark.parametrize("is_async", [False, True])
def test_a_client_that_goes_away(is_async: bool) -> None:
    rows = gate(name="rows")

    def sync_test() -> None:
        with StreamClient(streaming(rows)) as client:
            response = client.get("/")
            rows.reached()
            response.disconnect()
            assert closed(rows)
            assert response.next() is None
            assert not response.complete

    async def async_test() -> None:
        async with AsyncStreamClient(streaming(rows)) as client:
            response = await client.get("/")
            await rows.reached_async()
            await response.disconnect()
            assert closed(rows)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(async_test()) if is_async else sync_test()


@pytest.mark.parametrize(("version", "raised"), [("2.3", []), ("2.4", [OSError])])
def test_sending_to_a_client_that_has_gone(version: str, raised: list[type]) -> None:
    rows, errors = gate(b"a", b"b"), []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await send(START)
        try:
            async for row in rows:
                await send(body(row))
            await send(body(b"", more=False))
        except OSError as error:
            errors.append(type(error))
            raise RuntimeError("of the framework's own") from error

    with StreamClient(application, spec_version=version) as client:
        response = client.get("/")
        response.disconnect(wait=False)
        rows.open()
    assert errors == raised


def test_an_application_that_does_not_notice() -> None:
    ended = []

    async def endless(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        try:
            await send(START)
            while True:
                await send(body(b"x"))
        finally:
            ended.append(True)

    client = StreamClient(endless)
    response = client.get("/")
    assert response.next() == "x"
    response.timeout = 0.2
    with pytest.raises(AssertionError, match=r"^the response still runs 0\.2 s after its reader"):
        response.disconnect()
    with pytest.raises(AssertionError, match="the response still runs"):
        client.close()
    assert ended == [True]
    assert not [each for each in threading.enumerate() if "ASGI" in each.name]


def test_an_error_is_raised_where_the_test_reads_on() -> None:
    async def early(scope: Any, receive: Any, send: Any) -> None:
        raise ZeroDivisionError("early")

    async def rows() -> AsyncIterator[bytes]:
        yield b"a"
        raise ZeroDivisionError("late")

    with StreamClient(early) as client, pytest.raises(ZeroDivisionError, match="early"):
        client.get("/")
    with StreamClient(streaming(rows())) as client:
        response = client.get("/")
        assert response.next() == "a"
        with pytest.raises(ZeroDivisionError, match="late"):
            response.next()
        assert not response.complete


def test_an_error_after_the_response_is_raised_when_the_client_closes() -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await send(START)
        await send(body(b"x", more=False))
        raise ZeroDivisionError("in the background")

    with StreamClient(application) as client:
        assert client.get("/").read() == "x"
        with pytest.raises(ZeroDivisionError, match="in the background"):
            client.close()


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ([], "has returned, and has not ended its response"),
        ([START, body(b"x")], "has returned, and has not ended its response"),
        ([body(b"x")], "was sent before 'http.response.start'"),
        ([START, START], "'http.response.start' was sent twice"),
        ([START, body(b"", more=False), body(b"x")], "was sent after the end of the response"),
        (
            [START, {"type": "http.response.body", "body": "x"}],
            "takes chunks of bytes, not of str: 'x'",
        ),
        ([START, {"type": "http.response.nonsense"}], "message 'http.response.nonsense'"),
    ],
)
def test_what_no_server_takes(messages: list[Any], said: str) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        for message in messages:
            await send(message)

    def test() -> None:
        with StreamClient(application) as client:
            client.get("/").read()

    with pytest.raises(AssertionError, match=said):
        test()


@pytest.mark.parametrize("is_async", [False, True])
def test_no_response_is_a_failure_with_words(is_async: bool) -> None:
    query = gate(name="query")

    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await query.wait_async()

    def sync_test() -> None:
        with StreamClient(application, timeout=SOON) as client:
            client.get("/slow")

    async def async_test() -> None:
        async with AsyncStreamClient(application, timeout=SOON) as client:
            await client.get("/slow")

    with pytest.raises(
        AssertionError,
        match=r"^GET /slow: no response has begun within 2 s\. "
        r"Waited at: gate 'query' in application, test_asgi_client\.py line \d+\.$",
    ):
        asyncio.run(async_test()) if is_async else sync_test()


def test_an_application_that_blocks_its_event_loop_is_told_where() -> None:
    asked, answered = threading.Event(), threading.Event()

    def query() -> bytes:
        asked.set()
        answered.wait()
        return b"rows"

    async def rows() -> AsyncIterator[bytes]:
        yield b"head"
        yield query()

    with StreamClient(streaming(rows())) as client:
        response = client.get("/")
        assert response.next() == "head"
        assert asked.wait(10)
        response.timeout = 0.2
        with pytest.raises(AssertionError) as blocked:
            response.read_until("rows")
        answered.set()
        response.timeout = 10.0
        assert response.read() == "headrows"
    told = str(blocked.value).splitlines()[-1]
    assert re.fullmatch(r"The application is in (wait, threading|query, test_asgi\S+) .*\.", told)


def test_an_event_loop_that_waits_is_not_told_of() -> None:
    event, idle = asyncio.Event(), threading.Event()

    async def rows() -> AsyncIterator[bytes]:
        yield b"head"
        asyncio.get_running_loop().call_soon(idle.set)
        await event.wait()

    with StreamClient(streaming(rows())) as client:
        response = client.get("/")
        assert response.next() == "head"
        assert idle.wait(10)
        response.timeout = 0.2
        with pytest.raises(AssertionError, match=r"come within 0\.2 s\. This has:\n    'head'$"):
            response.next()
        response.timeout = 10.0


def test_a_test_that_fails_is_not_held_up() -> None:
    """Not even by a thread of the application's that the event loop waits for."""
    query = gate(name="query")

    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await send(START)
        await asyncio.to_thread(query.wait)

    def test() -> None:
        with StreamClient(application) as client:
            client.get("/")
            query.reached()
            raise KeyError("of the test")

    with pytest.raises(KeyError, match="of the test"):
        test()
    query.open()


def test_which_protocol_it_is() -> None:
    class Asgi:
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await streaming(self.rows())(scope, receive, send)

        async def rows(self) -> AsyncIterator[bytes]:
            yield b"x"

        def plain(self, scope: Any, receive: Any, send: Any) -> Any:
            return self(scope, receive, send)

    def wsgi(environ: Any, start_response: Any, **options: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [b"x"]

    for application in (Asgi(), Asgi().plain, wsgi, partial(Asgi())):
        with StreamClient(application) as client:
            assert client.get("/").read() == "x"
    with StreamClient(lambda *arguments: Asgi()(*arguments), protocol="asgi") as client:
        assert client.get("/").read() == "x"
    for other in ("app", lambda request: None):
        with pytest.raises(TypeError, match="neither a WSGI nor an ASGI application: "):
            StreamClient(other)
