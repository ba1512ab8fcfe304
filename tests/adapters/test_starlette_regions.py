"""Deferred regions in streamtmpl.starlette: who chooses how they go out, and the patch script."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

import pytest

pytest.importorskip("starlette", reason="not installed: it comes with the extra 'servers'")
pytest.importorskip("fastapi", reason="not installed: it comes with the extra 'servers'")
pytest.importorskip("httpx2", reason="not installed: it comes with the extra 'servers'")

import jinja2
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from streamtmpl.asgi import patch_script
from streamtmpl.regions.patch_script import PATCH_SCRIPT
from streamtmpl.starlette import StreamTemplateResponse, StreamTemplates
from streamtmpl.testing import Recorder, StreamClient
from tests.support.navigations import NAVIGATION
from tests.support.patched import without_data

from .exchange import Exchange
from .patches import is_plain, patches, places
from .starlette_pages import KINDS, app_of, get

PAGE = "<p>shell</p>{% defer %}{{ value() }}{% placeholder %}wait{% enddefer %}</body>"

user: ContextVar[str] = ContextVar("user", default="nobody")


def templates_with(is_async: bool = False, page: str = PAGE, **options: Any) -> StreamTemplates:
    loader = jinja2.DictLoader({"page.html": page})
    env = jinja2.Environment(autoescape=True, enable_async=is_async, loader=loader)
    return StreamTemplates(env=env, **options)


def page_of(templates: StreamTemplates, headers: dict[str, str] | None = None, **own: Any) -> str:
    """What a client gets; *own* are the arguments of the response."""

    async def endpoint(request: Request) -> Response:
        return templates.TemplateResponse(request, "page.html", {"value": lambda: "there"}, **own)

    response = get(app_of(endpoint), headers={**NAVIGATION, **(headers or {})})
    assert response.status_code == 200
    text: str = response.text
    return text


def for_bots(request: Request) -> str:
    return "in-order" if "bot" in request.headers["User-Agent"] else "patch"


@KINDS
def test_regions_are_patched_in_unless_told_otherwise(is_async: bool) -> None:
    page = page_of(templates_with(is_async))
    assert places(page) == ["wait"]
    assert patches(page) == [(0, "there")]
    assert f"<script>{PATCH_SCRIPT}</script>" in without_data(page)


@KINDS
def test_the_mode_of_all_pages_and_of_one(is_async: bool) -> None:
    in_order = "<p>shell</p>there</body>"
    assert page_of(templates_with(is_async, deferred="in-order")) == in_order
    assert page_of(templates_with(is_async), deferred="in-order") == in_order
    assert patches(page_of(templates_with(is_async, deferred="in-order"), deferred="patch"))


@KINDS
def test_the_request_chooses_the_mode(is_async: bool) -> None:
    templates = templates_with(is_async, deferred=for_bots)
    assert is_plain(page_of(templates, headers={"User-Agent": "a bot"}))
    assert patches(page_of(templates, headers={"User-Agent": "a browser"}))


def test_a_mode_that_is_none() -> None:
    template = templates_with().get_template("page.html")
    with pytest.raises(ValueError, match="deferred must be 'patch'"):
        StreamTemplateResponse(template, {}, deferred="inorder")  # type: ignore[arg-type]


@KINDS
def test_the_nonce(is_async: bool) -> None:
    asked: list[str] = []

    def nonce(request: Request) -> str | None:
        asked.append(request.path_params["who"])
        return request.headers.get("X-Nonce")

    templates = templates_with(is_async, nonce=nonce)
    assert '<script nonce="n1" data-k=' in page_of(templates, headers={"X-Nonce": "n1"})
    assert "<script data-k=" in page_of(templates)
    assert asked == ["Ann", "Ann"]
    page = page_of(templates, nonce="own&amp;")
    assert '<script nonce="own&amp;amp;" data-k=' in page
    page_of(templates, deferred="in-order")
    assert asked == ["Ann", "Ann"]  # what is made for a page without script nobody needs
    assert '<script nonce="always" data-k=' in page_of(templates_with(is_async, nonce="always"))


def test_regions_of_sync_templates_run_in_the_threads_of_the_executor() -> None:
    def thread() -> str:
        return f"{threading.current_thread().name} for {user.get()}"

    with ThreadPoolExecutor(1, "one") as one, ThreadPoolExecutor(1, "two") as two:
        templates = templates_with(executor=one)

        def endpoint(request: Request) -> Response:
            user.set(request.path_params["who"])
            chosen = two if "two" in request.query_params else None
            context = {"value": thread}
            return templates.TemplateResponse(request, "page.html", context, executor=chosen)

        assert patches(get(app_of(endpoint), headers=NAVIGATION).text) == [(0, "one_0 for Ann")]
        assert patches(get(app_of(endpoint), "/Bo?two", headers=NAVIGATION).text) == [
            (0, "two_0 for Bo")
        ]


def test_fastapi_sends_the_returned_response() -> None:
    templates = templates_with(True, deferred=for_bots)
    app = FastAPI(routes=[Route("/patch.js", patch_script)])

    @app.get("/")
    async def page(request: Request) -> StreamTemplateResponse:
        return templates.TemplateResponse(request, "page.html", {"value": lambda: "there"})

    with TestClient(app) as client:
        assert patches(client.get("/").text) == [(0, "there")]
        headers = {"User-Agent": "a bot"}
        assert client.get("/", headers=headers).text == "<p>shell</p>there</body>"
        assert client.get("/patch.js").text == PATCH_SCRIPT


@KINDS
def test_a_region_that_fails_does_not_fail_the_response(is_async: bool) -> None:
    page = "<p>shell</p>{% defer %}{{ 1 // 0 }}{% error %}sorry{% enddefer %}</body>"
    text = page_of(templates_with(is_async, page))
    assert patches(text) == [(0, "sorry")]
    assert text.endswith("</body>")


@KINDS
def test_head_starts_no_region(is_async: bool) -> None:
    rendered: list[str] = []

    async def endpoint(request: Request) -> Response:
        context = {"value": lambda: rendered.append("region")}
        with_executor = templates.TemplateResponse(request, "page.html", context, executor=executor)
        return with_executor

    templates = templates_with(is_async)
    with ThreadPoolExecutor(1) as executor:
        assert get(app_of(endpoint), method="HEAD").status_code == 200
    assert rendered == []


def test_a_disconnect_cancels_the_regions() -> None:
    recorder = Recorder()

    async def value() -> str:
        recorder.note("begun")
        try:
            await asyncio.Event().wait()
        finally:
            recorder.note("cancelled")
        return ""

    async def endpoint(request: Request) -> Response:
        return templates.TemplateResponse(request, "page.html", {"value": value})

    templates = templates_with(True)
    with StreamClient(app_of(endpoint)) as client:
        response = client.get("/Ann", headers={"Sec-Fetch-Dest": "document"})
        response.read_until("wait")
        recorder.wait_for("begun")
        response.disconnect()
        assert not response.complete
    assert recorder.names == ["begun", "cancelled"]


@pytest.mark.parametrize(
    "route",
    [
        Route("/patch.js", patch_script, name="patch_script"),
        Route("/patch.js", patch_script),
        Mount("/", patch_script),
    ],
)
def test_the_script_as_a_route(route: Any) -> None:
    with TestClient(Starlette(routes=[route])) as client:
        response = client.get("/patch.js")
        assert response.status_code == 200
        assert response.text == PATCH_SCRIPT
        assert response.headers["Content-Type"] == "text/javascript; charset=utf-8"
        known = {"If-None-Match": response.headers["ETag"]}
        assert client.get("/patch.js", headers=known).status_code == 304
        head = client.head("/patch.js")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["Content-Length"] == response.headers["Content-Length"]
        assert client.post("/patch.js").status_code == 405
    if isinstance(route, Route):
        assert route.url_path_for("patch_script") == "/patch.js"


def test_the_script_is_for_http() -> None:
    async def main() -> None:
        exchange = Exchange()
        exchange.scope["type"] = "websocket"
        with pytest.raises(RuntimeError, match="not a scope of 'websocket'"):
            await exchange.over(patch_script)

    asyncio.run(main())
