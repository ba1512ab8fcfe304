"""Responses of events: what each framework adds to the stream, without a server."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

flask = pytest.importorskip("flask", reason="the extra 'flask' is not installed")
pytest.importorskip("django", reason="the extra 'django' is not installed")

from django.db import connections
from django.http import StreamingHttpResponse
from django.test import AsyncRequestFactory, RequestFactory
from django.utils import timezone, translation

import streamtmpl.django
import streamtmpl.flask
from streamtmpl import NotStreamingError, StreamEnvironment, asgi, wsgi
from streamtmpl.events import Event
from tests.support.gates import in_loop

from .apps import django_app
from .exchange import Exchange

assert django_app.urlpatterns  # it has set Django up
ENVIRONMENT = StreamEnvironment(autoescape=True)
ENVIRONMENT.globals["language"] = translation.get_language
LANGUAGE = ENVIRONMENT.from_string("{% block language %}{{ language() }}{% endblock %}")


class Kept:
    """What Django keeps in the thread of a source."""

    thread: threading.Thread
    zone = ""

    def source(self) -> Iterator[Event]:
        self.thread = threading.current_thread()
        self.zone = timezone.get_current_timezone_name()
        yield Event((LANGUAGE, {}, "language"))


@pytest.fixture
def closings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the threads whose connections have been closed."""
    closed: list[str] = []
    monkeypatch.setattr(
        connections, "close_all", lambda: closed.append(threading.current_thread().name)
    )
    return closed


def test_djangos_threads_have_what_the_request_has(closings: list[str]) -> None:
    kept = Kept()
    with translation.override("de"), timezone.override("Asia/Tokyo"):
        response = streamtmpl.django.EventResponse(RequestFactory().get("/"), kept.source())
    assert b"".join(response) == b":\n\ndata: de\n\n"
    response.close()
    assert kept.thread is not threading.current_thread()
    assert kept.zone == "Asia/Tokyo"
    assert closings == ["streamtmpl-events"]


def test_without_comments_django_has_one_thread(closings: list[str]) -> None:
    kept = Kept()
    request = RequestFactory().get("/")
    with translation.override("de"):
        response = streamtmpl.django.EventResponse(request, kept.source(), keep_alive=None)
        assert b"".join(response) == b":\n\ndata: de\n\n"
    assert kept.thread is threading.current_thread()
    assert closings == []


@in_loop
async def test_a_sync_source_under_asgi(closings: list[str]) -> None:
    kept = Kept()
    with translation.override("de"):
        response = streamtmpl.django.EventResponse(AsyncRequestFactory().get("/"), kept.source())
    assert isinstance(response, StreamingHttpResponse)
    assert [chunk async for chunk in response] == [b":\n\n", b"data: de\n\n"]
    assert closings == ["streamtmpl-events"]


@in_loop
async def test_a_django_response_that_is_closed_ends_its_source() -> None:
    ended = asyncio.Event()

    async def source() -> Any:
        try:
            while True:
                yield Event("a")
        finally:
            ended.set()

    response = streamtmpl.django.EventResponse(AsyncRequestFactory().get("/"), source())
    chunks = response.__aiter__()
    assert [await anext(chunks), await anext(chunks)] == [b":\n\n", b"data: a\n\n"]
    response.close()  # from where nothing can be awaited
    await ended.wait()
    await chunks.aclose()  # type: ignore[attr-defined]


def test_an_async_source_under_wsgi() -> None:
    async def source() -> Any:
        yield Event("a")

    for make in (
        lambda: wsgi.EventResponse(source()),
        lambda: streamtmpl.django.EventResponse(RequestFactory().get("/"), source()),
    ):
        with pytest.raises(NotStreamingError, match="expected an iterable of events"):
            make()


def test_headers_of_ones_own_stay() -> None:
    headers = {"cache-control": "no-store", "X-Own": "1", "content-type": "text/plain"}
    for kind in (wsgi.EventResponse, asgi.EventResponse):
        found = kind([], headers=headers).headers
        assert {name.lower(): value for name, value in found.items()} == {
            "content-type": "text/event-stream",
            "x-accel-buffering": "no",
            "cache-control": "no-store",
            "x-own": "1",
        }


class Unread(Iterator[Event]):
    closed = False

    def __next__(self) -> Event:
        pytest.fail("a HEAD request asks for no event")

    def close(self) -> None:
        self.closed = True


def test_head_closes_the_source() -> None:
    source, begun = Unread(), []
    response = wsgi.EventResponse(source)
    body = response({"REQUEST_METHOD": "HEAD"}, lambda *head: begun.append(head))  # type: ignore[arg-type]
    assert (list(body), source.closed, len(begun)) == ([], True, 1)


@in_loop
async def test_head_closes_the_source_under_asgi() -> None:
    source, exchange = Unread(), Exchange("HEAD")
    await exchange.over(asgi.EventResponse(source))
    assert (exchange.body, source.closed) == (b"", True)
    assert exchange.headers[b"content-type"] == b"text/event-stream"


def test_head_closes_the_source_in_django() -> None:
    source = Unread()
    response = streamtmpl.django.EventResponse(RequestFactory().head("/"), source)
    assert (b"".join(response), source.closed) == (b":\n\n", True)


def test_the_teardown_of_flask_comes_after_the_source() -> None:
    app, order = flask.Flask(__name__), []
    app.teardown_request(lambda error: order.append("teardown"))

    @app.get("/")
    def view() -> Any:
        def source() -> Iterator[Event]:
            try:
                for number in range(3):
                    yield Event(f"{flask.request.args['q']} {number}")
            finally:
                order.append(f"closed {flask.request.args['q']}")

        return streamtmpl.flask.event_response(source())

    response = app.test_client().get("/?q=a", buffered=False)
    chunks = iter(response.response)
    assert [next(chunks), next(chunks)] == [b":\n\n", b"data: a 0\n\n"]
    assert order == []
    response.close()
    assert order == ["closed a", "teardown"]
