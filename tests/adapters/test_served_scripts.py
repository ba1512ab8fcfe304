"""The views or applications that serve our scripts: the same response from every adapter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from streamtmpl import PAGE_SCRIPT, PAGE_SCRIPT_HASH, PATCH_SCRIPT, PATCH_SCRIPT_HASH, asgi, wsgi

from .answers import Answer, answer_of


def from_wsgi(script: str, method: str, headers: dict[str, str]) -> Answer:
    return answer_of(getattr(wsgi, script), method, headers)


def from_asgi(script: str, method: str, headers: dict[str, str]) -> Answer:
    return answer_of(getattr(asgi, script), method, headers)


def _from_app(app: Any, view: Any, method: str, headers: dict[str, str]) -> Answer:
    app.add_url_rule("/", view_func=view, methods=["GET", "POST"])
    return answer_of(app, method, headers)


def from_flask(script: str, method: str, headers: dict[str, str]) -> Answer:
    flask = pytest.importorskip("flask", reason="the extra 'flask' is not installed")
    streaming = pytest.importorskip("streamtmpl.flask")
    return _from_app(flask.Flask("app"), getattr(streaming, script), method, headers)


def from_quart(script: str, method: str, headers: dict[str, str]) -> Answer:
    quart = pytest.importorskip("quart", reason="the extra 'quart' is not installed")
    streaming = pytest.importorskip("streamtmpl.quart")
    answered = _from_app(quart.Quart("app"), getattr(streaming, script), method, headers)
    return answered._replace(text="") if method == "HEAD" else answered  # servers leave it out


def from_django(script: str, method: str, headers: dict[str, str]) -> Answer:
    pytest.importorskip("django", reason="the extra 'django' is not installed")
    from django.test import RequestFactory  # noqa: PLC0415

    import streamtmpl.django  # noqa: PLC0415

    from .apps import django_app  # noqa: F401, PLC0415 - it sets Django up

    request = RequestFactory().generic(method, "/", headers=headers)
    response = getattr(streamtmpl.django, script)(request)
    lowered = {name.lower(): value for name, value in response.items()}
    return Answer(response.status_code, lowered, response.content.decode())


ADAPTERS = pytest.mark.parametrize(
    "answer", [from_wsgi, from_asgi, from_flask, from_quart, from_django]
)
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
    return {name: answer.headers[name] for name in names if name in answer.headers}


@SCRIPTS
@ADAPTERS
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_it_is_served(answer: Ask, script: str, method: str) -> None:
    answered = answer(script, method, {})
    assert answered.status == 200
    assert answered.text == (TEXTS[script] if method == "GET" else "")
    assert ours(answered) == {**caching(script), **entity(script)}


@SCRIPTS
@ADAPTERS
def test_who_has_it_is_told_so(answer: Ask, script: str) -> None:
    answered = answer(script, "GET", {"If-None-Match": caching(script)["etag"]})
    assert (answered.status, answered.text) == (304, "")
    headers = ours(answered)
    assert {name: headers.get(name) for name in caching(script)} == caching(script)


@SCRIPTS
@ADAPTERS
def test_it_cannot_be_posted_to(answer: Ask, script: str) -> None:
    answered = answer(script, "POST", {})
    assert (answered.status, answered.text) == (405, "")
    assert ours(answered)["allow"] == "GET, HEAD"
