"""A Flask application whose page has a deferred region."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

flask = pytest.importorskip("flask", reason="the extra 'flask' is not installed")

from jinja2 import DictLoader

import streamtmpl.flask as streaming
from streamtmpl.regions.patch_script import PATCH_SCRIPT
from tests.support.navigations import ENVIRON
from tests.support.patched import without_data

HANGS = 20
"""Seconds after which a test that hangs is given up."""

PAGE = (
    "<body><h1>top</h1>{% defer %}{{ region() }}"
    "{% placeholder %}wait{% error %}no {{ error }}{% enddefer %}<p>end</p></body>"
)
TEMPLATES = {
    "page.html": PAGE,
    "session.html": "<body>{% for n in range(5000) %}{{ n }}{% endfor %}\n"
    "{% defer %}{{ session.update(seen=1) or 'done' }}{% enddefer %}</body>",
}
SCRIPT = f"<script>{PATCH_SCRIPT}</script>"
IN_ORDER = "<body><h1>top</h1>content<p>end</p></body>"


def patched(text: str, *contents: str, script: str = SCRIPT) -> str:
    """The document in *text*, whose names are numbers; checks that these patches follow it."""
    for number, name in enumerate(re.findall(r'<\?start name="([^"]+)">', text), 1):
        text = text.replace(name, str(number))
    document, _, patches = without_data(text).partition("<p>end</p>")
    expected = [f'<template for="{n}">{text}</template>\f\n' for n, text in enumerate(contents, 1)]
    assert patches == script + "".join(expected) + "</body>"
    return document


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
