"""Sessions that the rest of a page reads or changes, behind Starlette's own middleware."""

from __future__ import annotations

import asyncio
import warnings
from typing import Any

import pytest

pytest.importorskip("starlette", reason="the extra 'starlette' is not installed")
pytest.importorskip(
    "itsdangerous", reason="itsdangerous, for Starlette's sessions, is not installed"
)

from starlette.middleware import Middleware, sessions
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.testclient import TestClient

from streamtmpl.exceptions import LateSessionWarning
from streamtmpl.starlette import StreamTemplateResponse

from .exchange import Exchange
from .starlette_pages import KINDS, app_of, templates_of

FILL = "{% for n in range(500) %}<p>{{ n }}</p>\n{% endfor %}\n"
Session = getattr(sessions, "Session", dict)
"""Those of old versions are dicts, which do not know whether they have been read."""
SESSIONS = Middleware(SessionMiddleware, secret_key="a key of the tests")


def client_of(source: str, is_async: bool = False, **options: Any) -> TestClient:
    templates = templates_of(is_async, page=source)

    async def page(request: Request) -> Any:
        if request.path_params["who"] == "put":
            request.session["messages"] = ["hello"]
        name = "page.html"
        return templates.TemplateResponse(request, name, {"keep": request.session}, **options)

    return TestClient(app_of(page, SESSIONS))


@KINDS
@pytest.mark.parametrize(
    "change",
    [
        "request.session.pop('messages', [])",
        "request.session.update(a=1)",
        "request.session.setdefault('a', 1)",
        "request.session.clear()",
        "request.session.popitem()",
        "request.session.__setitem__('a', 1)",
    ],
)
def test_a_change_after_the_first_chunk_is_warned_about(change: str, is_async: bool) -> None:
    client = client_of(FILL + f"{{% set x = {change} %}}ok", is_async)
    with pytest.warns(LateSessionWarning, match=r"page.html, line 3: the session was modified"):
        assert client.get("/put").text.endswith("ok")


def test_it_is_behind_a_server_which_knows_no_tests() -> None:
    client = client_of(FILL + "{% set x = request.session.clear() %}ok")
    exchange = Exchange(path="/put")
    with pytest.warns(LateSessionWarning, match=r"page.html, line 3"):
        asyncio.run(exchange.over(client.app))
    assert exchange.body.endswith(b"ok")


@KINDS
@pytest.mark.parametrize(
    "reading",
    ["request.session.get('messages')", "request.session.pop('none', 1)", "request.session"],
)
def test_reading_is_not(reading: str, is_async: bool) -> None:
    client = client_of(FILL + f"{{% set x = {reading} %}}ok", is_async)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        response = client.get("/put")
    assert response.text.endswith("ok")
    assert "cookie" in response.headers["vary"].lower()


@KINDS
@pytest.mark.parametrize(
    ("source", "depends"),
    [
        ("whole", not hasattr(Session, "accessed")),
        ("{{ request.session.get('name') }}", True),
        (FILL, True),
    ],
    ids=["whole", "whole, and reads it", "longer"],
)
def test_a_page_that_has_ended_depends_on_a_session_that_it_has_read(
    source: str, depends: bool, is_async: bool
) -> None:
    templates = templates_of(is_async, page=source)

    async def page(request: Request) -> Any:
        return templates.TemplateResponse(request, "page.html")

    response = TestClient(app_of(page, SESSIONS)).get("/get")
    assert ("cookie" in response.headers.get("vary", "").lower()) == depends


@KINDS
def test_a_session_that_does_not_know_whether_it_has_been_read(is_async: bool) -> None:
    """As those of other middleware."""
    template = templates_of(is_async, page="whole").env.get_template("page.html")
    exchange = Exchange(session={})
    asyncio.run(exchange.over(StreamTemplateResponse(template, {})))
    assert exchange.headers[b"vary"] == b"Cookie"


@KINDS
def test_a_change_in_the_first_chunk_is_sent(is_async: bool) -> None:
    client = client_of("{{ request.session.pop('messages', ['none'])|join }}\n" + FILL, is_async)
    assert client.get("/put").text.startswith("hello")
    assert client.get("/get").text.startswith("none")


@KINDS
def test_a_change_in_a_block_that_the_head_waits_for_is_sent(is_async: bool) -> None:
    source = (
        FILL
        + "{% block footer %}{{ request.session.pop('messages', ['none'])|join }}{% endblock %}"
    )
    client = client_of(source, is_async, commit_after="footer")
    assert client.get("/put").text.endswith("hello")
    assert client.get("/get").text.endswith("none")
