"""A Flask application whose page has a deferred region."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

flask = pytest.importorskip("flask", reason="the extra 'flask' is not installed")

from jinja2 import DictLoader

import streamtmpl.flask as streaming
from tests.support.navigations import ENVIRON

from .deferred_page import TEMPLATES


@pytest.fixture(name="executor")
def make_executor():
    with ThreadPoolExecutor(4) as executor:
        yield executor


@pytest.fixture(name="app")
def make_app():
    app = flask.Flask("app")
    app.secret_key = "secret"
    app.jinja_loader = DictLoader(TEMPLATES)

    @app.get("/")
    def page():
        return streaming.stream_template("page.html", region=lambda: "content")

    return app


@pytest.fixture(name="ended")
def make_ended(app):
    """What the teardown functions have seen, of the request and of regions in threads."""
    ended: list[tuple[str, object]] = []
    served = threading.get_ident()

    def torn_down(error):
        which = "app" if threading.get_ident() == served else "region"
        ended.append((which, error and type(error)))

    app.teardown_request(lambda error: ended.append(("request", error and type(error))))
    app.teardown_appcontext(torn_down)
    return ended


@pytest.fixture(name="client")
def make_client(app):
    client = app.test_client()
    client.environ_base.update(ENVIRON)
    return client
