"""The view or application that serves the patch script: the same response from every adapter."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

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
from streamtmpl.regions.patch_script import PATCH_SCRIPT, PATCH_SCRIPT_HASH

from .apps import django_app  # noqa: F401 - it sets Django up


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


def flask_answer(method: str, headers: dict[str, str]) -> Answer:
    app = flask.Flask("app")
    methods = ["GET", "POST"]
    app.add_url_rule("/", view_func=streamtmpl.flask.patch_script, methods=methods)
    response = app.test_client().open("/", method=method, headers=headers)
    return Answer(response.status_code, dict(response.headers), response.data)


def quart_answer(method: str, headers: dict[str, str]) -> Answer:
    app = quart.Quart("app")
    methods = ["GET", "POST"]
    app.add_url_rule("/", view_func=streamtmpl.quart.patch_script, methods=methods)

    async def fetch() -> Answer:
        response = await app.test_client().open("/", method=method, headers=headers)
        body = b"" if method == "HEAD" else await response.data  # which servers leave out
        return Answer(response.status_code, dict(response.headers), body)

    return asyncio.run(fetch())


def wsgi_answer(method: str, headers: dict[str, str]) -> Answer:
    from werkzeug.test import Client  # noqa: PLC0415 - it comes with Flask

    response = Client(streamtmpl.wsgi.patch_script).open("/", method=method, headers=headers)
    return Answer(response.status_code, dict(response.headers), response.data)


def asgi_answer(method: str, headers: dict[str, str]) -> Answer:
    from starlette.testclient import TestClient  # noqa: PLC0415 - it needs an HTTP client

    response = TestClient(streamtmpl.asgi.patch_script).request(method, "/", headers=headers)
    return Answer(response.status_code, dict(response.headers), response.content)


def django_answer(method: str, headers: dict[str, str]) -> Answer:
    request = RequestFactory().generic(method, "/", headers=headers)
    response = streamtmpl.django.patch_script(request)
    return Answer(response.status_code, dict(response.items()), response.content)


ANSWERS = {
    "flask": flask_answer,
    "quart": quart_answer,
    "wsgi": wsgi_answer,
    "asgi": asgi_answer,
    "django": django_answer,
}
ADAPTERS = pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
Ask = Callable[[str, dict[str, str]], Answer]

CACHING = {"etag": f'"{PATCH_SCRIPT_HASH}"', "cache-control": "public, max-age=86400"}
ENTITY = {
    "content-type": "text/javascript; charset=utf-8",
    "content-length": str(len(PATCH_SCRIPT)),
}


def ours(answer: Answer) -> dict[str, str]:
    """The headers that are the script's, not the server's."""
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return {name: headers[name] for name in (*CACHING, *ENTITY, "allow") if name in headers}


@ADAPTERS
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_it_is_served(answer: Ask, method: str) -> None:
    answered = answer(method, {})
    assert answered.status == 200
    assert answered.body == (PATCH_SCRIPT.encode() if method == "GET" else b"")
    assert ours(answered) == {**CACHING, **ENTITY}


@ADAPTERS
def test_who_has_it_is_told_so(answer: Ask) -> None:
    answered = answer("GET", {"If-None-Match": CACHING["etag"]})
    assert (answered.status, answered.body) == (304, b"")
    headers = ours(answered)
    assert {name: headers.get(name) for name in CACHING} == CACHING


@ADAPTERS
def test_it_cannot_be_posted_to(answer: Any) -> None:
    answered = answer("POST", {})
    assert (answered.status, answered.body) == (405, b"")
    assert ours(answered)["allow"] == "GET, HEAD"
