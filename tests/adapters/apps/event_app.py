"""Events from every adapter: whoever listens hears what is told to all.

``/events`` listens: the first event says what the source sees of its request and which event the
client has seen last. ``/threads`` does so with a sync source where the other one is async.
``/tell?...`` sends its query to all, and ``/open`` says how many listen.
"""

# ruff: noqa: PLC0415 - only the framework that is asked for is imported
from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from queue import Empty, SimpleQueue
from typing import Any

from streamtmpl import StreamEnvironment, asgi, wsgi
from streamtmpl.events import Event

PAGE = StreamEnvironment(autoescape=True).from_string(
    "<h1>{% block told %}<b>{{ text }}</b>{% endblock %}</h1>"
)
KEEP_ALIVE = float(os.environ.get("KEEP_ALIVE", "0.2"))
LAST = "bye"
"""Told, it ends the sources."""


class Board:
    """Those who listen."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[str], Any]] = []

    def tell(self, text: str) -> None:
        for listener in list(self.listeners):
            listener(text)

    def listen(self, first: Callable[[], str]) -> Iterator[Event | None]:
        """What is told, from a queue that is looked at again and again."""
        queue: SimpleQueue[str] = SimpleQueue()
        self.listeners.append(queue.put)
        try:
            yield Event(first())
            while True:
                try:
                    text = queue.get(timeout=KEEP_ALIVE)
                except Empty:
                    yield None
                    continue
                yield Event((PAGE, {"text": text}, "told"), id=text)
                if text == LAST:
                    return
        finally:
            self.listeners.remove(queue.put)

    async def listen_async(self, first: Callable[[], str]) -> AsyncIterator[Event]:
        queue: asyncio.Queue[str] = asyncio.Queue()
        self.listeners.append(queue.put_nowait)
        try:
            yield Event(first())
            while True:
                text = await queue.get()
                yield Event((PAGE, {"text": text}, "told"), id=text)
                if text == LAST:
                    return
        finally:
            self.listeners.remove(queue.put_nowait)


board = Board()


def answer(path: str, query: str) -> str | None:
    """What is answered to anything but a request for events."""
    if path == "/tell":
        board.tell(query)
    return {"/tell": "told", "/open": str(len(board.listeners))}.get(path)


# -- without a framework


def wsgi_app(environ: Any, start_response: Any) -> Any:
    text = answer(environ["PATH_INFO"], environ["QUERY_STRING"])
    if text is None:
        first = f"{environ['QUERY_STRING']} after {wsgi.last_event_id(environ)}"
        response: Any = wsgi.EventResponse(board.listen(lambda: first), keep_alive=KEEP_ALIVE)
    else:
        response = wsgi.StreamResponse([text])
    return response(environ, start_response)


async def asgi_app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    query = scope["query_string"].decode()
    text = answer(scope["path"], query)
    if text is None:
        first = f"{query} after {asgi.last_event_id(scope)}"
        listen: Any = board.listen if scope["path"] == "/threads" else board.listen_async
        response: Any = asgi.EventResponse(listen(lambda: first), keep_alive=KEEP_ALIVE)
    else:
        response = asgi.StreamResponse([text])
    await response(scope, receive, send)


# -- with one


def flask_app() -> Any:
    from flask import Flask, request

    from streamtmpl.flask import event_response, last_event_id

    app = Flask(__name__)

    def first() -> str:
        return f"{request.query_string.decode()} after {last_event_id()}"

    @app.get("/events")
    def events() -> Any:
        return event_response(board.listen(first), keep_alive=KEEP_ALIVE)

    @app.get("/<path:path>")
    def other(path: str) -> Any:
        return answer(request.path, request.query_string.decode())

    return app


def quart_app() -> Any:
    from quart import Quart, request

    from streamtmpl.quart import event_response, last_event_id

    app = Quart(__name__)

    def first() -> str:
        return f"{request.query_string.decode()} after {last_event_id()}"

    @app.get("/events")
    async def events() -> Any:
        return await event_response(board.listen_async(first), keep_alive=KEEP_ALIVE)

    @app.get("/threads")
    async def threads() -> Any:
        return await event_response(board.listen(first), keep_alive=KEEP_ALIVE)

    @app.get("/<path:path>")
    async def other(path: str) -> Any:
        return answer(request.path, request.query_string.decode())

    return app


def fastapi_app() -> Any:
    from fastapi import FastAPI, Request, Response

    from streamtmpl.starlette import EventResponse, last_event_id

    app = FastAPI()

    async def events(request: Any) -> Any:
        def first() -> str:
            return f"{request.url.query} after {last_event_id(request)}"

        listen: Any = board.listen if request.url.path == "/threads" else board.listen_async
        return EventResponse(listen(first), keep_alive=KEEP_ALIVE)

    def other(request: Any) -> Any:
        return Response(answer(request.url.path, request.url.query))

    # FastAPI evaluates annotations, and does not find local names.
    events.__annotations__["request"] = other.__annotations__["request"] = Request
    for path in ("/events", "/threads"):
        app.get(path, response_class=EventResponse)(events)
    app.get("/{path:path}")(other)
    return app


def django_views() -> list[Any]:
    from django.http import HttpRequest, HttpResponse
    from django.urls import path, re_path

    from streamtmpl.django import EventResponse, last_event_id

    def events(request: HttpRequest, listen: Any = None) -> EventResponse:
        def first() -> str:
            return f"{request.META['QUERY_STRING']} after {last_event_id(request)}"

        if listen is None:
            listen = board.listen_async if hasattr(request, "scope") else board.listen
        return EventResponse(request, listen(first), keep_alive=KEEP_ALIVE)

    def other(request: HttpRequest) -> HttpResponse:
        return HttpResponse(answer(request.path, request.META["QUERY_STRING"]))

    return [
        path("events", events),
        path("threads", events, {"listen": board.listen}),
        re_path("", other),
    ]


def _set_up_django() -> None:
    import django
    from django.conf import settings

    settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=(*django_views(),), SECRET_KEY="secret")
    django.setup()


def django_wsgi() -> Any:
    from django.core.handlers.wsgi import WSGIHandler

    _set_up_django()
    return WSGIHandler()


def django_asgi() -> Any:
    from django.core.handlers.asgi import ASGIHandler

    _set_up_django()
    return ASGIHandler()


def litestar_app() -> Any:
    from litestar import Litestar, MediaType, Request, get

    from streamtmpl.litestar import EventResponse, last_event_id

    async def events(request: Any) -> Any:
        def first() -> str:
            return f"{request.url.query} after {last_event_id(request)}"

        listen: Any = board.listen if request.url.path == "/threads" else board.listen_async
        return EventResponse(listen(first), keep_alive=KEEP_ALIVE)

    async def other(request: Any, path: str) -> str:
        return answer(request.url.path, request.url.query) or ""

    # Litestar evaluates annotations, and does not find local names.
    events.__annotations__.update({"request": Request, "return": EventResponse})
    other.__annotations__.update({"request": Request, "path": str, "return": str})
    handlers = [
        get(["/events", "/threads"])(events),
        get("/{path:path}", media_type=MediaType.TEXT)(other),
    ]
    return Litestar(handlers)


def aiohttp_app() -> Any:
    from aiohttp import web

    from streamtmpl.aiohttp import event_response, last_event_id

    async def events(request: web.Request) -> web.Response:
        def first() -> str:
            return f"{request.query_string} after {last_event_id(request)}"

        listen: Any = board.listen if request.path == "/threads" else board.listen_async
        return await event_response(request, listen(first), keep_alive=KEEP_ALIVE)

    async def other(request: web.Request) -> web.Response:
        return web.Response(text=answer(request.path, request.query_string))

    app = web.Application()
    app.add_routes([web.get("/events", events), web.get("/threads", events)])
    app.add_routes([web.get("/{path:.*}", other)])
    return app


ADAPTERS = {
    "litestar": litestar_app,
    "aiohttp": aiohttp_app,
    "flask": flask_app,
    "quart": quart_app,
    "fastapi": fastapi_app,
    "django-wsgi": django_wsgi,
    "django-asgi": django_asgi,
    "wsgi": lambda: wsgi_app,
    "asgi": lambda: asgi_app,
}
application = ADAPTERS[os.environ["ADAPTER"]]() if "ADAPTER" in os.environ else None
