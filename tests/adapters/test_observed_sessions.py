"""A session that a page changes too late, as an observer is told of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import jinja2
import pytest

from streamtmpl.observing import LateSession, StreamClosed
from tests.observing.observers import Noted

from .answers import NAME, django_page, environment

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
    page = django_page(env, {}, {})
    from django.contrib.sessions.backends.signed_cookies import SessionStore  # noqa: PLC0415
    from django.test import RequestFactory  # noqa: PLC0415

    from streamtmpl.exceptions import LateSessionWarning  # noqa: PLC0415

    request = RequestFactory().get("/")
    request.session = SessionStore()
    response = page(request).render()
    with pytest.warns(LateSessionWarning):
        assert b"".join(response)
    response.close()
