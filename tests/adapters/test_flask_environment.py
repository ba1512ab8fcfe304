"""How the environment of a Flask application comes to stream."""

from __future__ import annotations

from typing import Any

import pytest

flask = pytest.importorskip("flask", reason="the extra 'flask' is not installed")


import streamtmpl.flask as streaming
from streamtmpl.environment import Streaming

from .flask_fixtures import MANY, leaves_no_context, make_app  # noqa: F401 - fixtures


def test_the_environment_streams_for_flask_s_own_functions_too(app):
    assert isinstance(app.jinja_env, Streaming)
    with app.test_request_context():
        text = flask.render_template("page.html", numbers=MANY, title=str)
        chunks = list(flask.stream_template("page.html", numbers=MANY, title=str))
    assert "".join(chunks) == text
    assert 2 < len(chunks) < 10


def test_options_may_be_set_until_the_environment_is_made():
    app = flask.Flask("late")
    streaming.StreamTemplates(app)
    app.jinja_options = {"trim_blocks": True}
    app.config["STREAMTMPL_CHUNK_SIZE"] = 10
    assert app.jinja_env.trim_blocks
    assert app.jinja_env.chunk_size == 10
    assert isinstance(app.jinja_env, Streaming)


def test_an_environment_that_is_there_already_is_turned_into_a_streaming_one():
    app = flask.Flask("early")
    environment = app.jinja_env
    extension = streaming.StreamTemplates()
    extension.init_app(app)
    extension.init_app(app)
    assert app.jinja_env is environment
    assert isinstance(environment, Streaming)
    assert vars(extension) == {}
    assert "streamtmpl" in app.extensions


def test_a_bad_chunk_size_is_refused_at_once():
    app = flask.Flask("bad")
    app.config["STREAMTMPL_CHUNK_SIZE"] = -1
    with pytest.raises(ValueError, match="-1"):
        streaming.StreamTemplates(app)


@pytest.mark.parametrize("made", [False, True])
def test_the_functions_work_without_the_extension(made):
    app = flask.Flask("plain")
    if made:
        app.jinja_env.from_string("")
    with app.test_request_context():
        chunks = list(
            streaming.stream_template_string("{% for n in x %}{{ n }}{% endfor %}", x=MANY)
        )
    assert 2 < len(chunks) < 10


def test_the_environment_may_be_an_async_one():
    app = flask.Flask("async")
    app.jinja_options = {"enable_async": True}
    streaming.StreamTemplates(app)
    app.add_url_rule("/", view_func=lambda: streaming.stream_template_string("{{ request.path }}"))
    assert app.test_client().get("/").text == "/"


def test_a_list_of_names_and_a_template_are_taken_as_by_flask(app):
    with app.test_request_context():
        template = app.jinja_env.get_template("page.html")
        names: Any = (["missing.html", "page.html"], template)
        for name in names:
            text = "".join(streaming.stream_template(name, numbers=[1], title=lambda: "x"))
            assert text == "<h1>x</h1>1"
