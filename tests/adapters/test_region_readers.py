"""Who gets patches where nobody has said so: those who show the response as a document."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

flask = pytest.importorskip("flask", reason="the extra 'flask' is not installed")
quart = pytest.importorskip("quart", reason="the extra 'quart' is not installed")
django = pytest.importorskip("django", reason="the extra 'django' is not installed")
pytest.importorskip("starlette", reason="the extra 'starlette' is not installed")
pytest.importorskip("httpx2", reason="not installed: it comes with the extra 'servers'")

from django.conf import settings
from django.test import RequestFactory, override_settings
from jinja2 import DictLoader, Environment
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient
from werkzeug.test import Client

import streamtmpl.asgi
import streamtmpl.django
import streamtmpl.flask
import streamtmpl.quart
import streamtmpl.wsgi
from streamtmpl import StreamEnvironment, render_stream
from streamtmpl.responses.readers import READERS_OF_TEXT, shows_documents
from streamtmpl.starlette import StreamTemplateResponse, StreamTemplates

from .apps import django_app, django_gates
from .patches import is_plain, patches

PAGE = "<body>{% defer %}there{% placeholder %}wait{% enddefer %}</body>"

assert django_app.urlpatterns  # it has set Django up


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of a request is noted in a file."""
    monkeypatch.setattr(django_gates, "FOLDER", tmp_path)


CHROMIUM = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0"
    " Safari/537.36"
)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/26.0 Safari/605.1.15"
)
GOOGLE = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
LYNX = "Lynx/2.9.0 libwww-FM/2.14 SSL-MM/1.4.1"
LINKED_IN = "LinkedInBot/1.0 (compatible; Mozilla/5.0)"
FACEBOOK = "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"
EXPLORER = "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko"

NAVIGATES = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

DEST, HTMX, TURBO, ACCEPT, AGENT = (
    *("Sec-Fetch-Dest", "HX-Request", "Turbo-Frame", "Accept"),
    "User-Agent",
)
FAR = (DEST, HTMX, TURBO, ACCEPT, AGENT)

# What is asked with; whether the answer has patches; what it was decided by.
REQUESTS: dict[str, tuple[dict[str, str], bool, tuple[str, ...]]] = {
    "a navigation": ({DEST: "document", AGENT: CHROMIUM}, True, (DEST,)),
    "a navigation of a robot": ({DEST: "document", AGENT: GOOGLE}, True, (DEST,)),
    "a frame": ({DEST: "iframe", AGENT: FIREFOX}, True, (DEST,)),
    "an old frame": ({DEST: "frame"}, True, (DEST,)),
    "an object": ({DEST: "object"}, True, (DEST,)),
    "an embedded document": ({DEST: "embed"}, True, (DEST,)),
    "fetch()": ({DEST: "empty", AGENT: FIREFOX, ACCEPT: "*/*"}, False, (DEST,)),
    "htmx": ({DEST: "empty", HTMX: "true"}, False, (DEST,)),
    "Turbo": ({DEST: "empty", TURBO: "cart"}, False, (DEST,)),
    "an image": ({DEST: "image", ACCEPT: NAVIGATES}, False, (DEST,)),
    "htmx, plain HTTP": ({HTMX: "true", ACCEPT: "*/*", AGENT: SAFARI}, False, (DEST, HTMX)),
    "htmx, boosted": ({HTMX: "true", "HX-Boosted": "true", ACCEPT: NAVIGATES}, False, (DEST, HTMX)),
    "Turbo, plain HTTP": (
        {TURBO: "cart", ACCEPT: "text/html, application/xhtml+xml", AGENT: FIREFOX},
        False,
        (DEST, HTMX, TURBO),
    ),
    "fetch(), plain HTTP": ({ACCEPT: "*/*", AGENT: FIREFOX}, False, FAR[:4]),
    "jQuery, plain HTTP": ({ACCEPT: "text/html, */*; q=0.01", AGENT: FIREFOX}, False, FAR[:4]),
    "nothing": ({}, False, FAR[:4]),
    "curl": ({ACCEPT: "*/*", AGENT: "curl/8.14.1"}, False, FAR[:4]),
    "Chromium, plain HTTP": ({ACCEPT: NAVIGATES, AGENT: CHROMIUM}, True, FAR),
    "Firefox, plain HTTP": ({ACCEPT: NAVIGATES, AGENT: FIREFOX}, True, FAR),
    "Safari, plain HTTP": ({ACCEPT: NAVIGATES, AGENT: SAFARI}, True, FAR),
    "Google's robot": ({ACCEPT: NAVIGATES, AGENT: GOOGLE}, False, FAR),
    "LinkedIn's robot": ({ACCEPT: NAVIGATES, AGENT: LINKED_IN}, False, FAR),
    "Facebook's preview": ({ACCEPT: NAVIGATES, AGENT: FACEBOOK}, False, FAR),
    "Lynx": ({ACCEPT: NAVIGATES, AGENT: LYNX}, False, FAR),
    "Internet Explorer": ({ACCEPT: NAVIGATES, AGENT: EXPLORER}, False, FAR),
    "an agent without a name": ({ACCEPT: NAVIGATES, AGENT: ""}, False, FAR),
}
EACH_REQUEST = pytest.mark.parametrize(
    ("headers", "shown", "vary"), REQUESTS.values(), ids=REQUESTS
)


