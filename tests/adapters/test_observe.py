"""``observe=`` and ``Server-Timing`` in every adapter."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from typing import Any
from wsgiref.util import setup_testing_defaults

import jinja2
import pytest

from streamtmpl import StreamEnvironment, rechunk
from streamtmpl.asgi import StreamResponse as ASGIResponse
from streamtmpl.observing import Chunk, LateSession, StreamClosed, StreamStarted
from streamtmpl.wsgi import StreamResponse as WSGIResponse
from tests.observing.observers import Noted
from tests.support.clocks import Clock, replaced_clock

from .exchange import Exchange

NAME = 'pa"ge.html'
SOURCE = (
    "{% for row in rows %}{{ row }}{% endfor %}{% for n in range(600) %}<p>{{ n }}</p>{% endfor %}"
)
METRIC = re.compile(r'([\w-]+);dur=(\d+\.\d)(?:;desc="((?:[^"\\]|\\.)*)")?')


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


def _django_page(env: StreamEnvironment, context: Any, options: Any) -> Any:
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
    page = _django_page(env, context, options)
    from django.test import RequestFactory  # noqa: PLC0415

    response = page(RequestFactory().generic(method, "/")).render()
    text = b"".join(response).decode()
    response.close()
    return _lowered(response.items()), text


def from_django_asgi(
    env: StreamEnvironment, context: Any, method: str = "GET", **options: Any
) -> Answer:
    page = _django_page(env, context, options)
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


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    from streamtmpl.chunks import observed, observed_async  # noqa: F401, PLC0415 - have theirs replaced

    return replaced_clock(monkeypatch)


def environment(**options: Any) -> StreamEnvironment:
    return StreamEnvironment(loader=jinja2.DictLoader({NAME: SOURCE}), autoescape=True, **options)


def rows(clock: Clock) -> Iterator[str]:
    clock.now += 0.25
    yield "<b>"


@every_adapter
def test_the_observer_of_a_response(answer: Answering) -> None:
    noted = Noted()
    headers, text = answer(environment(), {"rows": "ab"}, observe=noted)
    assert "server-timing" not in headers
    assert noted.one(StreamStarted).template == NAME
    assert noted.one(StreamClosed).outcome == "complete"
    assert sum(event.bytes or event.characters for event in noted.of(Chunk)) == len(text)


@every_adapter
@pytest.mark.parametrize("server_timing", [False, True])
def test_the_observer_of_the_environment(answer: Answering, server_timing: bool) -> None:
    noted = Noted()
    env = environment(observe=noted, server_timing=server_timing)
    headers, _ = answer(env, {"rows": "ab"})
    assert noted.one(StreamClosed).outcome == "complete"
    assert ("server-timing" in headers) == server_timing
    noted.clear()
    answer(env, {"rows": "ab"}, method="HEAD")
    assert noted == []


@every_adapter
def test_server_timing(answer: Answering, clock: Clock) -> None:
    """It says what is known at the commit: nothing of what comes behind the first chunk."""
    env = environment(server_timing=True)
    block = "{% block top %}{% for row in rows %}{{ row }}{% endfor %}{% endblock %}"
    rest = "{% for n in range(900) %}<p>{{ n }}</p>{% endfor %}"
    late = "{% for row in late %}{{ row }}{% endfor %}"
    env.loader = jinja2.DictLoader({NAME: f"{block}{rest}\n{late}"})
    context = {"rows": rows(clock), "late": rows(clock)}
    headers, text = answer(env, context, commit_after="top")
    assert text.startswith("&lt;b&gt;")
    assert text.endswith("\n&lt;b&gt;")
    metrics = METRIC.findall(headers["server-timing"])
    assert (
        ", ".join(each[0] for each in METRIC.finditer(headers["server-timing"]))
        == (headers["server-timing"])
    )
    assert metrics == [("first-chunk", "250.0", ""), ("source", "250.0", r"pa\"ge.html:1")]


@every_adapter
def test_no_head_has_a_timing_where_nothing_is_rendered(answer: Answering) -> None:
    headers, _ = answer(environment(server_timing=True), {"rows": "ab"}, method="HEAD")
    assert "server-timing" not in headers


@pytest.mark.parametrize("answer", [from_wsgi, from_asgi, from_flask, from_aiohttp])
def test_what_the_application_says_in_the_header_stays(answer: Answering) -> None:
    headers, _ = answer(
        environment(server_timing=True), {"rows": "ab"}, headers={"Server-Timing": "db;dur=5"}
    )
    assert headers["server-timing"].startswith("db;dur=5, first-chunk;dur=")


def test_the_observer_of_an_iterable() -> None:
    noted = Noted()
    environ: dict[str, Any] = {}
    setup_testing_defaults(environ)
    response = WSGIResponse(iter(["a", "b"]), observe=noted)
    assert b"".join(response(environ, lambda *head: None)) == b"ab"  # type: ignore[arg-type]
    assert noted.one(StreamClosed).outcome == "complete"


@pytest.mark.parametrize("kind", [WSGIResponse, ASGIResponse])
def test_a_stream_is_observed_where_it_is_made(kind: Any) -> None:
    with pytest.raises(TypeError, match="observe: <ChunkStream open> has been made already"):
        kind(rechunk(["a"]), observe=Noted())


def test_an_observer_in_the_configuration_that_is_none() -> None:
    flask = pytest.importorskip("flask", reason="the extra 'flask' is not installed")
    import streamtmpl.flask as streaming  # noqa: PLC0415

    app = flask.Flask("app")
    app.config["STREAMTMPL_OBSERVE"] = "not a function"
    with pytest.raises(TypeError, match="STREAMTMPL_OBSERVE must be a function"):
        streaming.StreamTemplates(app)


def test_parts_of_events_are_streams() -> None:
    from streamtmpl.events import Event, event_stream  # noqa: PLC0415

    noted = Noted()
    env = environment(observe=noted)
    env.loader = jinja2.DictLoader(
        {NAME: "{% block a %}<p>{% endblock %}{% block b %}{% endblock %}"}
    )
    stream = event_stream([Event((env.get_template(NAME), {}, "a"))], keep_alive=None)
    assert b"data: <p>\n" in b"".join(stream)
    assert noted.one(StreamStarted).blocks == ("a",)
    assert noted.one(StreamClosed).outcome == "complete"


# -- late sessions

FILL = "{% for n in range(900) %}<p>{{ n }}</p>{% endfor %}\n\n"


@pytest.fixture
def late() -> Iterator[Noted]:
    noted = Noted()
    yield noted
    event = noted.one(LateSession)
    assert (event.template, event.line) == (NAME, 3)
    assert noted.one(StreamClosed).outcome == "complete"


def test_a_late_session_in_flask(late: Noted) -> None:
    flask = pytest.importorskip("flask", reason="the extra 'flask' is not installed")
    from streamtmpl.flask import LateSessionWarning, stream_template  # noqa: PLC0415

    app = flask.Flask("app")
    app.secret_key = "secret"
    app.jinja_loader = jinja2.DictLoader({NAME: FILL + "{{ session.update(seen=1) }}"})
    app.config["STREAMTMPL_OBSERVE"] = late
    app.add_url_rule("/", "page", lambda: stream_template(NAME))
    with pytest.warns(LateSessionWarning):
        app.test_client().get("/", buffered=True)


def test_a_late_session_in_quart(late: Noted) -> None:
    quart = pytest.importorskip("quart", reason="the extra 'quart' is not installed")
    from streamtmpl.quart import LateSessionWarning, stream_template  # noqa: PLC0415

    app = quart.Quart("app")
    app.secret_key = "secret"
    app.jinja_loader = jinja2.DictLoader({NAME: FILL + "{{ session.update(seen=1) }}"})
    app.config["STREAMTMPL_OBSERVE"] = late

    @app.route("/")
    async def page() -> Any:
        return await stream_template(NAME)

    async def main() -> None:
        response = await app.test_client().get("/")
        await response.get_data()

    with pytest.warns(LateSessionWarning):
        asyncio.run(main())


def test_a_late_session_in_starlette(late: Noted) -> None:
    pytest.importorskip("starlette", reason="the extra 'starlette' is not installed")
    pytest.importorskip("itsdangerous", reason="itsdangerous is not installed")
    from starlette.applications import Starlette  # noqa: PLC0415
    from starlette.middleware import Middleware  # noqa: PLC0415
    from starlette.middleware.sessions import SessionMiddleware  # noqa: PLC0415
    from starlette.routing import Route  # noqa: PLC0415
    from starlette.testclient import TestClient  # noqa: PLC0415

    from streamtmpl.exceptions import LateSessionWarning  # noqa: PLC0415
    from streamtmpl.starlette import StreamTemplates  # noqa: PLC0415

    source = FILL + "{{ request.session.update(seen=1) }}"
    templates = StreamTemplates(env=environment(observe=late))
    templates.env.loader = jinja2.DictLoader({NAME: source})

    async def page(request: Any) -> Any:
        return templates.TemplateResponse(request, NAME)

    sessions = Middleware(SessionMiddleware, secret_key="secret")
    app = Starlette(routes=[Route("/", page)], middleware=[sessions])
    with pytest.warns(LateSessionWarning):
        TestClient(app).get("/")


def test_a_late_session_in_django(late: Noted) -> None:
    env = environment(observe=late)
    env.loader = jinja2.DictLoader({NAME: FILL + "{{ request.session.update({'a': 1}) }}"})
    page = _django_page(env, {}, {})
    from django.contrib.sessions.backends.signed_cookies import SessionStore  # noqa: PLC0415
    from django.test import RequestFactory  # noqa: PLC0415

    from streamtmpl.exceptions import LateSessionWarning  # noqa: PLC0415

    request = RequestFactory().get("/")
    request.session = SessionStore()
    response = page(request).render()
    with pytest.warns(LateSessionWarning):
        assert b"".join(response)
    response.close()
