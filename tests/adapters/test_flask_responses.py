"""stream_with_context and stream_response of Flask's adapter, and what they send."""

from __future__ import annotations

import pytest

flask = pytest.importorskip("flask", reason="the extra 'flask' is not installed")

from markupsafe import escape
from werkzeug.exceptions import NotFound

import streamtmpl.flask as streaming
from streamtmpl import UnknownBlockError, rechunk

from .flask_fixtures import (  # noqa: F401 - fixtures
    MANY,
    PLAIN,
    leaves_no_context,
    make_app,
    make_client,
    make_ended,
    open_stream,
)

# stream_with_context


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("way", ["generator", "decorator", "function", "iterable"])
def test_stream_with_context(app, client, ended, way, is_async):
    if is_async:
        pytest.importorskip("asgiref", reason="the extra of Flask for async views is missing")
    wsgi = WsgiIterable()

    def generate(greeting):
        yield greeting
        yield flask.request.args["q"].encode()
        yield escape(flask.g.user)

    def view():
        flask.g.user = "Ann"
        if way == "generator":
            return streaming.stream_with_context(generate("Hello "))
        if way == "decorator":
            return streaming.stream_with_context(generate)("Hello ")
        if way == "function":
            return streaming.stream_with_context(lambda: list(generate("Hello ")))()
        return flask.Response(streaming.stream_with_context(wsgi))

    async def async_view():
        return view()

    app.add_url_rule("/stream", view_func=async_view if is_async else view)
    assert client.get("/stream?q=x").text == "Hello xAnn"
    assert ended.once()
    assert wsgi.closed == (way == "iterable")


class WsgiIterable:
    """What PEP 3333 lets applications return: iterable, with a close() of its own."""

    closed = 0

    def __iter__(self):
        yield "Hello "
        yield flask.request.args["q"]
        yield flask.g.user

    def close(self):
        assert flask.g.user == "Ann"
        self.closed += 1


def test_a_decorated_function_keeps_its_name(app):
    @streaming.stream_with_context
    def lines():
        """Lines."""
        yield ""

    assert (lines.__name__, lines.__doc__) == ("lines", "Lines.")


def test_stream_with_context_needs_a_request():
    with pytest.raises(RuntimeError, match="request"):
        streaming.stream_with_context(iter(()))


def test_stream_with_context_refuses_async_generators(app):
    async def lines():
        yield ""

    with app.test_request_context(), pytest.raises(TypeError, match="async generators"):
        streaming.stream_with_context(lines())


# stream_response


def test_stream_response_has_status_headers_and_charset(app, client, ended):
    @app.get("/response")
    def view():
        response = streaming.stream_response(
            "page.html",
            {"numbers": ["\u00e4"], "title": lambda: "\u00d6"},
            status="299 Curious",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "yes"},
            content_type="text/plain; charset=latin-1",
        )
        response.set_cookie("a", "b")
        return response

    response = client.get("/response")
    assert response.status == "299 Curious"
    assert response.data == "<h1>\u00d6</h1>\u00e4".encode("latin-1")
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Accel-Buffering"] == "yes"
    assert response.headers["Set-Cookie"].startswith("a=b")
    assert ended.once()


@pytest.mark.parametrize("block", ["title", "body"])
def test_commit_after_keeps_the_status_open(app, client, block):
    template = app.jinja_env.from_string(
        "{% for n in range(5000) %}{{ n }}{% endfor %}"
        "{% block title %}{% endblock %}{{ stop('title') }}"
        "{% block body %}{{ stop('body') }}{% endblock %}"
    )

    @app.get("/committed")
    def committed():
        def stop(where):
            if where == "body":
                raise NotFound

        return streaming.stream_response(template, {"stop": stop}, commit_after=block)

    if block == "body":
        assert client.get("/committed").status_code == 404
    else:
        response, chunks = open_stream(client, "/committed")
        assert response.status_code == 200
        with pytest.raises(NotFound):
            list(chunks)
        response.close()


def test_commit_after_an_unknown_block_is_refused(app):
    with app.test_request_context(), pytest.raises(UnknownBlockError, match="'titel'"):
        streaming.stream_response("page.html", {"title": str}, commit_after="titel")


