"""streamtmpl.starlette, with Starlette's own test client and message by message."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette", reason="not installed: it comes with the extra 'servers'")
pytest.importorskip("httpx2", reason="not installed: it comes with the extra 'servers'")

import jinja2
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from streamtmpl import NotStreamingError, StreamEnvironment, enable_streaming
from streamtmpl.starlette import StreamTemplateResponse, StreamTemplates
from tests.adapters.exchange import Exchange

HANGS = 20.0
KINDS = pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])

user: ContextVar[str] = ContextVar("user", default="nobody")


def templates_of(is_async: bool = False, **sources: str) -> StreamTemplates:
    """Templates by their names, without the suffix."""
    loader = jinja2.DictLoader({f"{name}.html": source for name, source in sources.items()})
    env = jinja2.Environment(autoescape=True, enable_async=is_async, loader=loader)
    return StreamTemplates(env=env)


def app_of(endpoint: Callable[..., Any], *middleware: Middleware, **kwargs: Any) -> Starlette:
    route = Route("/{who}", endpoint, name="greet", methods=["GET", "HEAD"])
    return Starlette(routes=[route], middleware=list(middleware), **kwargs)


def get(app: Any, path: str = "/Ann", method: str = "GET", **kwargs: Any) -> Any:
    with TestClient(app, raise_server_exceptions=False) as client:
        return client.request(method, path, **kwargs)


def failed(app: Any, **scope: Any) -> Exchange:
    """The exchange in which an error of *app*'s reaches the server."""

    async def main() -> Exchange:
        exchange = Exchange(path="/Ann", **scope)
        with pytest.raises(ZeroDivisionError):
            await asyncio.wait_for(exchange.over(app), HANGS)
        return exchange

    return asyncio.run(main())


@KINDS
def test_the_template_gets_request_processors_and_url_for(is_async: bool) -> None:
    templates = templates_of(
        is_async,
        page="<a href='{{ url_for('greet', who='Bo') }}'>{{ request.path_params.who }}</a>"
        "{{ greeting }} & {{ '&' }}",
    )
    templates.context_processors.append(lambda request: {"greeting": f"Hi {request.method}"})

    async def endpoint(request: Request) -> Response:
        return templates.TemplateResponse(request, "page.html", {"greeting": "replaced"})

    response = get(app_of(endpoint))
    assert response.text == "<a href='http://testserver/Bo'>Ann</a>Hi GET & &amp;"
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.headers["X-Accel-Buffering"] == "no"
    assert "Content-Length" not in response.headers


@KINDS
def test_the_test_client_sees_template_and_context(is_async: bool) -> None:
    templates = templates_of(is_async, page="{{ number }}")

    async def endpoint(request: Request) -> Response:
        return templates.TemplateResponse(request, "page.html", {"number": 1})

    response = get(app_of(endpoint))
    assert response.template.name == "page.html"
    assert response.context["number"] == 1
    assert response.context["request"].path_params == {"who": "Ann"}


def test_all_arguments_of_a_template_response() -> None:
    templates = templates_of(page="<p>é</p>")
    done: list[str] = []

    async def endpoint(request: Request) -> Response:
        return templates.TemplateResponse(
            request,
            "page.html",
            {},
            202,
            {"X-Kind": "page", "X-Accel-Buffering": "yes"},
            "text/xml; charset=iso-8859-1",
            BackgroundTask(done.append, "background"),
        )

    response = get(app_of(endpoint))
    assert response.status_code == 202
    assert response.content == "<p>é</p>".encode("latin-1")
    assert response.headers["Content-Type"] == "text/xml; charset=iso-8859-1"
    assert response.headers["X-Kind"] == "page"
    assert response.headers["X-Accel-Buffering"] == "yes"
    assert done == ["background"]


