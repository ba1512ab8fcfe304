"""The adapter for Litestar, with Litestar's own client and behind a real server."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("litestar", reason="the extra 'litestar' is not installed")
pytest.importorskip("httpx", reason="httpx, for Litestar's test client, is not installed")

import jinja2
from litestar import Litestar, Request, get, route
from litestar.background_tasks import BackgroundTask
from litestar.exceptions import NotFoundException
from litestar.middleware.session.server_side import ServerSideSessionConfig
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response import Template
from litestar.template import TemplateConfig
from litestar.testing import TestClient

from streamtmpl import StreamEnvironment
from streamtmpl.exceptions import LateSessionWarning
from streamtmpl.litestar import StreamTemplateEngine, StreamTemplateResponse
from streamtmpl.testing.bodies import BrowserBody
from tests.support.navigations import NAVIGATION

from .http_client import Connection, fetch
from .launch import Server, free_port, module, running
from .patches import is_plain, patches

FILL = "{% for n in range(500) %}<p>{{ n }}</p>\n{% endfor %}\n"


def client_of(
    source: str,
    *,
    is_async: bool = False,
    engine: dict[str, Any] | None = None,
    context: dict[str, Any] | None = None,
    middleware: Any = (),
    **options: Any,
) -> TestClient[Any]:
    """A client of an application with one page; *options* are those of the response."""
    environment = StreamEnvironment(
        loader=jinja2.DictLoader({"page.html": source}), autoescape=True, enable_async=is_async
    )

    @get("/")
    async def page(request: Request[Any, Any, Any]) -> StreamTemplateResponse:
        return StreamTemplateResponse("page.html", context=dict(context or {}), **options)

    made = StreamTemplateEngine(engine_instance=environment, **(engine or {}))
    return TestClient(
        Litestar([page], template_config=TemplateConfig(instance=made), middleware=list(middleware))
    )


KINDS = pytest.mark.parametrize("is_async", [False, True])


@KINDS
def test_a_page(is_async: bool) -> None:
    source = "{{ x }} {{ request.url.path }} {{ csrf_input|safe }}{% flush %}" + FILL
    client = client_of(
        source, is_async=is_async, context={"x": "<"}, headers={"X-Own": "1"}, status_code=201
    )
    response = client.get("/")
    assert response.status_code == 201
    assert response.text.startswith('&lt; / <input type="hidden" name="_csrf_token"')
    assert response.text.endswith("<p>499</p>\n")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["x-accel-buffering"] == "no"
    assert response.headers["x-own"] == "1"
    assert "content-length" not in response.headers


def test_names_of_headers_are_in_any_case() -> None:
    client = client_of("short" + FILL, headers={"x-accel-buffering": "yes", "vary": "Cookie"})
    response = client.get("/")
    assert response.headers.get_list("x-accel-buffering") == ["yes"]
    [vary] = response.headers.get_list("vary")
    assert vary.startswith("Cookie,")


@pytest.mark.parametrize(
    "name", ["feed.xml", "a.txt", "page.html", "page.html.jinja", "page.jinja", "page", None]
)
@pytest.mark.parametrize("media_type", [None, "text/css"])
def test_the_media_type_is_that_of_litestars_template(
    name: str | None, media_type: str | None
) -> None:
    said = {"template_str": "x"} if name is None else {"template_name": name}

    @get("/rendered", media_type=media_type)
    async def rendered() -> Template:
        return Template(**said)  # type: ignore[arg-type]

    @get("/streamed", media_type=media_type)
    async def streamed() -> StreamTemplateResponse:
        return StreamTemplateResponse(**said)  # type: ignore[arg-type]

    environment = jinja2.Environment(loader=jinja2.FunctionLoader(lambda name: "x"))
    config = TemplateConfig(instance=StreamTemplateEngine(engine_instance=environment))
    client = TestClient(Litestar([rendered, streamed], template_config=config))
    types = [client.get(path).headers["content-type"] for path in ("/rendered", "/streamed")]
    assert types[0] == types[1]


def test_a_small_page_has_its_length() -> None:
    assert client_of("short", is_async=True).get("/").headers["content-length"] == "5"


@KINDS
def test_an_error_before_the_first_chunk_is_an_error_page(is_async: bool) -> None:
    def missing() -> None:
        raise NotFoundException("no such row")

    client = client_of("{{ missing() }}", is_async=is_async, context={"missing": missing})
    response = client.get("/")
    assert (response.status_code, response.json()["detail"]) == (404, "no such row")


@KINDS
def test_a_block(is_async: bool) -> None:
    source = "no{% set x = 1 %}{% block a %}{{ x }}{% endblock %}{% block b %}b{% endblock %}"
    assert client_of(source, is_async=is_async, block="a").get("/").text == "1"
    assert client_of(source, is_async=is_async, block=("b", "a")).get("/").text == "b1"


@KINDS
def test_regions_as_it_suits_who_asks(is_async: bool) -> None:
    source = "<body>{% defer %}there{% placeholder %}wait{% enddefer %}</body>"
    client = client_of(source, is_async=is_async)
    shown = client.get("/", headers=NAVIGATION)
    assert patches(shown.text) == [(0, "there")]
    fetched = client.get("/")
    assert is_plain(fetched.text)
    assert "sec-fetch-dest" in fetched.headers["vary"].lower()


def test_the_engine_has_the_rule_for_regions() -> None:
    source = "<body>{% defer %}there{% enddefer %}</body>"
    client = client_of(source, engine={"nonce": lambda request: f"n-{request.method}"})
    assert '<script nonce="n-GET"' in client.get("/", headers=NAVIGATION).text
    client = client_of(source, engine={"deferred": lambda request: "in-order"})
    assert is_plain(client.get("/", headers=NAVIGATION).text)


def test_a_template_from_a_string_and_litestars_own_engine() -> None:
    @get("/")
    async def page() -> StreamTemplateResponse:
        return StreamTemplateResponse(template_str="<{{ x }}>", context={"x": 1})

    config = TemplateConfig(instance=JinjaTemplateEngine(engine_instance=jinja2.Environment()))
    assert TestClient(Litestar([page], template_config=config)).get("/").text == "<1>"


def test_without_templates_it_says_what_to_configure() -> None:
    @get("/")
    async def page() -> StreamTemplateResponse:
        return StreamTemplateResponse("page.html")

    client = TestClient(Litestar([page], debug=True))
    assert "give it a streamtmpl.litestar.StreamTemplateEngine" in client.get("/").text


def test_nothing_is_rendered_for_head() -> None:
    calls = []
    environment = StreamEnvironment(enable_async=True)

    @route("/", http_method=["GET", "HEAD"])
    async def page() -> StreamTemplateResponse:
        return StreamTemplateResponse(
            template_str="{{ call() }}", context={"call": lambda: calls.append(1)}
        )

    engine = StreamTemplateEngine(engine_instance=environment)
    client = TestClient(Litestar([page], template_config=TemplateConfig(instance=engine)))
    response = client.head("/")
    assert (response.status_code, response.content, calls) == (200, b"", [])


def test_a_background_task_runs_after_the_page() -> None:
    order: list[str] = []

    def note(text: str) -> str:
        order.append(text)
        return ""

    client = client_of(
        "{{ note('page') }}",
        context={"note": note},
        background=BackgroundTask(order.append, "task"),
    )
    client.get("/")
    assert order == ["page", "task"]


def session_client(source: str, **options: Any) -> TestClient[Any]:
    return client_of(source, middleware=[ServerSideSessionConfig().middleware], **options)


@KINDS
def test_a_session_that_changes_in_time_is_kept(is_async: bool) -> None:
    count = "{% set x = request.session.update(n=request.session.get('n', 0) + 1) %}"
    with session_client(count + "{{ request.session.n }}" + FILL, is_async=is_async) as client:
        assert client.get("/").text.startswith("1<p>")
        response = client.get("/")
        assert response.text.startswith("2<p>")
        assert "cookie" in response.headers["vary"].lower()
    held = FILL + "{% block b %}" + count + "{% endblock %}{{ request.session.n }}"
    with (
        session_client(held, is_async=is_async, commit_after="b") as client,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("error")
        assert client.get("/").text.endswith("1")
        assert client.get("/").text.endswith("2")


@KINDS
def test_a_session_that_changes_too_late_is_warned_about(is_async: bool) -> None:
    source = FILL + "{% set x = request.session.update(n=1) %}ok"
    with (
        session_client(source, is_async=is_async) as client,
        pytest.warns(LateSessionWarning, match=r"page.html, line 3: the session was modified"),
    ):
        assert client.get("/").text.endswith("ok")


# -- behind a server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    pytest.importorskip("uvicorn", reason="uvicorn is not installed: it is in the extra 'servers'")
    port = free_port()
    command = module("uvicorn", "tests.adapters.apps.litestar_app:app", "--port", str(port))
    with running(command, port, tmp_path_factory.mktemp("litestar") / "log") as running_server:
        yield running_server


@pytest.mark.parametrize("coding", ["br", "gzip"])
def test_compressed_text_arrives_while_the_template_runs(server: Server, coding: str) -> None:
    with Connection(server.port) as connection:
        connection.send(f"/gated/{coding}", headers=f"Accept-Encoding: {coding}\r\n")
        head = connection.head()
        assert head.get("Content-Encoding") == coding
        body = BrowserBody(coding)
        assert body.arrive(connection.chunk()) == "head"
        fetch(server.port, f"/open/{coding}")
        assert body.arrive(connection.body(head)) == "headrest"
        assert body.is_complete
