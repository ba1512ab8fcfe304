"""Who gets patches, and when a nonce is asked for: the same rule in every adapter."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

flask = pytest.importorskip("flask", reason="the extra 'flask' is not installed")
quart = pytest.importorskip("quart", reason="the extra 'quart' is not installed")
django = pytest.importorskip("django", reason="the extra 'django' is not installed")
pytest.importorskip("starlette", reason="the extra 'starlette' is not installed")
pytest.importorskip("httpx2", reason="not installed: it comes with the extra 'servers'")

from django.core.exceptions import ImproperlyConfigured
from django.test import RequestFactory, override_settings
from jinja2 import DictLoader, Environment
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

import streamtmpl.django
import streamtmpl.flask
import streamtmpl.quart
from streamtmpl import StreamEnvironment
from streamtmpl.starlette import StreamTemplates
from tests.support.navigations import NAVIGATION

from .apps import django_app, django_gates
from .patches import is_plain, patches

PAGE = "<body>{% defer %}{{ value() }}{% placeholder %}wait{% enddefer %}</body>"

assert django_app.urlpatterns  # it has set Django up


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of a request is noted in a file."""
    monkeypatch.setattr(django_gates, "FOLDER", tmp_path)


Get = Callable[..., str]
"""Gives the page; what it takes is the method, ``patch_script`` and what is configured."""


def there() -> str:
    return "there"


def from_flask(
    method: str = "GET", script: Any = "inline", value: Any = there, **configured: Any
) -> str:
    app = flask.Flask("app")
    app.config["STREAMTMPL_PATCH_SCRIPT"] = script
    for name, setting in configured.items():
        app.config[f"STREAMTMPL_{name.upper()}"] = setting

    def view() -> Any:
        return streamtmpl.flask.stream_template_string(PAGE, value=value)

    app.testing = True  # errors are raised
    app.add_url_rule("/", view_func=view)
    return str(app.test_client().open("/", method=method, headers=NAVIGATION).text)


def from_quart(
    method: str = "GET", script: Any = "inline", value: Any = there, **configured: Any
) -> str:
    app = quart.Quart("app")
    app.config["STREAMTMPL_PATCH_SCRIPT"] = script
    for name, setting in configured.items():
        app.config[f"STREAMTMPL_{name.upper()}"] = setting

    errors = []

    async def view() -> Any:
        try:
            return await streamtmpl.quart.stream_template_string(PAGE, value=value)
        except Exception as error:
            errors.append(error)  # the test client gives a page for it
            raise

    app.add_url_rule("/", view_func=view)

    async def fetch() -> str:
        response = await app.test_client().open("/", method=method, headers=NAVIGATION)
        return str((await response.get_data()).decode())

    page = asyncio.run(fetch())
    if errors:
        raise errors[0]
    return page


def from_starlette(
    method: str = "GET", script: Any = "inline", value: Any = there, **configured: Any
) -> str:
    environment: Any = Environment(autoescape=True, loader=DictLoader({"page": PAGE}))
    templates = StreamTemplates(env=environment, **configured)
    environment.patch_script = script

    async def endpoint(request: Any) -> Any:
        return templates.TemplateResponse(request, "page", {"value": value})

    client = TestClient(Starlette(routes=[Route("/", endpoint)]))
    return str(client.request(method, "/", headers=NAVIGATION).text)


class Template:
    """A template as Django's backend has it."""

    template_context_processors = ()

    def __init__(self, script: Any) -> None:
        environment = StreamEnvironment(autoescape=True, patch_script=script)
        self.template = environment.from_string(PAGE)
        self.backend = self


def from_django(
    method: str = "GET", script: Any = "inline", value: Any = there, **configured: Any
) -> str:
    settings = {f"STREAMTMPL_{name.upper()}": each for name, each in configured.items()}
    with override_settings(**settings):
        request = RequestFactory().generic(method, "/", headers=NAVIGATION)
        response = streamtmpl.django.StreamTemplateResponse(
            request, Template(script), {"value": value}
        )
        response.render()
        page = b"".join(response.streaming_content).decode()
        response.close()
    return page


ADAPTERS = {
    "flask": from_flask,
    "quart": from_quart,
    "starlette": from_starlette,
    "django": from_django,
}
EACH = pytest.mark.parametrize("get", ADAPTERS.values(), ids=ADAPTERS)


def refuses(request: Any) -> str:
    raise AssertionError("it was asked")


@EACH
def test_a_nonce_is_asked_for_with_the_request_where_regions_are_patched_in(get: Get) -> None:
    page = get(nonce=lambda request: f"n-{request.method}")
    assert '<script nonce="n-GET" data-k=' in page
    assert patches(page) == [(0, "there")]


@EACH
@pytest.mark.parametrize("mode", ["in-order", lambda request: "in-order"])
def test_in_order_no_nonce_is_asked_for(get: Get, mode: Any) -> None:
    page = get(nonce=refuses, deferred=mode)
    assert is_plain(page)
    assert "there" in page


@EACH
def test_without_a_script_no_nonce_is_asked_for(get: Get) -> None:
    page = get(nonce=refuses, script=None)
    assert patches(page) == [(0, "there")]


@EACH
def test_a_script_with_a_url_has_a_nonce(get: Get) -> None:
    page = get(nonce=lambda request: "n1", script="/patch.js")
    assert '<script src="/patch.js" async nonce="n1" data-k=' in page


@EACH
def test_the_mode_is_decided_before_the_nonce(get: Get) -> None:
    asked = []

    def mode(request: Any) -> str:
        asked.append("mode")
        return "patch"

    def nonce(request: Any) -> None:
        asked.append("nonce")

    assert "<script data-k=" in get(deferred=mode, nonce=nonce)
    assert asked == ["mode", "nonce"]


@EACH
def test_head_asks_nobody_and_begins_no_region(get: Get) -> None:
    with ThreadPoolExecutor(1) as executor:
        settings = {"deferred": refuses, "nonce": refuses, "executor": executor}
        assert get("HEAD", value=lambda: refuses(None), **settings) == ""


@EACH
def test_what_the_functions_return_is_checked(get: Get) -> None:
    with pytest.raises(ValueError, match=r"the function in .* must return 'auto', .* not 'later'"):
        get(deferred=lambda request: "later")
    with pytest.raises(TypeError, match=r"the function in .* must return a str or None, not b'n'"):
        get(nonce=lambda request: b"n")


async def later(request: Any) -> str:
    raise AssertionError("nobody awaits it")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("deferred", "later", "STREAMTMPL_DEFERRED must be 'auto'.* not 'later'"),
        ("deferred", later, "the function in STREAMTMPL_DEFERRED .* async"),
        ("nonce", "n1", "STREAMTMPL_NONCE must be a function of the request"),
        ("nonce", later, "the function in STREAMTMPL_NONCE .* async"),
        ("executor", 4, "STREAMTMPL_EXECUTOR must be an executor .* not 4"),
    ],
)
@pytest.mark.parametrize("adapter", ["flask", "quart", "django"])
def test_a_wrong_configuration_is_refused_with_its_key(
    adapter: str, name: str, value: Any, message: str
) -> None:
    kinds = ImproperlyConfigured if adapter == "django" else (TypeError, ValueError)
    with pytest.raises(kinds, match=message):
        ADAPTERS[adapter](**{name: value})
