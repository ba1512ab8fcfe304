"""The views of the last streams: in debug mode only, with the frameworks' own test clients."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

flask = pytest.importorskip("flask", reason="the extra 'flask' is not installed")
pytest.importorskip("starlette", reason="not installed: it comes with the extra 'servers'")
pytest.importorskip("httpx2", reason="not installed: it comes with the extra 'servers'")

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

import streamtmpl.flask
from streamtmpl.starlette import timeline_view
from streamtmpl.timeline import Timeline

from .starlette_pages import KINDS, templates_of

PATH = "/_streamtmpl/timeline"
PAGE = "{% for n in numbers() %}<p>{{ n }}</p>{% endfor %}"


def flask_app(debug: bool, timeline: Timeline) -> Any:
    app = flask.Flask("app")
    app.debug = debug
    app.config["STREAMTMPL_OBSERVE"] = timeline
    streamtmpl.flask.StreamTemplates(app)
    app.add_url_rule(PATH, view_func=streamtmpl.flask.timeline_view(timeline))
    return app


def starlette_app(debug: bool, timeline: Timeline, endpoint: Any = None) -> Any:
    routes = [Route(PATH, timeline_view(timeline))]
    if endpoint is not None:
        routes.append(Route("/", endpoint))
    return Starlette(debug=debug, routes=routes)


def flask_client(debug: bool, timeline: Timeline) -> Any:
    return flask_app(debug, timeline).test_client()


def starlette_client(debug: bool, timeline: Timeline) -> Any:
    return TestClient(starlette_app(debug, timeline))


CLIENTS = pytest.mark.parametrize("client_of", [flask_client, starlette_client])


@CLIENTS
def test_in_debug_mode_there_is_a_page(client_of) -> None:
    response = client_of(True, Timeline()).get(PATH)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-store"
    assert "No stream has been observed yet." in response.text


@CLIENTS
def test_without_debug_mode_there_is_none(client_of) -> None:
    response = client_of(False, Timeline()).get(PATH)
    assert response.status_code == 404
    assert "stream" not in response.text


@CLIENTS
def test_nothing_is_changed_by_looking(client_of) -> None:
    client = client_of(True, Timeline())
    assert client.head(PATH).status_code == 200
    assert client.post(PATH).status_code == 405


def test_flask_s_streams_are_shown() -> None:
    timeline = Timeline()
    app = flask_app(True, timeline)
    app.jinja_env.loader = flask_loader({"numbers.html": PAGE})
    app.add_url_rule(
        "/", "page", lambda: streamtmpl.flask.stream_template("numbers.html", numbers=lambda: [1])
    )
    client = app.test_client()
    for _ in range(12):
        assert client.get("/").text == "<p>1</p>"
    page = client.get(PATH).text
    assert "<h1>The last 10 streams</h1>" in page
    assert page.count("numbers.html</h2>") == 10
    assert page.count("Complete after") >= 10


def flask_loader(templates: dict[str, str]) -> Any:
    from jinja2 import DictLoader  # noqa: PLC0415

    return DictLoader(templates)


def test_a_page_of_flask_s_that_is_still_being_sent_is_shown_with_its_wait() -> None:
    timeline = Timeline()
    app = flask_app(True, timeline)
    gate = threading.Event()

    def numbers():
        yield 1
        assert gate.wait(30)
        yield 2

    app.add_url_rule(
        "/",
        "page",
        lambda: streamtmpl.flask.stream_template_string("<h1>A</h1>" + PAGE, numbers=numbers),
    )
    client = app.test_client()
    response = client.get("/", buffered=False)
    chunks = response.iter_encoded()
    assert next(chunks).startswith(b"<h1>A</h1>")
    page = app.test_client().get(PATH).text
    assert "Still running after" in page
    assert "unnamed</h2>" in page
    gate.set()
    assert b"".join(chunks).endswith(b"<p>2</p>")
    response.close()
    assert "Complete after" in client.get(PATH).text


@KINDS
def test_starlette_s_streams_are_shown(is_async: bool) -> None:
    timeline = Timeline()
    templates = templates_of(is_async, numbers=PAGE)
    vars(templates.env)["observe"] = timeline

    async def endpoint(request: Request) -> Response:
        return templates.TemplateResponse(request, "numbers.html", {"numbers": lambda: [1, 2]})

    with TestClient(starlette_app(True, timeline, endpoint)) as client:
        assert client.get("/").text == "<p>1</p><p>2</p>"
        page = client.get(PATH).text
    assert "<h1>The last stream</h1>" in page
    assert "numbers.html</h2>" in page
    assert "Complete after" in page


def test_the_debug_mode_is_that_of_the_application_that_serves_the_page() -> None:
    inner = starlette_app(False, Timeline())
    client = TestClient(Starlette(debug=True, routes=[Mount("/sub", inner)]))
    assert client.get("/sub" + PATH).status_code == 404


def test_fastapi_has_it_by_add_route() -> None:
    fastapi = pytest.importorskip("fastapi", reason="it comes with the extra 'servers'")
    for debug, status in ((True, 200), (False, 404)):
        app = fastapi.FastAPI(debug=debug)
        app.add_route(PATH, timeline_view(Timeline()))
        assert TestClient(app).get(PATH).status_code == status


def test_drawing_does_not_hold_up_the_event_loop() -> None:
    """Starlette runs it in a thread."""
    drawn_in: list[int] = []

    class Noting(Timeline):
        def html(self) -> str:
            drawn_in.append(threading.get_ident())
            return super().html()

    app = starlette_app(True, Noting())

    async def fetch() -> int:
        sent = []

        async def receive() -> Any:
            return {"type": "http.request"}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "GET", "path": PATH, "headers": [], "query_string": b""}
        await app(scope, receive, send)
        assert sent[0]["status"] == 200
        return threading.get_ident()

    assert asyncio.run(fetch()) not in drawn_in
    assert len(drawn_in) == 1
