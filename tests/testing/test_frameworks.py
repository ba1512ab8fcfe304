"""The kit with applications of frameworks, none of which has a template of ours."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Iterator
from importlib import import_module
from typing import Any

import pytest

from streamtmpl.testing import (
    AsyncStreamClient,
    Gate,
    StreamClient,
    assert_closed,
    assert_closed_async,
    assert_sent_before,
    gate,
)

HEAD = "<h1>Tea</h1>"
Make = Callable[[Gate], Any]


def chunks(rows: Gate) -> Iterator[str]:
    yield HEAD
    yield from rows


async def chunks_async(rows: Gate) -> AsyncIterator[str]:
    yield HEAD
    async for row in rows:
        yield row


def flask(rows: Gate) -> Any:
    module = import_module("flask")
    app = module.Flask("shop")
    app.add_url_rule("/", view_func=lambda: module.Response(chunks(rows)))
    return app


def flask_compressed(rows: Gate) -> Any:
    compress = import_module("flask_compress").Compress()
    app = flask(rows)
    app.config.update(COMPRESS_STREAMS=True, COMPRESS_MIN_SIZE=0)
    compress.init_app(app)
    return app


def bottle(rows: Gate) -> Any:
    app = import_module("bottle").Bottle()
    app.route("/", callback=lambda: chunks(rows))
    return app


def falcon(rows: Gate) -> Any:
    app = import_module("falcon").App()

    class Page:
        def on_get(self, request: Any, response: Any) -> None:
            response.content_type = "text/html"
            response.stream = (chunk.encode() for chunk in chunks(rows))

    app.add_route("/", Page())
    return app


def quart(rows: Gate) -> Any:
    app = import_module("quart").Quart("shop")

    async def page() -> Any:
        return chunks_async(rows), {"Content-Type": "text/html"}

    app.add_url_rule("/", view_func=page)
    return app


def starlette(rows: Gate, *middleware: Any) -> Any:
    streaming = import_module("starlette.responses").StreamingResponse
    route = import_module("starlette.routing").Route

    async def page(request: Any) -> Any:
        return streaming(chunks_async(rows), media_type="text/html")

    return import_module("starlette.applications").Starlette(
        routes=[route("/", page)], middleware=list(middleware)
    )


def starlette_in_threads(rows: Gate) -> Any:
    streaming = import_module("starlette.responses").StreamingResponse
    route = import_module("starlette.routing").Route

    def page(request: Any) -> Any:
        return streaming(chunks(rows), media_type="text/html")

    return import_module("starlette.applications").Starlette(routes=[route("/", page)])


def middleware(rows: Gate) -> Any:
    made = import_module("starlette.middleware").Middleware
    base = import_module("starlette.middleware.base").BaseHTTPMiddleware

    async def dispatch(request: Any, call_next: Any) -> Any:
        return await call_next(request)

    return starlette(rows, made(base, dispatch=dispatch))


def fastapi(rows: Gate) -> Any:
    app = import_module("fastapi").FastAPI()
    streaming = import_module("fastapi.responses").StreamingResponse

    @app.get("/")
    async def page() -> Any:
        return streaming(chunks_async(rows), media_type="text/html")

    return app


def litestar(rows: Gate) -> Any:
    module = import_module("litestar")
    stream = import_module("litestar.response").Stream

    async def page() -> Any:
        return stream(chunks_async(rows), media_type="text/html")

    page.__annotations__["return"] = stream
    return module.Litestar([module.get("/")(page)])


def every(*makes: Make) -> Any:
    return pytest.mark.parametrize("make", makes, ids=lambda make: make.__name__)


WSGI = (flask, bottle, falcon)
ASGI = (quart, starlette, middleware, fastapi, litestar)


def application(make: Make, rows: Gate) -> Any:
    try:
        return make(rows)
    except ModuleNotFoundError as error:
        pytest.skip(f"{error.name} is not installed")


@every(*WSGI, *ASGI, starlette_in_threads)
def test_the_head_is_sent_before_the_rows_are_there(make: Make) -> None:
    rows = gate("green", "black", name="rows")
    with StreamClient(application(make, rows)) as client:
        response = client.get("/")
        assert response.status == 200
        assert (response.headers["Content-Type"] or "").startswith("text/")
        assert response.read_until("</h1>") == HEAD
        rows.reached()
        rows.open()
        assert response.read() == HEAD + "greenblack"
        assert_sent_before(response, HEAD, rows)
        with pytest.raises(AssertionError, match=r"'black' was to be sent before 'gate 'rows' op"):
            assert_sent_before(response, "black", rows)
        assert client.get("/nowhere").status == 404
    assert_closed(rows)


@every(*WSGI, *ASGI)
def test_the_same_from_an_async_test(make: Make) -> None:
    async def test() -> None:
        rows = gate("green", "black", name="rows")
        async with AsyncStreamClient(application(make, rows)) as client:
            response = await client.get("/")
            assert await response.read_until("</h1>") == HEAD
            await rows.reached_async()
            rows.open()
            assert await response.read() == HEAD + "greenblack"
        await assert_closed_async(rows)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(test())


@every(*WSGI)
def test_a_client_leaves_a_wsgi_application(make: Make) -> None:
    rows = gate("green", "black", name="rows")
    with StreamClient(application(make, rows)) as client:
        response = client.get("/")
        response.read_until("</h1>")
        rows.reached()
        response.disconnect(wait=False)
        assert not rows.closed
        rows.open()  # its next chunk is where it notices
        response.close()
        assert_closed(rows)


@every(*ASGI)
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_a_client_leaves_an_asgi_application(make: Make, is_async: bool) -> None:
    rows = gate("green", "black", name="rows")
    app = application(make, rows)

    def sync_test() -> None:
        with StreamClient(app) as client:
            response = client.get("/")
            response.read_until("</h1>")
            rows.reached()
            response.disconnect()
            assert_closed(rows)

    async def async_test() -> None:
        async with AsyncStreamClient(app) as client:
            response = await client.get("/")
            await response.read_until("</h1>")
            await rows.reached_async()
            await response.disconnect()
            await assert_closed_async(rows)

    asyncio.run(async_test()) if is_async else sync_test()


def test_in_the_tests_own_thread() -> None:
    rows = gate("green", name="rows", timeout=0.1)
    with StreamClient(application(flask, rows), thread=False) as client:
        response = client.get("/")
        assert response.next() == HEAD
        with pytest.raises(AssertionError, match=r"gate 'rows' was not opened within 0\.1 s; wai"):
            response.next()


@pytest.mark.parametrize("encoding", ["deflate", "br", "zstd"])
def test_a_compressor_that_holds_text_back_is_found_out(encoding: str) -> None:
    """Flask-Compress flushes nothing: what it hands on is empty, or cannot be decoded yet."""
    rows = gate("green" * 10, name="rows")
    app = application(flask_compressed, rows)

    def test() -> None:
        with StreamClient(app, timeout=2) as client:
            client.get("/", headers={"Accept-Encoding": encoding}).read_until("Tea")

    late = r"'Tea' has not come within 2 s\. Nothing has\.|no response has begun within 2 s\."
    with pytest.raises(AssertionError, match=rf"({late})\sWaited at: gate 'rows' in chunks"):
        test()
    rows.open()
    with StreamClient(app) as client:
        response = client.get("/", headers={"Accept-Encoding": encoding})
        assert response.headers["Content-Encoding"] == encoding
        assert response.read().startswith(HEAD)


def test_the_same_application_streams_without_the_compressor() -> None:
    rows = gate("green", name="rows")
    with StreamClient(application(flask_compressed, rows)) as client:
        response = client.get("/")
        assert response.headers["Content-Encoding"] is None
        assert response.read_until("Tea") == HEAD
        rows.open()


async def _trio(make: Make) -> None:
    rows = gate("green", "black", name="rows")
    async with AsyncStreamClient(application(make, rows)) as client:
        response = await client.get("/")
        assert await response.read_until("</h1>") == HEAD
        await rows.reached_async()
        await response.disconnect()
        await assert_closed_async(rows)


# Starlette's middleware leaves the stream of the request's body to the garbage collector.
@pytest.mark.filterwarnings("ignore:Async generator 'starlette.requests:ResourceWarning")
@every(starlette, middleware, fastapi)
def test_on_trio(make: Make) -> None:
    pytest.importorskip("trio").run(_trio, make)
    gc.collect()
