"""streamtmpl.flask beside other people's extensions."""

from __future__ import annotations

import json
from importlib.metadata import version

import pytest

flask = pytest.importorskip("flask", reason="the extra 'flask' is not installed")

from streamtmpl.flask.views import StreamTemplates, stream_template_string

SOURCE = "{% for n in range(20000) %}{{ n }} {{ g.user }}\n{% endfor %}"
TEXT = "".join(f"{n} Ann\n" for n in range(20000))


@pytest.fixture(name="app")
def make_app():
    app = flask.Flask(__name__)
    StreamTemplates(app)
    app.config["CACHE_TYPE"] = "SimpleCache"
    return app


def view():
    flask.g.user = "Ann"
    return stream_template_string(SOURCE)


def test_flask_caching_keeps_the_text_of_a_stream(app):
    caching = pytest.importorskip("flask_caching", reason="Flask-Caching is not installed")
    cache = caching.Cache(app)
    made = []

    @app.get("/")
    @cache.cached()
    def cached():
        made.append(1)
        return view()

    texts = [app.test_client().get("/").text for _ in range(2)]
    # Before 2.5, the release for Flask 3, it turns a generator of any kind into a list, which
    # Flask sends as JSON.
    lists = tuple(map(int, version("flask-caching").split(".")[:2])) < (2, 5)
    pieces = json.loads(texts[0]) if lists else texts[:1]
    assert "".join(pieces) == TEXT
    assert texts[1] == texts[0]
    assert made == [1]