def test_a_directory_of_templates(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("{{ '<' }}{% flush %}")
    templates = StreamTemplates(
        directory=tmp_path, context_processors=[lambda request: {}], chunk_size=0
    )
    assert templates.env.chunk_size == 0  # type: ignore[attr-defined]

    def endpoint(request: Request) -> Response:
        return templates.TemplateResponse(request, "page.html")

    assert get(app_of(endpoint)).text == "&lt;"


def test_what_cannot_stream_is_refused() -> None:
    plain = jinja2.Environment().from_string("page")
    with pytest.raises(NotStreamingError):
        StreamTemplateResponse(plain, {})
    with pytest.raises(AssertionError):  # Starlette's own check
        StreamTemplates()
    with pytest.raises(TypeError, match="request first"):
        templates_of(page="").TemplateResponse("page.html", {})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({"Content-Length": "4"}, ValueError),
        ({"X": "a\r\nb"}, ValueError),
        ({"X": 1}, TypeError),
        ({"Content-Type": "text/html; charset=klingon"}, LookupError),
    ],
)
def test_headers_that_cannot_be_sent_are_refused(headers: Any, error: Any) -> None:
    template = StreamEnvironment().from_string("page")
    with pytest.raises(error):
        StreamTemplateResponse(template, {}, headers=headers)


def test_a_header_set_later_is_checked_as_well() -> None:
    async def main() -> None:
        exchange = Exchange()
        response = StreamTemplateResponse(StreamEnvironment().from_string("page"), {})
        response.headers["Content-Length"] = "4"
        with pytest.raises(ValueError, match="Content-Length"):
            await exchange.over(response)
        assert exchange.sent == []

    asyncio.run(main())


@KINDS
def test_status_and_cookies_may_change_up_to_the_commit(is_async: bool) -> None:
    templates = templates_of(
        is_async,
        page="<head>{% flush %}{% block main %}{{ missing() }}{% endblock %}{% flush %}end",
    )

    async def endpoint(request: Request) -> Response:
        response: StreamTemplateResponse

        def missing() -> str:
            response.status_code = 404
            response.set_cookie("seen", "1")
            return "gone"

        response = templates.TemplateResponse(
            request, "page.html", {"missing": missing}, commit_after="main"
        )
        return response

    response = get(app_of(endpoint))
    assert (response.status_code, response.text) == (404, "<head>goneend")
    assert response.cookies == {"seen": "1"}


