"""The views or applications that serve our scripts: the same response from every adapter."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

import pytest

flask = pytest.importorskip("flask", reason="the extra 'flask' is not installed")
quart = pytest.importorskip("quart", reason="the extra 'quart' is not installed")
django = pytest.importorskip("django", reason="the extra 'django' is not installed")
starlette = pytest.importorskip("starlette", reason="the extra 'starlette' is not installed")

from django.test import RequestFactory

import streamtmpl.asgi
import streamtmpl.django
import streamtmpl.flask
import streamtmpl.quart
import streamtmpl.wsgi
from streamtmpl import PAGE_SCRIPT, PAGE_SCRIPT_HASH, PATCH_SCRIPT, PATCH_SCRIPT_HASH

from .apps import django_app  # noqa: F401 - it sets Django up


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


def flask_answer(script: str, method: str, headers: dict[str, str]) -> Answer:
    app = flask.Flask("app")
    methods = ["GET", "POST"]
    app.add_url_rule("/", view_func=getattr(streamtmpl.flask, script), methods=methods)
    response = app.test_client().open("/", method=method, headers=headers)
    return Answer(response.status_code, dict(response.headers), response.data)


def quart_answer(script: str, method: str, headers: dict[str, str]) -> Answer:
    app = quart.Quart("app")
    methods = ["GET", "POST"]
    app.add_url_rule("/", view_func=getattr(streamtmpl.quart, script), methods=methods)

    async def fetch() -> Answer:
        response = await app.test_client().open("/", method=method, headers=headers)
        body = b"" if method == "HEAD" else await response.data  # which servers leave out
        return Answer(response.status_code, dict(response.headers), body)

    return asyncio.run(fetch())


def wsgi_answer(script: str, method: str, headers: dict[str, str]) -> Answer:
    from werkzeug.test import Client  # noqa: PLC0415 - it comes with Flask

    response = Client(getattr(streamtmpl.wsgi, script)).open("/", method=method, headers=headers)
    return Answer(response.status_code, dict(response.headers), response.data)


def asgi_answer(script: str, method: str, headers: dict[str, str]) -> Answer:
    from starlette.testclient import TestClient  # noqa: PLC0415 - it needs an HTTP client

    response = TestClient(getattr(streamtmpl.asgi, script)).request(method, "/", headers=headers)
    return Answer(response.status_code, dict(response.headers), response.content)


def django_answer(script: str, method: str, headers: dict[str, str]) -> Answer:
    request = RequestFactory().generic(method, "/", headers=headers)
    response = getattr(streamtmpl.django, script)(request)
    return Answer(response.status_code, dict(response.items()), response.content)


ANSWERS = {
    "flask": flask_answer,
    "quart": quart_answer,
    "wsgi": wsgi_answer,
    "asgi": asgi_answer,
    "django": django_answer,
}
ADAPTERS = pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
Ask = Callable[[str, str, dict[str, str]], Answer]

TEXTS = {"patch_script": PATCH_SCRIPT, "page_script": PAGE_SCRIPT}
HASHES = {"patch_script": PATCH_SCRIPT_HASH, "page_script": PAGE_SCRIPT_HASH}
SCRIPTS = pytest.mark.parametrize("script", TEXTS)


def caching(script: str) -> dict[str, str]:
    return {"etag": f'"{HASHES[script]}"', "cache-control": "public, max-age=86400"}


def entity(script: str) -> dict[str, str]:
    return {
        "content-type": "text/javascript; charset=utf-8",
        "content-length": str(len(TEXTS[script])),
    }


def ours(answer: Answer) -> dict[str, str]:
    """The headers that are the script's, not the server's."""
    names = ("etag", "cache-control", "content-type", "content-length", "allow")
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return {name: headers[name] for name in names if name in headers}


@SCRIPTS
@ADAPTERS
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_it_is_served(answer: Ask, script: str, method: str) -> None:
    answered = answer(script, method, {})
    assert answered.status == 200
    assert answered.body == (TEXTS[script].encode() if method == "GET" else b"")
    assert ours(answered) == {**caching(script), **entity(script)}


@SCRIPTS
@ADAPTERS
def test_who_has_it_is_told_so(answer: Ask, script: str) -> None:
    answered = answer(script, "GET", {"If-None-Match": caching(script)["etag"]})
    assert (answered.status, answered.body) == (304, b"")
    headers = ours(answered)
    assert {name: headers.get(name) for name in caching(script)} == caching(script)


@SCRIPTS
@ADAPTERS
def test_it_cannot_be_posted_to(answer: Ask, script: str) -> None:
    answered = answer(script, "POST", {})
    assert (answered.status, answered.body) == (405, b"")
    assert ours(answered)["allow"] == "GET, HEAD"
