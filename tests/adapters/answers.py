"""One page behind each adapter, and what comes of a request for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from importlib.metadata import version
from typing import Any, NamedTuple

import jinja2
import pytest

from streamtmpl import StreamEnvironment
from streamtmpl.asgi import StreamResponse as ASGIResponse
from streamtmpl.testing import StreamClient
from streamtmpl.wsgi import StreamResponse as WSGIResponse

NAME = 'pa"ge.html'
SOURCE = (
    "{% for row in rows %}{{ row }}{% endfor %}{% for n in range(600) %}<p>{{ n }}</p>{% endfor %}"
)


def environment(source: str = SOURCE, **options: Any) -> StreamEnvironment:
    """An environment whose page is *source*, and which has other templates by their names."""
    others = options.pop("others", {})
    loader = jinja2.DictLoader({NAME: source, **others})
    return StreamEnvironment(loader=loader, autoescape=True, **options)


class Answer(NamedTuple):
    """A response; the names of its headers are in small letters."""

    status: int
    headers: dict[str, str]
    text: str


class Asked(NamedTuple):
    """What an adapter is asked for.

    :ivar sent: the headers of the request.
    :ivar configured: by names without the prefix ``STREAMTMPL_``.
    :ivar options: those of the response.
    """

    env: StreamEnvironment
    context: dict[str, Any]
    method: str
    sent: dict[str, str]
    configured: dict[str, Any]
    options: dict[str, Any]


Answering = Callable[..., Answer]
"""Answers a request with the page of an environment. Its arguments are what :class:`Asked` has."""


def _answering(function: Callable[[Asked], Answer]) -> Answering:
    @wraps(function)
    def answer(
        env: StreamEnvironment,
        context: Any = None,
        method: str = "GET",
        *,
        sent: dict[str, str] | None = None,
        configured: dict[str, Any] | None = None,
        **options: Any,
    ) -> Answer:
        return function(Asked(env, context or {}, method, sent or {}, configured or {}, options))

    return answer


def _lowered(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers}


def answer_of(app: Any, method: str = "GET", sent: dict[str, str] | None = None) -> Answer:
    """What an application answers."""
    with StreamClient(app) as client:
        response = client.request(method, "/", headers=sent or {})
        text = response.read()
        return Answer(response.status, _lowered(response.headers.items()), text)


@_answering
def from_wsgi(asked: Asked) -> Answer:
    template = asked.env.get_template(NAME)
    return answer_of(
        WSGIResponse(template, asked.context, **asked.options), asked.method, asked.sent
    )


@_answering
def from_asgi(asked: Asked) -> Answer:
    template = asked.env.get_template(NAME)
    return answer_of(
        ASGIResponse(template, asked.context, **asked.options), asked.method, asked.sent
    )


@_answering
def from_starlette(asked: Asked) -> Answer:
    pytest.importorskip("starlette", reason="the extra 'starlette' is not installed")
    from starlette.applications import Starlette  # noqa: PLC0415
    from starlette.routing import Route  # noqa: PLC0415

    from streamtmpl.starlette import StreamTemplates  # noqa: PLC0415

    templates = StreamTemplates(env=asked.env, **asked.configured)

    async def page(request: Any) -> Any:
        return templates.TemplateResponse(request, NAME, asked.context, **asked.options)

    return answer_of(Starlette(routes=[Route("/", page)]), asked.method, asked.sent)


def _configure(app: Any, asked: Asked) -> None:
    """Tell an application of Flask or Quart what the environment and the configuration say."""
    env = asked.env
    app.config["PROPAGATE_EXCEPTIONS"] = True
    app.jinja_loader = env.loader
    settings = {
        "server_timing": env.server_timing,
        "observe": env.observe,
        "patch_script": env.patch_script,
        **asked.configured,
    }
    app.config.update({f"STREAMTMPL_{name.upper()}": each for name, each in settings.items()})


@_answering
def from_flask(asked: Asked) -> Answer:
    flask = pytest.importorskip("flask", reason="the extra 'flask' is not installed")
    from streamtmpl.flask import stream_response  # noqa: PLC0415

    app = flask.Flask("app")
    _configure(app, asked)
    app.add_url_rule("/", "page", lambda: stream_response(NAME, asked.context, **asked.options))
    return answer_of(app, asked.method, asked.sent)


@_answering
def from_quart(asked: Asked) -> Answer:
    quart = pytest.importorskip("quart", reason="the extra 'quart' is not installed")
    from streamtmpl.quart import stream_response  # noqa: PLC0415

    app = quart.Quart("app")
    _configure(app, asked)
    if version("quart") < "0.21":
        app.testing = True  # it raises no errors else, and newer ones answer then

    @app.route("/")
    async def page() -> Any:
        return await stream_response(NAME, asked.context, **asked.options)

    try:
        return answer_of(app, asked.method, asked.sent)
    except Exception as error:
        if (several := getattr(error, "exceptions", None)) is None:
            raise
        raise several[0] from error  # since Quart 0.23 errors come in groups


def django_page(env: StreamEnvironment, context: Any, options: Any) -> Any:
    """A view of Django, whose response is not rendered yet."""
    pytest.importorskip("django", reason="the extra 'django' is not installed")
    from django.template import engines  # noqa: PLC0415

    from streamtmpl.django.response import StreamTemplateResponse  # noqa: PLC0415

    from .apps import django_app  # noqa: F401, PLC0415 - has the settings

    template: Any = engines["jinja2"].from_string("")
    template.template = env.get_template(NAME)
    return lambda request: StreamTemplateResponse(request, template, context, **options)


@contextmanager
def _django_settings(configured: dict[str, Any]) -> Iterator[None]:
    """Those of a site that says nothing but what is configured."""
    from django.conf import settings  # noqa: PLC0415
    from django.test import override_settings  # noqa: PLC0415

    with override_settings():
        del settings.STREAMTMPL_DEFERRED, settings.STREAMTMPL_EXECUTOR
        for name, value in configured.items():
            setattr(settings, f"STREAMTMPL_{name.upper()}", value)
        yield


@_answering
def from_django(asked: Asked) -> Answer:
    page = django_page(asked.env, asked.context, asked.options)
    from django.test import RequestFactory  # noqa: PLC0415

    request = RequestFactory().generic(asked.method, "/", headers=asked.sent)
    with _django_settings(asked.configured):
        response = page(request).render()
    headers = _lowered(response.items())  # as they are when they are sent
    text = b"".join(response).decode()
    response.close()
    return Answer(response.status_code, headers, text)


@_answering
def from_django_asgi(asked: Asked) -> Answer:
    page = django_page(asked.env, asked.context, asked.options)
    from asgiref.sync import sync_to_async  # noqa: PLC0415
    from django.test import AsyncRequestFactory  # noqa: PLC0415

    async def main() -> Answer:
        request = AsyncRequestFactory().generic(asked.method, "/", headers=asked.sent)
        with _django_settings(asked.configured):
            response = await page(request).render()
        headers = _lowered(response.items())
        text = b"".join([part async for part in response]).decode()
        await sync_to_async(response.close)()
        return Answer(response.status_code, headers, text)

    return asyncio.run(main())


@_answering
def from_litestar(asked: Asked) -> Answer:
    litestar: Any = pytest.importorskip("litestar", reason="the extra 'litestar' is not installed")
    from litestar.template import TemplateConfig  # noqa: PLC0415

    from streamtmpl.litestar import (  # noqa: PLC0415
        StreamTemplateEngine,
        StreamTemplateResponse,
    )

    @litestar.route("/", http_method=["GET", "HEAD"], sync_to_thread=False)
    def page() -> StreamTemplateResponse:
        return StreamTemplateResponse(
            NAME, context=asked.context, media_type="text/html", **asked.options
        )

    page.fn.__annotations__["return"] = StreamTemplateResponse
    config = TemplateConfig(instance=StreamTemplateEngine(engine_instance=asked.env))
    return answer_of(litestar.Litestar([page], template_config=config), asked.method, asked.sent)


@_answering
def from_aiohttp(asked: Asked) -> Answer:
    web: Any = pytest.importorskip("aiohttp.web", reason="the extra 'aiohttp' is not installed")
    pytest.importorskip("aiohttp_jinja2", reason="the extra 'aiohttp' is not installed")
    from aiohttp.test_utils import TestClient, TestServer  # noqa: PLC0415

    from streamtmpl.aiohttp import stream_response  # noqa: PLC0415

    async def page(request: Any) -> Any:
        return await stream_response(
            request, asked.env.get_template(NAME), asked.context, **asked.options
        )

    async def main() -> Answer:
        app = web.Application()
        app.router.add_route("*", "/", page)
        async with TestClient(TestServer(app)) as client:
            response = await client.request(asked.method, "/", headers=asked.sent)
            headers = _lowered(response.headers.items())
            return Answer(response.status, headers, await response.text())

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
