"""streamtmpl.flask in Flask's own test client: contexts, teardown and errors."""

from __future__ import annotations

import gc
import logging
import threading
from typing import Any

import pytest

flask = pytest.importorskip("flask", reason="the extra 'flask' is not installed")

from werkzeug.test import EnvironBuilder

import streamtmpl.flask as streaming
from streamtmpl import ChunkStream, rechunk
from streamtmpl.flask.supported import MERGED
from tests.support.navigations import NAVIGATION

from .flask_fixtures import MANY, leaves_no_context, make_app, make_client, make_ended, open_stream  # noqa: F401 - fixtures

# Contexts


def test_everything_of_the_request_is_there_in_the_last_line(client, ended):
    response = client.get("/numbers?q=asked")
    assert response.text.splitlines()[1] == ("asked Bo Ann configured processed /numbers Saved.")
    assert ended.once()


def test_chunks_arrive_while_the_template_runs(app):
    pulled = []

    def numbers():
        for n in MANY:
            pulled.append(n)
            yield n

    with app.test_request_context():
        stream: Any = streaming.stream_template("page.html", numbers=numbers(), title=str)
        assert len(next(stream)) < 3000
        assert len(pulled) < len(MANY) / 2
        stream.close()


def test_a_request_s_streams_may_overlap_in_one_thread_and_end_in_any_order(client, ended):
    first, first_chunks = open_stream(client, "/numbers?q=one")
    second, second_chunks = open_stream(client, "/numbers?q=two")
    texts: dict[str, bytes] = {"one": next(first_chunks), "two": next(second_chunks)}
    texts["one"] += b"".join(first_chunks)
    first.close()
    assert ended.once()
    ended.events.clear()
    texts["two"] += b"".join(second_chunks)
    second.close()
    assert ended.once()
    assert b"\none " in texts["one"]
    assert b"\ntwo " in texts["two"]


def test_a_stream_may_be_read_and_closed_in_other_threads(client, ended):
    response, chunks = open_stream(client, "/numbers?q=there")
    read: list[bytes] = []
    leaked: list[bool] = []

    def read_on():
        read.append(next(chunks))
        leaked.append(flask.has_request_context())

    def read_rest():
        read.extend(chunks)
        response.close()
        leaked.append(flask.has_request_context())

    for function in (read_on, read_rest):
        thread = threading.Thread(target=function)
        thread.start()
        thread.join()
    assert b"\nthere Bo Ann" in b"".join(read)
    assert leaked == [False, False]
    assert ended.once()
    assert threading.get_ident() not in ended.threads


def test_the_last_of_several_streams_of_a_request_tears_down(app, client, ended):
    @app.get("/two")
    def two():
        flask.g.user = "Ann"
        parts = [
            streaming.stream_template_string("{% for n in x %}{{ g.user }}{% endfor %}", x=range(n))
            for n in (2, 3)
        ]
        return (text for part in parts for text in part)

    assert client.get("/two").text == "Ann" * 5
    assert ended.once()


def test_without_a_request_the_application_context_is_enough(app, ended):
    with app.app_context():
        stream = streaming.stream_template_string("{{ current }}{{ g.x }}", current=app.name)
        flask.g.x = "x"
    assert "".join(stream) == "appx"


def test_what_before_request_did_to_the_view_arguments_stays(app, client):
    @app.url_value_preprocessor
    def take_language(endpoint, values):
        if values and "language" in values:
            flask.g.language = values.pop("language")

    @app.get("/<language>/page")
    def page():
        return streaming.stream_template_string("{{ request.view_args }} {{ g.language }}")

    assert client.get("/en/page").text == "{} en"


# Teardown


def exhausted(response, chunks):
    assert sum(map(len, chunks)) > 20_000
    response.close()


def closed(response, chunks):
    next(chunks)
    response.close()


def dropped(response, chunks):
    next(chunks)
    response.response = ()  # the test client keeps the response itself for a while


@pytest.mark.parametrize(
    ("end", "error"), [(exhausted, None), (closed, GeneratorExit), (dropped, GeneratorExit)]
)
def test_teardown_runs_once_after_the_stream(client, ended, end, error):
    response, chunks = open_stream(client, "/numbers")
    assert ended.events == []
    end(response, chunks)
    del chunks, response
    gc.collect()
    assert ended.once(error)


def test_teardown_gets_the_error_of_the_template(client, ended):
    response, chunks = open_stream(client, "/fails")
    with pytest.raises(ZeroDivisionError) as failure:
        list(chunks)
    assert ended.once(ZeroDivisionError)
    frames = [(frame.name, frame.lineno) for frame in failure.traceback]
    assert ("top-level template code", 1) in frames  # counted from 0
    response.close()
    assert len(ended.events) == 2


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_response_that_is_not_read_is_torn_down_when_it_is_closed(app, ended, method):
    rendered = []

    @app.get("/watched")
    def watched():
        source = "{{ saw() }}{% flush %}more"
        return streaming.stream_template_string(source, saw=lambda: rendered.append(1))

    environ = EnvironBuilder("/watched", method=method).get_environ()
    body = app.wsgi_app(environ, lambda status, headers: None)
    assert ended.events == []
    body.close()
    assert ended.once()
    assert bool(rendered) is (method == "GET")


