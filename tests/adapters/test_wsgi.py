"""StreamResponse, called as a server calls it."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import jinja2
import pytest

from streamtmpl import (
    NotStreamingError,
    ResponseSentError,
    StreamEnvironment,
    UnknownBlockError,
    rechunk,
    render_stream,
    render_stream_async,
)
from streamtmpl.wsgi import StreamResponse

ROWS = "{% for row in rows %}<{{ row }}>{% endfor %}"


def template(source: str = ROWS, **options: Any) -> Any:
    return StreamEnvironment(chunk_size=0, **options).from_string(source)


class Source:
    """An iterator of rows, that may fail, and says whether it was closed."""

    def __init__(self, rows: Iterable[Any] = "abc", error: Exception | None = None) -> None:
        self.rows, self.error = iter(rows), error
        self.pulled = self.closed = 0

    def __iter__(self) -> Source:
        return self

    def __next__(self) -> Any:
        self.pulled += 1
        for row in self.rows:
            return row
        if self.error is not None:
            raise self.error
        raise StopIteration

    def close(self) -> None:
        self.closed += 1


class Exchange:
    """One call of an application."""

    def __init__(self, application: Any, method: str = "GET") -> None:
        self.status: str | None = None
        self.headers: dict[str, str] = {}
        environ: dict[str, Any] = {"REQUEST_METHOD": method, "QUERY_STRING": ""}
        setup_testing_defaults(environ)
        self.body = application(environ, self.start_response)

    def start_response(self, status: str, headers: Any, exc_info: Any = None) -> Callable[..., Any]:
        assert self.status is None
        self.status, self.headers = status, dict(headers)
        return lambda data: None

    def read(self) -> bytes:
        """What a server does: iterate, then close if there is something to close."""
        chunks = list(self.body)
        assert all(type(chunk) is bytes and chunk for chunk in chunks)
        if hasattr(self.body, "close"):
            self.body.close()
        return b"".join(chunks)


def test_a_template_with_its_context() -> None:
    exchange = Exchange(StreamResponse(template("{{ word }}"), {"word": "späť"}))
    assert exchange.status == "200 OK"
    assert exchange.headers == {
        "Content-Type": "text/html; charset=utf-8",
        "X-Accel-Buffering": "no",
        "Content-Length": "6",
    }
    assert exchange.read() == "späť".encode()


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(lambda: render_stream(template(), {"rows": "äb"}), id="stream"),
        pytest.param(lambda: rechunk(["<ä>", "<b>"]), id="rechunked"),
        pytest.param(lambda: ["<ä>", "<b>"], id="strings"),
        pytest.param(lambda: iter([b"<\xe4>", b"<b>"]), id="bytes"),
        pytest.param(lambda: template(enable_async=True).generate(rows="äb"), id="generate"),
    ],
)
def test_kinds_of_source(source: Callable[[], Any]) -> None:
    response = StreamResponse(source(), content_type="text/plain; charset=latin-1")
    assert Exchange(response).read() == b"<\xe4><b>"


async def _agen() -> Any:
    yield "x"


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(lambda: template(enable_async=True), id="template"),
        pytest.param(lambda: render_stream_async(template("x")), id="stream"),
        pytest.param(_agen, id="generator"),
    ],
)
def test_async_sources_are_sent_elsewhere(source: Callable[[], Any]) -> None:
    with pytest.raises(NotStreamingError, match=r"streamtmpl\.asgi"):
        StreamResponse(source())


@pytest.mark.parametrize("source", ["text", b"bytes", 7, jinja2.Template("x")])
def test_what_cannot_be_streamed(source: Any) -> None:
    with pytest.raises(NotStreamingError):
        StreamResponse(source)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("source", [ROWS, ""])
def test_it_is_valid_wsgi(method: str, source: str) -> None:
    # Closing what the validator returns is what checks that everything was in order.
    exchange = Exchange(validator(StreamResponse(template(source), {"rows": "ab"})), method)
    expected = b"<a><b>" if source and method == "GET" else b""
    assert exchange.read() == expected


def test_the_body_has_no_length() -> None:
    exchange = Exchange(StreamResponse(["one chunk"]))
    assert not hasattr(exchange.body, "__len__")
    exchange.body.close()


def test_only_the_first_chunk_is_rendered_before_the_response_starts() -> None:
    source = Source()
    exchange = Exchange(StreamResponse(template(), {"rows": source}))
    assert exchange.status == "200 OK"
    assert source.pulled == 1
    assert next(iter(exchange.body)) == b"<a>"
    assert source.pulled == 1
    exchange.body.close()


def test_head_renders_nothing_and_closes() -> None:
    source = Source()
    exchange = Exchange(StreamResponse(template(), {"rows": source}, status=404), "HEAD")
    assert exchange.status == "404 Not Found"
    assert exchange.headers["Content-Type"] == "text/html; charset=utf-8"
    assert exchange.read() == b""
    assert source.pulled == 0


def test_head_closes_a_stream_that_has_begun() -> None:
    source = Source()
    stream = render_stream(template(), {"rows": source})
    next(stream)
    assert Exchange(StreamResponse(stream), "HEAD").read() == b""
    assert source.closed == 1


def test_head_closes_an_iterator_that_nobody_has_read() -> None:
    source = Source()
    assert Exchange(StreamResponse(source), "HEAD").read() == b""
    assert (source.pulled, source.closed) == (0, 1)


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_content_has_no_body(status: int) -> None:
    source = Source()
    exchange = Exchange(StreamResponse(template(), {"rows": source}, status=status))
    assert exchange.read() == b""
    assert source.closed == 1


def test_an_early_error_is_raised_before_the_response_starts() -> None:
    source = Source([], ValueError("early"))
    exchange = Exchange.__new__(Exchange)
    exchange.status = None
    with pytest.raises(ValueError, match="early"):
        StreamResponse(template(), {"rows": source})({}, exchange.start_response)
    assert exchange.status is None
    assert source.closed == 1


def test_a_late_error_is_raised_to_the_server() -> None:
    source = Source("a", ValueError("late"))
    exchange = Exchange(StreamResponse(template(), {"rows": source}))
    assert next(iter(exchange.body)) == b"<a>"
    with pytest.raises(ValueError, match="late"):
        next(iter(exchange.body))
    assert source.closed == 1
    exchange.body.close()


def test_a_server_that_refuses_the_response_closes_the_template() -> None:
    def refuse(status: str, headers: Any, exc_info: Any = None) -> Any:
        raise AssertionError("Headers already set")

    source = Source()
    with pytest.raises(AssertionError, match="already set"):
        StreamResponse(template(), {"rows": source})({}, refuse)
    assert source.closed == 1


def test_close_reaches_the_template() -> None:
    source = Source()
    exchange = Exchange(StreamResponse(template(), {"rows": source}))
    exchange.body.close()
    assert source.closed == 1


def test_closing_through_a_generator_around_it() -> None:
    def middleware(body: Iterable[bytes]) -> Iterator[bytes]:
        yield from body

    source = Source()
    wrapped = middleware(Exchange(StreamResponse(template(), {"rows": source})).body)
    next(wrapped)
    wrapped.close()  # type: ignore[attr-defined]
    assert source.closed == 1


def test_a_body_that_is_dropped_closes_the_template_at_once() -> None:
    source = Source()
    # The response is in a cycle with what it renders.
    context: dict[str, Any] = {"rows": source, "status": lambda: response.status}
    response: StreamResponse = StreamResponse(template(), context)
    exchange = Exchange(response)
    gc.disable()
    try:
        del exchange
        assert source.closed == 1
    finally:
        gc.enable()


def test_it_answers_one_request() -> None:
    response = StreamResponse(["x"])
    assert Exchange(response).read() == b"x"
    with pytest.raises(ResponseSentError, match="a new one for each request"):
        Exchange(response)


def test_it_runs_in_the_context_of_its_creation() -> None:
    user: ContextVar[str] = ContextVar("user", default="nobody")
    token = user.set("Ann")
    response = StreamResponse(template("{{ user() }}{% flush %}{{ user() }}"), {"user": user.get})
    user.reset(token)
    assert Exchange(response).read() == b"AnnAnn"


PAGE = (
    "<head>{% block head %}{% endblock %}</head>"
    "{% block content %}{{ change() }}{% endblock %}<footer>"
)


def test_the_template_changes_status_and_headers_until_a_block_is_rendered() -> None:
    def change() -> str:
        response.status = 404
        response.headers["X-Found"] = "no"
        response.headers.add_header("Set-Cookie", "a=1")
        return "nothing"

    response = StreamResponse(template(PAGE), {"change": change}, commit_after="content")
    exchange = Exchange(response)
    assert exchange.status == "404 Not Found"
    assert exchange.headers["X-Found"] == "no"
    assert exchange.headers["Set-Cookie"] == "a=1"
    assert exchange.read() == b"<head></head>nothing<footer>"


def test_a_change_that_comes_too_late_is_an_error() -> None:
    def change() -> str:
        response.status = 404
        return ""

    response = StreamResponse(template(PAGE), {"change": change})
    exchange = Exchange(response)
    assert exchange.status == "200 OK"
    with pytest.raises(ResponseSentError, match="status 404 was set after status 200"):
        list(exchange.body)


def test_an_unknown_block_to_commit_after() -> None:
    with pytest.raises(UnknownBlockError, match="'content', 'head'"):
        Exchange(StreamResponse(template(PAGE), {"change": str}, commit_after="body"))
