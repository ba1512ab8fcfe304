"""An application of Flask's with streaming views, and what its teardown functions have seen."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

flask = pytest.importorskip("flask", reason="the extra 'flask' is not installed")

from jinja2 import DictLoader, Environment

import streamtmpl.flask as streaming

Event = tuple[str, object]

TEMPLATES = {
    "numbers.html": (
        "{% for n in numbers %}{{ n }},{% endfor %}\n"
        "{{ request.args.q }} {{ session.user }} {{ g.user }} {{ config.NAME }} {{ added }}"
        " {{ url_for('numbers') }} {{ get_flashed_messages() | join }}"
    ),
    "session.html": "{% for n in numbers %}{{ n }}{% endfor %}\n\n{{ session.update(seen=1) }}",
    "fails.html": "{% for n in numbers %}{{ n }}{% endfor %}\n{{ 1 // 0 }}",
    "page.html": "<h1>{% block title %}{{ title() }}{% endblock %}</h1>{% block body %}"
    "{% for n in numbers %}{{ n }}{% endfor %}{% endblock %}",
}
PLAIN = Environment().from_string("not a streaming one")
MANY = range(5000)
"""Enough for several chunks."""


class Ended:
    """What teardown functions have seen."""

    def __init__(self, app: Any) -> None:
        self.events: list[Event] = []
        self.threads: set[int] = set()
        app.teardown_request(lambda error: self._ended("request", error))
        app.teardown_appcontext(lambda error: self._ended("app", error))

    def _ended(self, which: str, error: BaseException | None) -> None:
        assert flask.current_app
        self.threads.add(threading.get_ident())
        self.events.append((which, type(error) if error is not None else None))

    def once(self, error: type[BaseException] | None = None) -> bool:
        """Whether each has run once, with an error of that type."""
        return self.events == [("request", error), ("app", error)]


@pytest.fixture(name="app")
def make_app():
    app = flask.Flask("app")
    app.secret_key = "secret"
    app.config["NAME"] = "configured"
    app.jinja_loader = DictLoader(TEMPLATES)
    app.context_processor(lambda: {"added": "processed"})
    streaming.StreamTemplates(app)

    @app.get("/numbers")
    def numbers():
        flask.g.user = "Ann"
        flask.session["user"] = "Bo"
        flask.flash("Saved.")
        flask.get_flashed_messages()  # takes them out of the session while it can be saved
        return streaming.stream_template("numbers.html", numbers=numbers_of(flask.request))

    @app.get("/fails")
    def fails():
        return streaming.stream_template("fails.html", numbers=numbers_of(flask.request))

    return app


def numbers_of(request: Any) -> range:
    return range(int(request.args.get("n", len(MANY))))


@pytest.fixture(name="ended")
def make_ended(app):
    return Ended(app)


@pytest.fixture(name="client")
def make_client(app):
    return app.test_client()


@pytest.fixture(autouse=True)
def leaves_no_context():
    yield
    assert not flask.has_request_context()
    assert not flask.has_app_context()


def open_stream(client, path: str, method: str = "GET") -> tuple[Any, Iterator[bytes]]:
    response = client.open(path, method=method, buffered=False)
    return response, iter(response.response)
