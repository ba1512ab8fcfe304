"""The adapter for aiohttp, behind its own server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("aiohttp", reason="the extra 'aiohttp' is not installed")
pytest.importorskip("aiohttp_jinja2", reason="the extra 'aiohttp' is not installed")
pytest.importorskip("aiohttp_session", reason="aiohttp-session is not installed")

import jinja2
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from streamtmpl import StreamEnvironment
from streamtmpl.aiohttp import setup, stream_response, stream_template
from streamtmpl.testing.bodies import BrowserBody
from tests.support.navigations import NAVIGATION

from .apps.aiohttp_app import application
from .http_client import Connection, Incomplete, fetch
from .launch import Server, free_port, module, running
from .patches import is_plain, patches

# aiohttp-jinja2 and aiohttp-session keep what they have under plain strings.
pytestmark = pytest.mark.filterwarnings("ignore::aiohttp.web.NotAppKeyWarning")

KINDS = pytest.mark.parametrize("is_async", [False, True])


def got(
    path: str, app: web.Application | None = None, *, method: str = "GET", **headers: str
) -> tuple[int, dict[str, str], str]:
    """Status, headers and text of a response."""

    async def fetch() -> tuple[int, dict[str, str], str]:
        async with TestClient(TestServer(app or application())) as client:
            response = await client.request(method, path, headers=headers)
            return response.status, dict(response.headers), await response.text()

    return asyncio.run(fetch())


@KINDS
def test_a_page(is_async: bool) -> None:
    status, headers, text = got("/page", application(is_async))
    assert status == 200
    assert text.startswith("</page>a<p>0</p>")
    assert text.endswith("<p>499</p>\n")
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["X-Accel-Buffering"] == "no"
    assert headers["X-Own"] == "1"
    assert headers["Transfer-Encoding"] == "chunked"


def test_a_small_page_has_its_length() -> None:
    _, headers, text = got("/small")
    assert (headers["Content-Length"], text) == ("5", "short")


@KINDS
@pytest.mark.parametrize("source", ["whole", "<p>{% flush %}</p>"], ids=["whole", "longer"])
def test_caches_are_told_that_a_page_is_compressed_for_who_accepts_it(
    source: str, is_async: bool
) -> None:
    template = StreamEnvironment(enable_async=is_async).from_string(source)

    async def page(request: web.Request) -> web.Response:
        response = await stream_response(request, template, deferred="in-order")
        response.enable_compression()
        return response

    app = web.Application()
    app.router.add_get("/", page)
    _, headers, text = got("/", app, **{"Accept-Encoding": "gzip"})
    assert text == source.replace("{% flush %}", "")
    assert (headers["Content-Encoding"], headers["Vary"]) == ("gzip", "Accept-Encoding")


@KINDS
def test_a_block(is_async: bool) -> None:
    assert got("/page?block=a", application(is_async))[2] == "a"


def test_a_stream_of_something_else() -> None:
    status, headers, text = got("/stream")
    assert (status, text) == (299, "a,b\r\n1,2\r\n")
    assert headers["Content-Type"] == "text/csv; charset=utf-8"


def test_an_error_before_the_first_chunk_is_an_error_page() -> None:
    assert got("/early-error")[0] == 500


def test_nothing_is_rendered_for_head() -> None:
    status, headers, text = got("/early-error", method="HEAD")
    assert (status, headers["X-Own"], text) == (200, "1", "")


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204)])
def test_a_source_that_is_not_sent_is_closed(method: str, status: int) -> None:
    class Lines:
        closed = False

        def __iter__(self) -> Lines:
            return self

        def __next__(self) -> str:
            pytest.fail("read, and nobody wants it")

        def close(self) -> None:
            self.closed = True

    lines = Lines()

    async def page(request: web.Request) -> web.StreamResponse:
        return await stream_response(request, lines, status=status)

    app = web.Application()
    app.router.add_route("*", "/", page)
    assert got("/", app, method=method)[::2] == (status, "")
    assert lines.closed


def page_of(source: str) -> web.Application:
    """An application with one page, whose environment is one of Jinja2's own."""
    app = web.Application()
    environment = jinja2.Environment(loader=jinja2.DictLoader({"page": source}))
    key = web.AppKey("environment", jinja2.Environment)
    app[key] = environment

    async def page(request: web.Request) -> web.StreamResponse:
        return await stream_template("page", request, app_key=key)

    app.router.add_get("/", page)
    return app


