"""Streamed responses inside middlewares and bridges that treat them in ways of their own."""

from __future__ import annotations

import asyncio
import gc
from io import StringIO
from typing import Any

import pytest

pytest.importorskip("werkzeug", reason="Werkzeug is not installed (the extra 'servers' has it)")

from werkzeug.debug import DebuggedApplication
from werkzeug.middleware.profiler import ProfilerMiddleware
from werkzeug.test import Client, create_environ, run_wsgi_app

from streamtmpl import StreamEnvironment
from streamtmpl.wsgi import StreamResponse

from .test_wsgi import Source

environment = StreamEnvironment(chunk_size=0)
ROWS = environment.from_string("{% for row in rows %}\n<{{ row }}>{% endfor %}")


def application(source: Source) -> Any:
    def application(environ: Any, start_response: Any) -> Any:
        return StreamResponse(ROWS, {"rows": source})(environ, start_response)

    return application


def test_the_test_client_of_werkzeug_streams() -> None:
    source = Source()
    with Client(application(source)).get("/", buffered=False) as response:
        assert next(response.iter_encoded()) == b"\n<a>"
        assert (source.pulled, source.closed) == (1, 0)
    assert source.closed == 1


def test_the_debugger_passes_chunks_on() -> None:
    source = Source()
    body, status, _ = run_wsgi_app(DebuggedApplication(application(source)), create_environ())
    assert status == "200 OK"
    assert next(iter(body)) == b"\n<a>"
    assert source.pulled == 1
    body.close()  # type: ignore[attr-defined]
    assert source.closed == 1


def test_the_debugger_shows_an_early_error_with_the_line_of_the_template() -> None:
    errors = StringIO()
    debugged = DebuggedApplication(application(Source([], ZeroDivisionError("early"))))
    body, status, _ = run_wsgi_app(debugged, create_environ(errors_stream=errors), buffered=True)
    assert status.startswith("500")
    assert b"ZeroDivisionError: early" in b"".join(body)
    assert "line 1, in top-level template code" in errors.getvalue()


def test_after_the_commit_the_debugger_logs_the_error_and_ends_the_response() -> None:
    errors = StringIO()
    source = Source("a", ZeroDivisionError("late"))
    started: list[str] = []

    def start_response(status: str, headers: Any, exc_info: Any = None) -> Any:
        if started:
            raise AssertionError("Headers already set")
        started.append(status)

    environ = create_environ(errors_stream=errors)
    body = DebuggedApplication(application(source))(environ, start_response)
    # The error does not reach the server, which takes the response to be complete.
    assert b"".join(body) == b"\n<a>"
    assert errors.getvalue().count("ZeroDivisionError: late") == 1
    assert source.closed == 1


def test_the_profiler_collects_the_response() -> None:
    source = Source()
    profiled = ProfilerMiddleware(application(source), stream=StringIO())
    body, _, _ = run_wsgi_app(profiled, create_environ())
    assert list(body) == [b"\n<a>\n<b>\n<c>"]


def test_the_profiler_does_not_close_but_the_template_is_closed() -> None:
    source = Source("a", ZeroDivisionError("late"))
    profiled = ProfilerMiddleware(application(source), stream=StringIO())
    with pytest.raises(ZeroDivisionError):
        run_wsgi_app(profiled, create_environ())
    assert source.closed == 1


def test_a_bridge_that_never_closes_leaves_it_to_the_garbage_collector() -> None:
    bridge = pytest.importorskip(
        "asgiref.wsgi", reason="asgiref is not installed (the extra 'servers' has it)"
    )
    source = Source("abc")
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "headers": [],
    }

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)
        if message["type"] == "http.response.body":
            raise OSError("the client is gone")

    sent: list[Any] = []
    with pytest.raises(OSError, match="gone"):
        asyncio.run(bridge.WsgiToAsgi(application(source))(scope, receive, send))
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    gc.collect()  # the error that was raised held the bridge's frame
    assert source.closed == 1
    assert source.pulled == 1