@KINDS
def test_errors_before_the_first_chunk_are_handled_by_starlette(is_async: bool) -> None:
    templates = templates_of(is_async, page="head {{ fail() }}")

    def fail() -> None:
        raise HTTPException(410, "gone")

    async def endpoint(request: Request) -> Response:
        what = fail if request.path_params["who"] == "http" else (lambda: 1 // 0)
        return templates.TemplateResponse(request, "page.html", {"fail": what})

    app = app_of(endpoint)
    response = get(app, "/http")
    assert (response.status_code, response.text) == (410, "gone")
    response = get(app, "/other")
    assert (response.status_code, response.text) == (500, "Internal Server Error")

    async def handle(request: Request, error: Exception) -> Response:
        return PlainTextResponse("our error page", 503)

    app = app_of(endpoint, exception_handlers={ZeroDivisionError: handle})
    response = get(app, "/other")
    assert (response.status_code, response.text) == (503, "our error page")


@KINDS
def test_an_error_after_it_leaves_the_response_without_its_end(is_async: bool) -> None:
    templates = templates_of(is_async, page="head{% flush %}{{ 1 // 0 }}")
    done: list[str] = []

    async def endpoint(request: Request) -> Response:
        background = BackgroundTask(done.append, "background")
        return templates.TemplateResponse(request, "page.html", background=background)

    exchange = failed(app_of(endpoint))
    assert exchange.body == b"head"
    assert not exchange.complete
    assert done == []


@KINDS
def test_the_order_of_stream_background_and_disconnect(is_async: bool) -> None:
    events: list[str] = []

    def rows() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            events.append("closed")

    page = "{% for row in rows() %}<{{ row }}>{% flush %}{% endfor %}"
    templates = templates_of(is_async, page=page)

    async def endpoint(request: Request) -> Response:
        background = BackgroundTask(events.append, "background")
        return templates.TemplateResponse(
            request, "page.html", {"rows": rows}, background=background
        )

    async def main() -> None:
        exchange = Exchange(path="/Ann")

        async def disconnect(message: Any) -> None:
            if message.get("body"):
                events.append("sent")
                exchange.disconnect()
                await asyncio.sleep(HANGS)

        exchange.on_send = disconnect
        await asyncio.wait_for(exchange.over(app_of(endpoint)), HANGS)
        assert events == ["sent", "closed", "background"]

    asyncio.run(main())


@KINDS
def test_head_renders_nothing(is_async: bool) -> None:
    templates = templates_of(is_async, page="{{ 1 // 0 }}")

    async def endpoint(request: Request) -> Response:
        return templates.TemplateResponse(request, "page.html")

    response = get(app_of(endpoint), method="HEAD")
    assert (response.status_code, response.text) == (200, "")
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"


@KINDS
@pytest.mark.parametrize("endpoint_kind", ["sync", "async"])
def test_the_context_variables_are_those_of_the_endpoint(
    is_async: bool, endpoint_kind: str
) -> None:
    def rename() -> str:
        user.set(f"{user.get()}!")
        return ""

    page = "{{ user() }}{% flush %}{{ rename() }}{% flush %}{{ user() }}"
    templates = templates_of(is_async, page=page)

    def respond(request: Request) -> Response:
        user.set(request.path_params["who"])
        return templates.TemplateResponse(
            request, "page.html", {"user": user.get, "rename": rename}
        )

    async def respond_async(request: Request) -> Response:
        return respond(request)

    app = app_of(respond if endpoint_kind == "sync" else respond_async)
    assert get(app).text == "AnnAnn!"


GATED = "head{% flush %}{{ call() }}rest"


@KINDS
def test_gzip_passes_each_chunk_on(is_async: bool) -> None:
    templates = templates_of(is_async, page=GATED)
    exchange: Exchange

    def call() -> str:
        (start, first) = exchange.sent
        assert (b"content-encoding", b"gzip") in start["headers"]
        # What has been sent can be read before there is any more.
        assert zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(first["body"]) == b"head"
        return ""

    async def endpoint(request: Request) -> Response:
        return templates.TemplateResponse(request, "page.html", {"call": call})

    async def main() -> None:
        nonlocal exchange
        exchange = Exchange(path="/Ann", headers=[(b"accept-encoding", b"gzip")])
        await asyncio.wait_for(exchange.over(app_of(endpoint, Middleware(GZipMiddleware))), HANGS)
        assert gzip.decompress(exchange.body) == b"headrest"
        assert exchange.complete

    asyncio.run(main())


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
    templates = templates_of(is_async, page=GATED)
    exchange: Exchange

    def call() -> str:
        assert exchange.body == b"head"
        return ""

    async def call_async() -> str:
        while len(exchange.sent) < 2:
            await asyncio.sleep(0)
        return call()

    async def endpoint(request: Request) -> Response:
        context = {"call": call_async if is_async else call}
        return templates.TemplateResponse(request, "page.html", context)

    async def main() -> None:
        nonlocal exchange
        exchange = Exchange(path="/Ann")
        await asyncio.wait_for(exchange.over(app_of(endpoint, Middleware(Passing))), HANGS)
        assert exchange.headers[b"x-passed"] == b"yes"
        assert exchange.body == b"headrest"
        assert exchange.complete

    asyncio.run(main())


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

    async def main() -> None:
        exchange = Exchange(path="/Ann")

        async def disconnect(message: Any) -> None:
            if len(exchange.sent) == 3:
                exchange.disconnect()

        exchange.on_send = disconnect
        await asyncio.wait_for(exchange.over(app_of(endpoint, Middleware(Passing))), HANGS)
        assert closed == ["closed"]

    asyncio.run(main())


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


def test_base_http_middleware_lets_early_errors_pass() -> None:
    templates = templates_of(page="{{ 1 // 0 }}")

    async def endpoint(request: Request) -> Response:
        return templates.TemplateResponse(request, "page.html")

    assert get(app_of(endpoint, Middleware(Passing))).status_code == 500


def test_an_environment_that_streams_already_is_kept() -> None:
    env = enable_streaming(jinja2.Environment(), chunk_size=7)
    assert StreamTemplates(env=env).env is env
    assert env.chunk_size == 7  # type: ignore[attr-defined]
