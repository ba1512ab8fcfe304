"""StreamClient with bare WSGI applications: what a server would do, and when."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any
from wsgiref.validate import validator

import pytest

from streamtmpl.testing import (
    AsyncStreamClient,
    Recorder,
    StreamClient,
    assert_sent_before,
    closed,
    gate,
)

from .wsgi_applications import HTML, Body, Start, application_of

SOON = 2.0  # seconds in which an application comes to its gate, on a busy machine as well


@pytest.fixture(params=[True, False], ids=["thread", "inline"])
def thread(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_the_head_is_there_with_the_first_chunk() -> None:
    rows = gate("<li>green</li>", name="rows")

    def application(environ: dict[str, Any], start_response: Start) -> Iterator[bytes]:
        start_response("299 Curious", [*HTML, ("X-Number", "1"), ("X-Number", "2")])
        yield b""
        yield b"<h1>Tea</h1>"
        for row in rows:
            yield row.encode()

    with StreamClient(application) as client:
        response = client.get("/")
        assert (response.status, response.reason) == (299, "Curious")
        assert response.headers["content-type"] == "text/html; charset=utf-8"
        assert response.headers.get_all("x-number") == ["1", "2"]
        assert response.headers["x-other"] is None
        assert response.next() == "<h1>Tea</h1>"
        rows.reached()
        assert not response.complete
        rows.open()
        assert response.next() == "<li>green</li>"
        assert response.next() is None
        assert response.complete
        assert response.text == "<h1>Tea</h1><li>green</li>"
        assert response.chunks == [b"<h1>Tea</h1>", b"<li>green</li>"]
        assert response.content == b"<h1>Tea</h1><li>green</li>"
    assert closed(rows)


def test_the_application_is_one_chunk_ahead_and_no_more() -> None:
    recorder = Recorder()
    rows = recorder.source("pull", [b"a", b"b", b"c", b"d"])
    with StreamClient(application_of(rows)) as client:
        response = client.get("/")
        recorder.wait_for(("pull", b"a"))
        assert response.next() == "a"
        recorder.wait_for(("pull", b"b"))
        assert ("pull", b"c") not in recorder
        assert response.next() == "b"
        recorder.wait_for(("pull", b"c"))
        assert ("pull", b"d") not in recorder
        assert response.read() == "abcd"


def test_in_the_tests_thread_nothing_runs_ahead() -> None:
    recorder = Recorder()
    rows = recorder.source("pull", [b"a", b"b"])
    with StreamClient(application_of(rows), thread=False) as client:
        response = client.get("/")
        recorder.note("got", response.next())
        recorder.note("got", response.next())
        assert response.next() is None
    assert [(each.name, each.value) for each in recorder.moments] == [
        *(("pull", b"a"), ("got", "a"), ("pull", b"b"), ("got", "b")),
        ("pull closed", None),
    ]
    assert {each.by for each in recorder.moments} == {threading.current_thread().name}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("read", ["all", "some", "nothing"])
def test_validated_and_closed_once(thread: bool, read: str, method: str) -> None:
    body = Body([] if method == "HEAD" else [b"a", b"b", b"c"])
    with StreamClient(validator(application_of(body)), thread=thread) as client:
        response = client.request(method, "/path?query=1", headers={"X-Header": "x"})
        if read == "all":
            assert response.read() == ("" if method == "HEAD" else "abc")
        elif read == "some":
            response.next()
    assert body.closings == 1


def test_a_request_is_what_a_server_would_give() -> None:
    seen: dict[str, Any] = {}

    def application(environ: dict[str, Any], start_response: Start) -> list[bytes]:
        seen.update(environ, body=environ["wsgi.input"].read(4))
        start_response("200 OK", HTML)
        return [b"x"]

    with StreamClient(validator(lambda e, s: Body(application(e, s)))) as client:
        headers = [("X-Tea", "green"), ("X-Tea", "black"), ("Content-Type", "text/plain")]
        client.request("POST", "/sp%C3%A4t?a=%26", headers=headers, body=b"form").read()
    assert seen["REQUEST_METHOD"] == "POST"
    assert seen["PATH_INFO"].encode("latin-1").decode() == "/spät"
    assert seen["QUERY_STRING"] == "a=%26"
    assert (seen["HTTP_HOST"], seen["HTTP_X_TEA"]) == ("testserver", "green,black")
    assert (seen["CONTENT_TYPE"], seen["CONTENT_LENGTH"]) == ("text/plain", "4")
    assert seen["body"] == b"form"


def test_what_is_no_ascii_is_quoted_as_browsers_do() -> None:
    got = {}

    def application(environ: dict[str, Any], start_response: Start) -> list[bytes]:
        got.update(environ)
        start_response("200 OK", HTML)
        return []

    with StreamClient(application) as client:
        client.get("/tür/a%2Fb c?q=ö%26&r=a b")
    assert got["PATH_INFO"].encode("latin-1").decode() == "/tür/a/b c"
    assert got["QUERY_STRING"] == "q=%C3%B6%26&r=a%20b"


def test_a_path_is_asked_for() -> None:
    with StreamClient(application_of([])) as client, pytest.raises(ValueError, match="begins with"):
        client.get("http://testserver/")


def test_an_error_can_be_what_a_browser_sees(thread: bool) -> None:
    def body() -> Iterator[bytes]:
        yield b"a"
        raise ZeroDivisionError("late")

    client = StreamClient(application_of(body()), thread=thread, raise_errors=False)
    with client:
        response = client.get("/")
        assert response.read() == "a"
        assert not response.complete
        assert isinstance(response.error, ZeroDivisionError)


def test_context_variables_of_the_application_are_its_own(thread: bool) -> None:
    user = ContextVar("user", default="nobody")
    seen = []

    def body() -> Iterator[bytes]:
        user.set("Ann")
        yield b"a"
        seen.append(user.get())
        yield b"b"

    with StreamClient(application_of(body()), thread=thread) as client:
        response = client.get("/")
        assert response.next() == "a"
        assert user.get() == "nobody"
        response.read()
    assert (seen, user.get()) == (["Ann"], "nobody")


def test_what_is_written_comes_first(thread: bool) -> None:
    def application(environ: dict[str, Any], start_response: Start) -> list[bytes]:
        write = start_response("200 OK", HTML)
        write(b"written ")
        return [b"iterated"]

    with StreamClient(application, thread=thread) as client:
        response = client.get("/")
        assert response.next() == "written "
        assert response.read() == "written iterated"


def test_text_that_never_comes_is_a_failure_with_words() -> None:
    rows = gate("<li>green</li>", name="rows")

    def buffering() -> Iterator[bytes]:
        yield b"<h1>Tea</h1>"
        yield "".join(rows).encode() + b"<footer>"

    with StreamClient(application_of(buffering())) as client:
        response = client.get("/")
        assert response.next() == "<h1>Tea</h1>"
        rows.reached()
        response.timeout = 0.2
        with pytest.raises(AssertionError) as raised:
            response.read_until("<li>")
        response.timeout = 10.0
        rows.open()
        with pytest.raises(AssertionError) as ended:
            response.read_until("<nav>")
    at = line_of('"".join(rows)')
    assert str(raised.value).splitlines() == [
        "'<li>' has not come within 0.2 s. This has:",
        "    '<h1>Tea</h1>'",
        f"Waited at: gate 'rows' in buffering, test_wsgi_client.py line {at}.",
    ]
    assert str(ended.value).splitlines() == [
        "'<nav>' has not come, and the response has ended. This has:",
        "    '<h1>Tea</h1><li>green</li><footer>'",
    ]


def line_of(text: str) -> int:
    """The first line of this file with that text."""
    with open(__file__, encoding="utf-8") as file:
        return next(number for number, line in enumerate(file, 1) if text in line)


def test_no_response_is_a_failure_with_words() -> None:
    query = gate(name="query")

    def application(environ: dict[str, Any], start_response: Start) -> list[bytes]:
        start_response("200 OK", HTML)
        return [query.wait(b"x")]

    with pytest.raises(AssertionError) as raised, StreamClient(application, timeout=SOON) as client:
        client.get("/slow?x=1")
    query.open()
    assert re.fullmatch(
        r"GET /slow: no response has begun within 2 s\. "
        r"Waited at: gate 'query' in application, test_wsgi_client\.py line \d+\.",
        str(raised.value),
    )


def test_what_an_application_does_when_it_is_at_no_gate() -> None:
    entered, event = threading.Event(), threading.Event()

    def slow() -> Iterator[bytes]:
        yield b"a"
        entered.set()
        event.wait()
        yield b"b"

    with StreamClient(application_of(slow())) as client:
        response = client.get("/")
        assert response.next() == "a"
        assert entered.wait(10)
        response.timeout = 0.2
        with pytest.raises(AssertionError, match=r"The application is in slow, test_wsgi_client\."):
            response.read_until("b")
        event.set()
        response.timeout = 10.0
        assert response.read() == "ab"


def test_a_client_that_has_gone(thread: bool) -> None:
    recorder = Recorder()
    body = Body(recorder.source("pull", [b"a", b"b", b"c", b"d"]))
    with StreamClient(application_of(body), thread=thread) as client:
        response = client.get("/")
        assert response.next() == "a"
        response.disconnect()
        assert body.closings == 1
        assert ("pull", b"d") not in recorder
        assert response.next() is None
        assert not response.complete


def test_a_blocked_application_is_closed_when_it_goes_on() -> None:
    rows = gate(b"b", name="rows")

    def body() -> Iterator[bytes]:
        yield b"a"
        yield from rows

    stream = Body(body())
    with StreamClient(application_of(stream)) as client:
        response = client.get("/")
        response.read_until("a")
        rows.reached()
        response.timeout = 0.2
        with pytest.raises(
            AssertionError,
            match=r"the response still runs 0\.2 s after its reader has gone\. Waited at: gate 'r",
        ):
            response.disconnect()
        response.disconnect(wait=False)
        assert stream.closings == 0
        response.timeout = 10.0
        rows.open()
        response.close()
        assert stream.closings == 1


def test_no_thread_is_left() -> None:
    before = set(threading.enumerate())
    with StreamClient(application_of(Body([b"a", b"b"]))) as client:
        client.get("/").read()
        client.get("/").next()
        client.get("/")
        assert set(threading.enumerate()) - before
    assert set(threading.enumerate()) <= before  # those of other tests may end meanwhile


def test_a_test_that_fails_is_not_held_up() -> None:
    rows = gate(name="rows")

    def body() -> Iterator[bytes]:
        yield b"a"
        yield from rows

    def test() -> None:
        with StreamClient(application_of(body())) as client:
            client.get("/").next()
            rows.reached()
            raise KeyError("of the test")

    with pytest.raises(KeyError, match="of the test"):
        test()
    rows.open()


async def _in_a_task(application: Any, rows: Any) -> None:
    async with AsyncStreamClient(application) as client:
        response = await client.get("/")
        assert await response.read_until("Tea") == "<h1>Tea</h1>"
        await rows.reached_async()
        rows.open()
        assert await response.read() == "<h1>Tea</h1>green"
        assert_sent_before(response, "<h1>Tea", rows)


@pytest.mark.parametrize("runner", ["asyncio", "trio"])
def test_from_an_async_test(runner: str) -> None:
    rows = gate(b"green", name="rows")

    def body() -> Iterator[bytes]:
        yield b"<h1>Tea</h1>"
        yield from rows

    application = application_of(body())
    if runner == "asyncio":
        pytest.importorskip("asyncio").run(_in_a_task(application, rows))
    else:
        pytest.importorskip("trio").run(_in_a_task, application, rows)
    assert closed(rows)