@EACH_REQUEST
def test_who_shows_documents(headers: dict[str, str], shown: bool, vary: tuple[str, ...]) -> None:
    assert shows_documents(headers.get) == (shown, vary)


def test_the_documentation_names_the_agents_that_there_are() -> None:
    text = (Path(__file__).parents[2] / "docs" / "deferred.rst").read_text(encoding="utf-8")
    listed = text[text.index("The user agents are robots") : text.index("The response's `Vary`")]
    patterns = READERS_OF_TEXT.pattern.replace(r"\b", "").split("|")
    assert [name.strip() for name in re.findall(r"`([^`]+)`", listed)] == [
        pattern.strip() for pattern in patterns
    ]


Answer = tuple[str, str]
"""The page, and its header ``Vary``."""


def from_flask(headers: dict[str, str], method: str) -> Answer:
    app = flask.Flask("app")
    app.add_url_rule("/", view_func=lambda: streamtmpl.flask.stream_template_string(PAGE))
    response = app.test_client().open("/", method=method, headers=headers)
    return response.text, response.headers["Vary"]


def from_quart(headers: dict[str, str], method: str) -> Answer:
    app = quart.Quart("app")

    async def view() -> Any:
        return await streamtmpl.quart.stream_template_string(PAGE)

    app.add_url_rule("/", view_func=view)

    async def fetch() -> Answer:
        response = await app.test_client().open("/", method=method, headers=headers)
        return (await response.get_data()).decode(), response.headers["Vary"]

    return asyncio.run(fetch())


def from_starlette(headers: dict[str, str], method: str) -> Answer:
    environment = Environment(autoescape=True, loader=DictLoader({"page": PAGE}))
    templates = StreamTemplates(env=environment)

    async def endpoint(request: Any) -> Any:
        return templates.TemplateResponse(request, "page")

    return over_asgi(Starlette(routes=[Route("/", endpoint)]), headers, method)


def over_asgi(app: Any, headers: dict[str, str], method: str) -> Answer:
    client = TestClient(app)
    client.headers.clear()
    response = client.request(method, "/", headers=headers)
    return response.text, response.headers["Vary"]


def from_asgi(headers: dict[str, str], method: str) -> Answer:
    template = StreamEnvironment(enable_async=True).from_string(PAGE)
    return over_asgi(streamtmpl.asgi.StreamResponse(template), headers, method)


def from_starlette_s_response(headers: dict[str, str], method: str) -> Answer:
    template = StreamEnvironment().from_string(PAGE)
    return over_asgi(StreamTemplateResponse(template, {}), headers, method)


def from_wsgi(headers: dict[str, str], method: str) -> Answer:
    template = StreamEnvironment().from_string(PAGE)
    client = Client(streamtmpl.wsgi.StreamResponse(template))
    response = client.open("/", method=method, headers=headers)
    return response.text, response.headers["Vary"]


class Template:
    """A template as Django's backend has it."""

    template_context_processors = ()

    def __init__(self) -> None:
        self.template = StreamEnvironment(autoescape=True).from_string(PAGE)
        self.backend = self


def from_django(headers: dict[str, str], method: str) -> Answer:
    request = RequestFactory().generic(method, "/", headers=headers)
    response = streamtmpl.django.StreamTemplateResponse(request, Template(), {})
    with override_settings():
        del settings.STREAMTMPL_DEFERRED
        response.render()
    page = b"".join(response.streaming_content).decode()
    response.close()
    return page, response["Vary"]


ADAPTERS: dict[str, Callable[[dict[str, str], str], Answer]] = {
    "flask": from_flask,
    "quart": from_quart,
    "starlette": from_starlette,
    "starlette's response": from_starlette_s_response,
    "django": from_django,
    "asgi": from_asgi,
    "wsgi": from_wsgi,
}
EACH = pytest.mark.parametrize("get", ADAPTERS.values(), ids=ADAPTERS)


def names(vary: str) -> set[str]:
    return {name.strip().lower() for name in vary.split(",")} - {"cookie"}


@EACH
@EACH_REQUEST
def test_every_adapter_decides_by_it(
    get: Any, headers: dict[str, str], shown: bool, vary: tuple[str, ...]
) -> None:
    page, answered = get(headers, "GET")
    if shown:
        assert patches(page) == [(0, "there")]
    else:
        assert is_plain(page)
        assert "there" in page
    assert names(answered) == {name.lower() for name in vary}
    assert names(get(headers, "HEAD")[1]) == names(answered)


def test_without_a_request_it_is_told() -> None:
    assert patches("".join(render_stream(StreamEnvironment().from_string(PAGE)))) == [(0, "there")]
    app = flask.Flask("app")
    with app.app_context():  # a mail, say
        assert is_plain("".join(streamtmpl.flask.stream_template_string(PAGE)))


@pytest.mark.parametrize("mode", ["patch", "in-order"])
def test_a_mode_that_is_told_looks_at_nothing(mode: Any) -> None:
    template = StreamEnvironment().from_string(PAGE)
    response = Client(streamtmpl.wsgi.StreamResponse(template, deferred=mode)).get("/")
    assert "Vary" not in response.headers
    assert is_plain(response.text) == (mode == "in-order")


def test_what_has_no_regions_depends_on_nothing() -> None:
    assert "Vary" not in Client(streamtmpl.wsgi.StreamResponse(["<p>"])).get("/").headers