def test_a_middleware_puts_another_body_in_the_place_of_a_stream() -> None:
    @web.middleware
    async def another(request: web.Request, handler: Any) -> web.StreamResponse:
        response = await handler(request)
        assert isinstance(response, web.Response)
        response.text = "another"
        return response

    app = application()
    app.middlewares.append(another)
    _, headers, text = got("/quiet", app)
    assert (headers["Content-Length"], text) == ("7", "another")
    assert json.loads(got("/state")[2]) == {"open": 0}


REGION = "<body>{% defer %}there{% placeholder %}wait{% enddefer %}</body>"


def test_regions_as_it_suits_who_asks() -> None:
    assert patches(got("/", page_of(REGION), **NAVIGATION)[2]) == [(0, "there")]
    _, headers, text = got("/", page_of(REGION))
    assert is_plain(text)
    assert "Sec-Fetch-Dest" in headers["Vary"]


def test_the_application_has_a_rule_for_regions() -> None:
    app = page_of(REGION)
    setup(app, nonce=lambda request: f"n-{request.method}")
    assert '<script nonce="n-GET"' in got("/", app, **NAVIGATION)[2]
    app = page_of(REGION)
    setup(app, deferred=lambda request: "in-order")
    assert is_plain(got("/", app, **NAVIGATION)[2])


def test_without_an_environment_it_says_what_to_call() -> None:
    app = web.Application()
    raised = []

    async def page(request: web.Request) -> web.StreamResponse:
        with pytest.raises(RuntimeError, match=r"call aiohttp_jinja2.setup\(app, \.\.\.\) first"):
            raised.append(await stream_template("page", request))
        return web.Response(text="refused")

    app.router.add_get("/", page)
    assert got("/", app)[2] == "refused"


# -- behind a process of its own


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    port = free_port()
    command = module("tests.adapters.apps.aiohttp_app", str(port))
    with running(command, port, tmp_path_factory.mktemp("aiohttp") / "log") as running_server:
        yield running_server


@pytest.mark.parametrize(
    ("asked", "accepted", "coding"),
    [
        ("any", "gzip", "gzip"),
        ("any", "br, gzip, deflate", "deflate"),
        ("gzip", "deflate", "gzip"),
        ("identity", "gzip", None),
        ("any", "br", None),
    ],
)
def test_compressed_text_arrives_while_the_template_runs(
    server: Server, asked: str, accepted: str, coding: str | None
) -> None:
    gate = f"{asked}-{accepted[0]}"
    with Connection(server.port) as connection:
        connection.send(
            f"/gated/{gate}?compressed={asked}", headers=f"Accept-Encoding: {accepted}\r\n"
        )
        head = connection.head()
        assert head.get("Content-Encoding") == coding
        assert ("Accept-Encoding" in str(head.get("Vary"))) == (asked == "any")
        body = BrowserBody(coding)
        assert body.arrive(connection.chunk()) == "head"
        fetch(server.port, f"/open/{gate}")
        assert body.arrive(connection.body(head)) == "headrest"
        assert body.is_complete == (coding is not None)


def test_a_late_error_that_looks_like_a_client_that_has_left_is_logged(server: Server) -> None:
    with pytest.raises(Incomplete):
        fetch(server.port, "/late-reset")
    assert "ConnectionResetError: the database has gone" in server.logged()


def test_a_session_that_changes_in_the_first_chunk_is_kept(server: Server) -> None:
    cookie = ""
    for number in (b"1", b"2"):
        with Connection(server.port) as connection:
            connection.send("/count", headers=cookie)
            head = connection.head()
            assert connection.body(head).startswith(number + b"<p>")
            cookie = f"Cookie: {str(head.get('Set-Cookie')).partition(';')[0]}\r\n"


def test_a_session_that_changes_too_late_is_warned_about(server: Server) -> None:
    head, body = fetch(server.port, "/count-late")
    assert head.get("Set-Cookie") is None
    assert body.endswith(b"<p>499</p>\n1")
    assert "LateSessionWarning: the session was modified after the headers" in server.logged()


def test_a_client_of_http_1_0_gets_all_of_it(server: Server) -> None:
    with Connection(server.port) as connection:
        connection._socket.sendall(b"GET /page HTTP/1.0\r\n\r\n")
        head = connection.head()
        assert head.get("Content-Length") is None
        assert connection.body(head).endswith(b"<p>499</p>\n")


def test_a_client_of_http_1_0_that_would_keep_the_connection_sees_the_end(server: Server) -> None:
    with Connection(server.port) as connection:
        connection._socket.sendall(b"GET /page HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        head = connection.head()
        assert (head.get("Content-Length"), head.get("Connection")) == (None, None)
        assert connection.body(head).endswith(b"<p>499</p>\n")
