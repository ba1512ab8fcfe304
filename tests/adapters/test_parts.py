"""Every adapter sends one block of a page where it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

flask = pytest.importorskip("flask", reason="the extra 'flask' is not installed")
quart = pytest.importorskip("quart", reason="the extra 'quart' is not installed")
pytest.importorskip("django", reason="the extra 'django' is not installed")
pytest.importorskip("starlette", reason="the extra 'starlette' is not installed")
pytest.importorskip("httpx2", reason="not installed: it comes with the extra 'servers'")

from django.test import RequestFactory
from jinja2 import DictLoader
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient
from werkzeug.test import run_wsgi_app

import streamtmpl.django
import streamtmpl.flask
import streamtmpl.quart
from streamtmpl import StreamEnvironment, UnknownBlockError, asgi, rechunk, wsgi
from streamtmpl.starlette import StreamTemplates
from streamtmpl.testing import StreamClient

from .apps import django_app, django_gates

SOURCES = {
    "base": "{% set title = 'T' %}<html>{{ outside() }}{% block body %}{% endblock %}</html>",
    "page": "{% extends 'base' %}{% block body %}<main>{% block rows %}{% for row in rows %}"
    "<tr>{{ row }}{{ title }}{% endfor %}{% endblock %}</main>{% block pager %}1 of 2"
    "{% endblock %}{% endblock %}",
}
LOADER = DictLoader(SOURCES)

assert django_app.urlpatterns  # it has set Django up


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of a request is noted in a file."""
    monkeypatch.setattr(django_gates, "FOLDER", tmp_path)


def outside() -> None:
    pytest.fail("called, and it stands outside the block")


CONTEXT = {"rows": ["<", 2], "outside": outside}


def from_flask(block: Any) -> str:
    app = flask.Flask("app")
    app.jinja_loader = LOADER
    app.jinja_env.autoescape = True
    app.testing = True  # errors are raised
    app.add_url_rule(
        "/", view_func=lambda: streamtmpl.flask.stream_response("page", CONTEXT, block=block)
    )
    return str(app.test_client().get("/").text)


def from_quart(block: Any) -> str:
    app = quart.Quart("app")
    app.jinja_loader = LOADER
    app.jinja_env.autoescape = True

    async def view() -> Any:
        return await streamtmpl.quart.stream_response("page", CONTEXT, block=block)

    async def fetch() -> str:
        async with app.test_request_context("/"):
            response = await view()
            return str((await response.get_data()).decode())

    return asyncio.run(fetch())


def from_starlette(block: Any) -> str:
    templates = StreamTemplates(env=StreamEnvironment(autoescape=True, loader=LOADER))

    async def endpoint(request: Any) -> Any:
        return templates.TemplateResponse(request, "page", CONTEXT, block=block)

    return str(TestClient(Starlette(routes=[Route("/", endpoint)])).get("/").text)


class Template:
    """A template as Django's backend has it."""

    template_context_processors = ()

    def __init__(self) -> None:
        self.template = StreamEnvironment(autoescape=True, loader=LOADER).get_template("page")
        self.backend = self


def from_django(block: Any) -> str:
    request = RequestFactory().get("/")
    response = streamtmpl.django.StreamTemplateResponse(request, Template(), CONTEXT, block=block)
    response.render()
    page = b"".join(response.streaming_content).decode()
    response.close()
    return page


def from_wsgi(block: Any) -> str:
    template = StreamEnvironment(autoescape=True, loader=LOADER).get_template("page")
    app = wsgi.StreamResponse(template, CONTEXT, block=block)
    chunks, _, _ = run_wsgi_app(app, {"REQUEST_METHOD": "GET"})
    return b"".join(chunks).decode()


def from_asgi(block: Any) -> str:
    environment = StreamEnvironment(autoescape=True, loader=LOADER, enable_async=True)
    template = environment.get_template("page")

    with StreamClient(asgi.StreamResponse(template, CONTEXT, block=block)) as client:
        return client.get("/").read()


ADAPTERS: dict[str, Callable[[Any], str]] = {
    "flask": from_flask,
    "quart": from_quart,
    "starlette": from_starlette,
    "django": from_django,
    "wsgi": from_wsgi,
    "asgi": from_asgi,
}
each = pytest.mark.parametrize("get", ADAPTERS.values(), ids=ADAPTERS)


@each
def test_one_block(get: Callable[[Any], str]) -> None:
    assert get("rows") == "<tr>&lt;T<tr>2T"


@each
def test_several_blocks(get: Callable[[Any], str]) -> None:
    assert get(("pager", "rows")) == "1 of 2<tr>&lt;T<tr>2T"


@each
def test_an_unknown_block_is_raised_before_anything_is_sent(get: Callable[[Any], str]) -> None:
    with pytest.raises(
        UnknownBlockError, match=r"'page' has no such block\. It has 'body', 'pager'"
    ):
        get("row")


@pytest.mark.parametrize("kind", [wsgi.StreamResponse, asgi.StreamResponse])
def test_a_stream_has_no_blocks(kind: Any) -> None:
    with pytest.raises(TypeError, match="block goes with a template"):
        kind(rechunk(["text"]), block="rows")
