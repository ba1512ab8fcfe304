"""One page behind each adapter, and what comes of a request for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from wsgiref.util import setup_testing_defaults

import jinja2
import pytest

from streamtmpl import StreamEnvironment
from streamtmpl.asgi import StreamResponse as ASGIResponse
from streamtmpl.wsgi import StreamResponse as WSGIResponse

from .exchange import Exchange

NAME = 'pa"ge.html'
SOURCE = (
    "{% for row in rows %}{{ row }}{% endfor %}{% for n in range(600) %}<p>{{ n }}</p>{% endfor %}"
)


def environment(**options: Any) -> StreamEnvironment:
    return StreamEnvironment(loader=jinja2.DictLoader({NAME: SOURCE}), autoescape=True, **options)


Answer = tuple[dict[str, str], str]
"""The headers of a response, and its text."""

Answering = Callable[..., Answer]
"""Answers a request with a template of an environment, whose context it is given."""


def _lowered(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers}


def from_wsgi(env: StreamEnvironment, context: Any, method: str = "GET", **options: Any) -> Answer:
    sent: list[Any] = []
    environ: dict[str, Any] = {"REQUEST_METHOD": method}
    setup_testing_defaults(environ)
    response = WSGIResponse(env.get_template(NAME), context, **options)
    body = b"".join(response(environ, lambda *head: sent.append(head)))  # type: ignore[arg-type]
    return _lowered(sent[0][1]), body.decode()


def from_asgi(env: StreamEnvironment, context: Any, method: str = "GET", **options: Any) -> Answer:
    async def main() -> Answer:
        exchange = Exchange(method=method)
        await exchange.over(ASGIResponse(env.get_template(NAME), context, **options))
        start = exchange.sent[0]
        headers = [(name.decode(), value.decode()) for name, value in start["headers"]]
        return _lowered(headers), exchange.body.decode()

    return asyncio.run(main())


def from_starlette(
    env: StreamEnvironment, context: Any, method: str = "GET", **options: Any
) -> Answer:
    pytest.importorskip("starlette", reason="the extra 'starlette' is not installed")
    from starlette.applications import Starlette  # noqa: PLC0415
    from starlette.routing import Route  # noqa: PLC0415
    from starlette.testclient import TestClient  # noqa: PLC0415

    from streamtmpl.starlette import StreamTemplates  # noqa: PLC0415

    templates = StreamTemplates(env=env)

    async def page(request: Any) -> Any:
        return templates.TemplateResponse(request, NAME, context, **options)

    app = Starlette(routes=[Route("/", page)])
    response = TestClient(app).request(method, "/")
    return _lowered(response.headers.items()), response.text


def from_flask(env: StreamEnvironment, context: Any, method: str = "GET", **options: Any) -> Answer:
    flask = pytest.importorskip("flask", reason="the extra 'flask' is not installed")
    from streamtmpl.flask import stream_response  # noqa: PLC0415

    app = flask.Flask("app")
    app.jinja_loader = env.loader
    app.config["STREAMTMPL_SERVER_TIMING"] = env.server_timing
    app.config["STREAMTMPL_OBSERVE"] = env.observe
    app.add_url_rule("/", "page", lambda: stream_response(NAME, context, **options))
    response = app.test_client().open("/", method=method)
    return _lowered(response.headers), response.text


def from_quart(env: StreamEnvironment, context: Any, method: str = "GET", **options: Any) -> Answer:
    quart = pytest.importorskip("quart", reason="the extra 'quart' is not installed")
    from streamtmpl.quart import stream_response  # noqa: PLC0415

    app = quart.Quart("app")
    app.jinja_loader = env.loader
    app.config["STREAMTMPL_SERVER_TIMING"] = env.server_timing
    app.config["STREAMTMPL_OBSERVE"] = env.observe

    @app.route("/")
    async def page() -> Any:
        return await stream_response(NAME, context, **options)

    async def main() -> Answer:
        response = await app.test_client().open("/", method=method)
        return _lowered(response.headers), await response.get_data(as_text=True)

    return asyncio.run(main())


def django_page(env: StreamEnvironment, context: Any, options: Any) -> Any:
    pytest.importorskip("django", reason="the extra 'django' is not installed")
    from django.template import engines  # noqa: PLC0415

    from streamtmpl.django.response import StreamTemplateResponse  # noqa: PLC0415

    from .apps import django_app  # noqa: F401, PLC0415 - has the settings

    template: Any = engines["jinja2"].from_string("")
    template.template = env.get_template(NAME)
    return lambda request: StreamTemplateResponse(request, template, context, **options)


def from_django(
    env: StreamEnvironment, context: Any, method: str = "GET", **options: Any
) -> Answer:
    page = django_page(env, context, options)
    from django.test import RequestFactory  # noqa: PLC0415

    response = page(RequestFactory().generic(method, "/")).render()
    text = b"".join(response).decode()
    response.close()
    return _lowered(response.items()), text


def from_django_asgi(
    env: StreamEnvironment, context: Any, method: str = "GET", **options: Any
) -> Answer:
    page = django_page(env, context, options)
    from asgiref.sync import sync_to_async  # noqa: PLC0415
    from django.test import AsyncRequestFactory  # noqa: PLC0415

    async def main() -> Answer:
        response = await page(AsyncRequestFactory().generic(method, "/")).render()
        text = b"".join([part async for part in response]).decode()
        await sync_to_async(response.close)()
        return _lowered(response.items()), text

    return asyncio.run(main())


def from_litestar(
    env: StreamEnvironment, context: Any, method: str = "GET", **options: Any
) -> Answer:
    litestar: Any = pytest.importorskip("litestar", reason="the extra 'litestar' is not installed")
    pytest.importorskip("httpx", reason="httpx, for Litestar's test client, is not installed")
    from litestar.template import TemplateConfig  # noqa: PLC0415
    from litestar.testing import TestClient  # noqa: PLC0415

    from streamtmpl.litestar import (  # noqa: PLC0415
        StreamTemplateEngine,
        StreamTemplateResponse,
    )

    @litestar.route("/", http_method=["GET", "HEAD"], sync_to_thread=False)
    def page() -> StreamTemplateResponse:
        return StreamTemplateResponse(NAME, context=context, media_type="text/html", **options)

    page.fn.__annotations__["return"] = StreamTemplateResponse
    config = TemplateConfig(instance=StreamTemplateEngine(engine_instance=env))
    with TestClient(litestar.Litestar([page], template_config=config)) as client:
        response = client.request(method, "/")
        return _lowered(response.headers.items()), response.text


def from_aiohttp(
    env: StreamEnvironment, context: Any, method: str = "GET", **options: Any
) -> Answer:
    web: Any = pytest.importorskip("aiohttp.web", reason="the extra 'aiohttp' is not installed")
    pytest.importorskip("aiohttp_jinja2", reason="the extra 'aiohttp' is not installed")
    from aiohttp.test_utils import TestClient, TestServer  # noqa: PLC0415

    from streamtmpl.aiohttp import stream_response  # noqa: PLC0415

    async def page(request: Any) -> Any:
        return await stream_response(request, env.get_template(NAME), context, **options)

    async def main() -> Answer:
        app = web.Application()
        app.router.add_route("*", "/", page)
        async with TestClient(TestServer(app)) as client:
            response = await client.request(method, "/")
            return _lowered(response.headers.items()), await response.text()

    return asyncio.run(main())


ADAPTERS: list[Answering] = [
    from_wsgi,
    from_asgi,
    from_starlette,
    from_flask,
    from_quart,
    from_django,
    from_django_asgi,
    from_litestar,
    from_aiohttp,
]
every_adapter = pytest.mark.parametrize("answer", ADAPTERS)