def test_what_the_template_was_iterating_is_closed_before_teardown(app, client, ended):
    order: list[object] = ended.events

    def rows():
        try:
            yield from MANY
        finally:
            order.append(("rows", flask.g.user))

    @app.get("/rows")
    def view():
        flask.g.user = "Ann"
        return streaming.stream_template("page.html", numbers=rows(), title=str)

    response, chunks = open_stream(client, "/rows")
    assert next(chunks) == b"<h1></h1>"  # before the first pull
    next(chunks)
    response.close()
    assert order == [("rows", "Ann"), ("request", GeneratorExit), ("app", GeneratorExit)]


@pytest.mark.parametrize("propagate", [False, True])
def test_a_view_that_fails_with_a_stream_in_hand_is_torn_down_at_once(
    app, client, ended, propagate, no_collector
):
    app.config["PROPAGATE_EXCEPTIONS"] = propagate
    app.logger.setLevel(logging.CRITICAL)

    @app.get("/view-fails")
    def view_fails():
        stream = streaming.stream_template("numbers.html", numbers=MANY)
        raise LookupError(stream)

    if propagate:
        with pytest.raises(LookupError):
            client.get("/view-fails")
    else:
        assert client.get("/view-fails").status_code == 500
    assert ended.once(LookupError)


def test_a_view_that_aborts_with_a_stream_in_hand_is_torn_down_at_once(
    app, client, ended, no_collector
):
    @app.get("/aborts")
    def aborts():
        stream = streaming.stream_template("numbers.html", numbers=MANY)
        flask.abort(404, stream)

    assert client.get("/aborts").status_code == 404
    assert ended.once()


@pytest.fixture
def no_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_the_client_may_preserve_the_context(client, ended):
    with client:
        response = client.get("/numbers", buffered=False)
        chunks = iter(response.response)
        next(chunks)
        assert flask.g.user == "Ann"
        response.close()
        assert ended.events == []
    # Before 3.1.2 the client itself makes a second application context.
    assert ended.events.count(("request", None)) == 1


# Errors before the first chunk


def test_an_error_before_the_first_chunk_is_flask_s_to_handle(app, client, ended):
    @app.errorhandler(ZeroDivisionError)
    def divided(error):
        return "no such number", 422

    response = client.get("/fails?n=0")
    assert (response.status_code, response.text) == (422, "no such number")
    assert ended.once()


def test_an_error_page_may_be_a_stream(app, client, ended):
    app.logger.setLevel(logging.CRITICAL)

    @app.errorhandler(500)
    def failed(error):
        flask.g.user = "handled"
        return streaming.stream_template_string("{{ g.user }} {{ request.path }}"), 500

    response = client.get("/fails?n=0")
    assert (response.status_code, response.text) == (500, "handled /fails")
    assert len(ended.events) == 2


def test_a_redirect_in_the_head_of_the_template_is_still_one(app, client):
    @app.get("/moved")
    def moved():
        def go():
            flask.abort(flask.redirect("/numbers"))

        return streaming.stream_template_string("<h1>{{ go() }}", go=go)

    assert client.get("/moved").location == "/numbers"


# What streamtmpl relies on in Flask


def test_flask_s_contexts_are_as_the_hold_knows_them():
    app = flask.Flask("contexts")
    app.secret_key = "x"
    with app.test_request_context() as request_context:
        if MERGED:
            assert request_context._push_count == 1
            assert request_context._cv_token.var is flask.globals._cv_app
            return
        app_context = flask.globals.app_ctx._get_current_object()
        ((token, pushed),) = request_context._cv_tokens
        assert token.var is flask.globals._cv_request
        assert pushed is app_context
        ((token),) = app_context._cv_tokens
        assert token.var is flask.globals._cv_app
        with app_context:
            assert app_context._cv_tokens[0] is token  # a push is put at the end
            assert len(app_context._cv_tokens) == 2
        assert app_context._cv_tokens == [token]  # and a pop takes it from there
        assert hasattr(flask.session, "on_update")


def test_a_page_of_one_chunk_holds_nothing(app, ended):
    @app.get("/small")
    def small():
        return streaming.stream_template_string("{{ request.path }}")

    @app.after_request
    def seen(response):
        assert ended.events == []
        return response

    body = app.wsgi_app(EnvironBuilder("/small").get_environ(), lambda status, headers: None)
    assert ended.once()  # as with render_template(): before the body is read
    assert b"".join(body) == b"/small"
    body.close()
    assert len(ended.events) == 2


@pytest.mark.parametrize("headers", [{}, NAVIGATION])
def test_a_page_of_one_chunk_says_by_which_headers_its_regions_are_shown(app, headers):
    @app.get("/small")
    def small():
        page = streaming.stream_template_string("{% defer %}there{% enddefer %}")
        response = flask.Response(page)
        response.vary.add("Accept-Language")
        return response

    @app.get("/other")
    def other():
        streaming.stream_template_string("{% defer %}there{% enddefer %}")
        return "other"

    client = app.test_client()
    response = client.get("/small", headers=headers)
    assert "there" in response.text
    assert {"Sec-Fetch-Dest", "Accept-Language"} <= {*response.vary}
    assert "Vary" not in client.get("/other", headers=headers).headers


def test_what_is_returned_is_a_generator_as_flask_s(app):
    with app.test_request_context():
        streams: Any = (
            streaming.stream_template("page.html", numbers=[], title=str),
            streaming.stream_with_context(rechunk(["x"])),
        )
        for stream in streams:
            assert not isinstance(stream, ChunkStream)
            assert type(stream) is type(n for n in "")
            stream.close()
