"""What tests of Quart's adapter share: an application, and what its teardown has seen."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

quart = pytest.importorskip("quart", reason="the extra 'quart' is not installed")

from jinja2 import DictLoader, Environment

import streamtmpl.quart as streaming
from streamtmpl.quart.supported import VERSION

TEMPLATES = {
    "numbers.html": (
        "{% for n in numbers %}{{ n }},{% endfor %}\n"
        "{{ request.args.q }} {{ session.user }} {{ g.user }} {{ config.NAME }} {{ added }}"
        " {{ url_for('numbers') }}"
    ),
    "session.html": "{% for n in numbers %}{{ n }}{% endfor %}\n\n{{ session.update(seen=1) }}",
    "fails.html": "{% for n in numbers %}{{ n }}{% endfor %}\n{{ 1 // 0 }}",
    "page.html": "<h1>{% block title %}{{ title }}{% endblock %}</h1>{% block body %}"
    "{% for n in numbers %}{{ n }}{% endfor %}{% endblock %}",
}
PLAIN = Environment(enable_async=True).from_string("not a streaming one")
MANY = range(5000)
"""Enough for several chunks."""


class Ended:
    """What teardown functions have seen."""

    def __init__(self, app: Any) -> None:
        self.events: list[tuple[str, object]] = []
        self.users: set[object] = set()

        @app.teardown_request
        async def request_ended(error):
            await asyncio.sleep(0)
            self.users.add(quart.g.get("user"))
            self.events.append(("request", error and type(error)))

        @app.teardown_appcontext
        async def app_ended(error):
            # From 0.23 on the application's context is the request's.
            assert quart.has_request_context() is (VERSION >= (0, 23))
            self.events.append(("app", error and type(error)))

    def once(self, error: type[BaseException] | None = None) -> bool:
        """Whether each has run once, with an error of that type."""
        return self.events == [("request", error), ("app", error)]


@pytest.fixture(name="app")
def make_app():
    app = quart.Quart("app")
    app.secret_key = "secret"
    app.config["NAME"] = "configured"
    app.jinja_loader = DictLoader(TEMPLATES)
    app.context_processor(lambda: {"added": "processed"})
    app.logger.setLevel(logging.CRITICAL)
    streaming.StreamTemplates(app)

    @app.get("/numbers")
    async def numbers():
        quart.g.user = "Ann"
        quart.session["user"] = "Bo"
        return await streaming.stream_template("numbers.html", numbers=numbers_of())

    @app.get("/fails")
    async def fails():
        return await streaming.stream_template("fails.html", numbers=numbers_of())

    return app


def numbers_of() -> range:
    return range(int(quart.request.args.get("n", len(MANY))))


@pytest.fixture(name="ended")
def make_ended(app):
    return Ended(app)


async def get(app, path: str, method: str = "GET") -> tuple[Any, str]:
    response = await app.test_client().open(path, method=method)
    return response, (await response.get_data()).decode()