@pytest.mark.parametrize(
    "source", [lambda: rechunk(["a", "b"]), lambda: iter([b"a", b"b"]), lambda: ["a", "b"]]
)
def test_stream_response_takes_streams_and_iterables(app, client, source, ended):
    app.add_url_rule("/source", view_func=lambda: streaming.stream_response(source()))
    assert client.get("/source").text == "ab"
    assert ended.once()


def test_stream_response_refuses_bad_headers(app):
    with app.test_request_context(), pytest.raises(ValueError, match="control character"):
        streaming.stream_response("page.html", headers={"X-A": "b\r\nX-C: d"})


def test_the_first_block_may_set_cookies_and_the_status(app, client):
    @app.get("/found")
    def found():
        def title():
            @flask.after_this_request
            def change(response):
                response.status_code = 404
                response.set_cookie("seen", "1")
                return response

            return "none"

        context = {"title": title, "numbers": MANY}
        return streaming.stream_response("page.html", context, commit_after="title")

    response = client.get("/found")
    assert response.status_code == 404
    assert response.headers["Set-Cookie"].startswith("seen=1")
    assert response.text.startswith("<h1>none</h1>0123")


@pytest.mark.parametrize(
    "make",
    [
        lambda: streaming.stream_response(None),
        lambda: streaming.stream_response(iter("a"), {"a": 1}),
        lambda: streaming.stream_response("page.html", chunk_size="3"),  # type: ignore[arg-type]
        lambda: streaming.stream_response(PLAIN),
        lambda: streaming.stream_template(PLAIN),
    ],
)
def test_a_stream_that_cannot_be_made_holds_nothing(app, client, ended, make):
    app.add_url_rule("/wrong", view_func=make, endpoint="wrong")
    app.config["PROPAGATE_EXCEPTIONS"] = False
    assert client.get("/wrong").status_code == 500
    assert len(ended.events) == 2


# Headers


def test_proxies_are_told_not_to_buffer(app, client):
    assert client.get("/numbers").headers["X-Accel-Buffering"] == "no"


def test_other_responses_are_left_alone(app, client):
    @app.get("/joined")
    def joined():
        return "".join(streaming.stream_template("page.html", numbers=[1], title=str))

    assert "X-Accel-Buffering" not in client.get("/joined").headers


def test_a_response_may_say_other_of_buffering(app, client):
    @app.get("/buffered")
    def buffered():
        headers = {"X-Accel-Buffering": "yes"}
        return streaming.stream_template("page.html", numbers=[1], title=str), headers

    assert client.get("/buffered").headers["X-Accel-Buffering"] == "yes"


@pytest.mark.parametrize(
    ("numbers", "has_length"), [(3, True), (0, True), (len(MANY), False)], ids=str
)
@pytest.mark.parametrize("way", ["returned", "response", "stream_response"])
def test_a_page_that_is_there_as_a_whole_has_its_length(app, client, way, numbers, has_length):
    @app.get("/page")
    def page():
        source = "{% for n in range(numbers) %}é{% endfor %}"
        if way == "stream_response":
            template = app.jinja_env.from_string(source)
            return streaming.stream_response(template, {"numbers": numbers})
        body = streaming.stream_template_string(source, numbers=numbers)
        return flask.Response(body) if way == "response" else body

    response = client.get("/page")
    assert response.data == "é".encode() * numbers
    assert response.headers.get("Content-Length") == (str(2 * numbers) if has_length else None)
    assert ("Sec-Fetch-Dest" in response.headers.get("Vary", "")) is not has_length


@pytest.mark.parametrize("taken", [False, True])
def test_what_a_view_has_read_of_it_is_not_sent_again(app, client, taken):
    @app.get("/page")
    def page():
        body = streaming.stream_template_string("whole")
        if taken:
            assert next(body) == "whole"
            return flask.Response(body)
        return flask.Response(text.upper() for text in body)

    response = client.get("/page")
    assert response.text == ("" if taken else "WHOLE")
    assert "Content-Length" not in response.headers
