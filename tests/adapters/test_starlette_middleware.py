"""What middleware of Starlette's does to a stream."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

pytest.importorskip("starlette", reason="not installed: it comes with the extra 'servers'")
pytest.importorskip("httpx2", reason="not installed: it comes with the extra 'servers'")

from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response

from streamtmpl.testing import Gate, StreamClient, gate

from .exchange import HANGS, Exchange
from .starlette_pages import KINDS, app_of, failed, get, templates_of


def gated(query: Gate, is_async: bool) -> Callable[..., Any]:
    """An endpoint whose page waits for *query* behind its first chunk."""
    templates = templates_of(is_async, page="head{% flush %}{{ call('') }}rest")
    context = {"call": query.wait_async if is_async else query.wait}

    async def endpoint(request: Request) -> Response:
        return templates.TemplateResponse(request, "page.html", context)

    return endpoint


def brotli_asgi() -> Middleware:
    package = pytest.importorskip("brotli_asgi", reason="brotli-asgi is not installed")
    return Middleware(package.BrotliMiddleware)


def starlette_compress() -> Middleware:
    package = pytest.importorskip(
        "starlette_compress", reason="starlette-compress is not installed"
    )
    package.add_compress_type("text/html", streaming=True)  # else it flushes event streams only
    return Middleware(package.CompressMiddleware)


COMPRESSORS = {
    "Starlette's": (lambda: Middleware(GZipMiddleware), "gzip"),
    "brotli-asgi": (brotli_asgi, "br"),
    "starlette-compress, br": (starlette_compress, "br"),
    "starlette-compress, gzip": (starlette_compress, "gzip"),
    "starlette-compress, zstd": (starlette_compress, "zstd"),
}


@KINDS
@pytest.mark.parametrize(("make", "encoding"), COMPRESSORS.values(), ids=COMPRESSORS)
def test_compressors_pass_each_chunk_on(make: Any, encoding: str, is_async: bool) -> None:
    query = gate()
    with StreamClient(app_of(gated(query, is_async), make())) as client:
        response = client.get("/Ann", headers={"Accept-Encoding": encoding})
        assert response.headers["Content-Encoding"] == encoding
        # What has been sent can be read before there is any more.
        assert response.read_until("head") == "head"
        query.open()
        assert response.read() == "headrest"
        assert response.complete


@KINDS
@pytest.mark.parametrize(("make", "encoding"), COMPRESSORS.values(), ids=COMPRESSORS)
def test_compressors_do_not_leave_the_length_of_what_they_compress(
    make: Any, encoding: str, is_async: bool
) -> None:
    templates = templates_of(is_async, page="{{ 'x' * 900 }}")

    async def endpoint(request: Request) -> Response:
        return templates.TemplateResponse(request, "page.html")

    with StreamClient(app_of(endpoint, make())) as client:
        response = client.get("/Ann", headers={"Accept-Encoding": encoding})
        assert response.read() == "x" * 900
        assert response.headers["Content-Encoding"] == encoding
        sent = str(len(b"".join(cast("list[bytes]", response.chunks))))
        # starlette-compress compresses it as a stream.
        assert response.headers["Content-Length"] == (None if make is starlette_compress else sent)


def test_gzip_leaves_a_failed_response_without_its_end() -> None:
    templates = templates_of(page="head{% flush %}{{ 1 // 0 }}")

    async def endpoint(request: Request) -> Response:
        return templates.TemplateResponse(request, "page.html")

    app = app_of(endpoint, Middleware(GZipMiddleware))
    exchange = failed(app, headers=[(b"accept-encoding", b"gzip")])
    assert not exchange.complete


class Passing(BaseHTTPMiddleware):
    """The simplest middleware of its kind."""

    async def dispatch(self, request: Request, call_next: Any) -> Any:
        response = await call_next(request)
        response.headers["X-Passed"] = "yes"
        return response


@KINDS
def test_base_http_middleware_passes_each_chunk_on(is_async: bool) -> None:
    query = gate()
    with StreamClient(app_of(gated(query, is_async), Middleware(Passing))) as client:
        response = client.get("/Ann")
        assert response.headers["X-Passed"] == "yes"
        assert response.read_until("head") == "head"
        query.open()
        assert response.read() == "headrest"
        assert response.complete


@KINDS
def test_base_http_middleware_passes_disconnects_on(is_async: bool) -> None:
    closed: list[str] = []

    def rows() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.append("closed")

    page = "{% for row in rows() %}<{{ row }}>{% flush %}{% endfor %}"
    templates = templates_of(is_async, page=page)

    async def endpoint(request: Request) -> Response:
        return templates.TemplateResponse(request, "page.html", {"rows": rows})

    with StreamClient(app_of(endpoint, Middleware(Passing))) as client:
        response = client.get("/Ann")
        assert (response.next(), response.next()) == ("<1>", "<1>")
        response.disconnect()
        assert closed == ["closed"]


@KINDS
def test_base_http_middleware_keeps_back_pressure(is_async: bool) -> None:
    pulled: list[int] = []

    def rows() -> Iterator[int]:
        for number in range(1, 1000):
            pulled.append(number)
            yield number

    page = "{% for row in rows() %}<{{ row }}>{% flush %}{% endfor %}"
    templates = templates_of(is_async, page=page)

    async def endpoint(request: Request) -> Response:
        return templates.TemplateResponse(request, "page.html", {"rows": rows})

    async def main() -> None:
        exchange = Exchange(path="/Ann")

        async def stall(message: Any) -> None:
            if len(exchange.sent) == 3:
                await asyncio.sleep(0.2)
                # A chunk on its way through the middleware, one being sent to it, one ahead.
                assert len(pulled) <= 3 + 3
                exchange.disconnect()

        exchange.on_send = stall
        await asyncio.wait_for(exchange.over(app_of(endpoint, Middleware(Passing))), HANGS)
        assert len(exchange.sent) >= 4

    asyncio.run(main())


def test_base_http_middleware_ends_a_failed_response() -> None:
    """It cannot tell: docs/starlette.rst says so. When this changes, the page must."""
    templates = templates_of(page="head{% flush %}{{ 1 // 0 }}")

    async def endpoint(request: Request) -> Response:
        return templates.TemplateResponse(request, "page.html")

    exchange = failed(app_of(endpoint, Middleware(Passing)))
    assert exchange.body == b"head"
    assert exchange.complete


@pytest.mark.parametrize("turns", range(5))
def test_a_failed_response_ends_while_its_request_still_comes(turns: int) -> None:
    """What the middleware has of anyio in receive() may swallow that nobody watches any more."""

    async def main() -> None:
        came = asyncio.Event()

        async def fail() -> None:
            await came.wait()
            raise ZeroDivisionError

        async def receive() -> Any:
            if came.is_set():
                return await exchange.receive()
            await came.wait()
            for _ in range(turns):
                await asyncio.sleep(0)
            return {"type": "http.request", "body": b"a part", "more_body": True}

        async def endpoint(request: Request) -> Response:
            return templates.TemplateResponse(request, "page.html", {"fail": fail})

        templates = templates_of(is_async=True, page="head{% flush %}{{ fail() }}")
        exchange = Exchange(path="/Ann")
        exchange.incoming.clear()
        app = app_of(endpoint, Middleware(Passing))
        answering = asyncio.ensure_future(app(exchange.scope, receive, exchange.send))
        asyncio.get_running_loop().call_later(0.05, came.set)
        await asyncio.wait({answering}, timeout=HANGS)
        has_ended = answering.done()
        exchange.disconnect()
        with pytest.raises(ZeroDivisionError):
            await answering
        assert has_ended

    asyncio.run(main())


def test_base_http_middleware_lets_early_errors_pass() -> None:
    templates = templates_of(page="{{ 1 // 0 }}")

    async def endpoint(request: Request) -> Response:
        return templates.TemplateResponse(request, "page.html")

    assert get(app_of(endpoint, Middleware(Passing))).status_code == 500
