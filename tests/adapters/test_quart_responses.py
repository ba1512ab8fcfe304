"""streamtmpl.quart's response, its stream with a context, and Quart's own functions."""

from __future__ import annotations

import asyncio

import pytest

quart = pytest.importorskip("quart", reason="the extra 'quart' is not installed")


import streamtmpl.quart as streaming
from streamtmpl import UnknownBlockError, rechunk_async
from streamtmpl.environment import Streaming

from .quart_fixtures import MANY, PLAIN, get, make_app, make_ended  # noqa: F401 - fixtures


@pytest.mark.parametrize("way", ["generator", "decorator", "sync view"])
def test_stream_with_context(app, ended, way):
    async def generate():
        yield "Hello "
        await asyncio.sleep(0)
        yield quart.request.args["q"].encode()
        yield quart.g.user

    def view():
        quart.g.user = "Ann"
        if way == "generator":
            return streaming.stream_with_context(generate())
        return streaming.stream_with_context(generate)()

    async def async_view():
        return view()

    app.add_url_rule("/", view_func=view if way == "sync view" else async_view)
    _, text = asyncio.run(get(app, "/?q=x"))
    assert text == "Hello xAnn"
    assert ended.once()


def test_stream_with_context_needs_a_request():
    with pytest.raises(RuntimeError, match="request"):
        streaming.stream_with_context(rechunk_async([]))


def test_stream_with_context_refuses_what_is_not_async():
    with pytest.raises(TypeError, match="async iterable"):
        streaming.stream_with_context(["x"])  # type: ignore[call-overload]


def test_stream_response_has_status_headers_and_charset(app, ended):
    @app.get("/response")
    async def view():
        return await streaming.stream_response(
            "page.html",
            {"numbers": ["\u00e4"], "title": "\u00d6"},
            status=203,
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "yes"},
            content_type="text/plain; charset=latin-1",
        )

    async def ask():
        response = await app.test_client().get("/response")
        return response, await response.get_data()

    response, data = asyncio.run(ask())
    assert response.status_code == 203
    assert data == "<h1>\u00d6</h1>\u00e4".encode("latin-1")
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Accel-Buffering"] == "yes"
    assert response.headers["Content-Type"] == "text/plain; charset=latin-1"
    assert ended.once()


def test_stream_response_keeps_the_status_open_up_to_a_block(app):
    template = app.jinja_env.from_string(
        "{% for n in range(5000) %}{{ n }}{% endfor %}{% block body %}{{ stop() }}{% endblock %}"
    )

    @app.get("/committed")
    async def committed():
        return await streaming.stream_response(
            template, {"stop": lambda: quart.abort(404)}, commit_after="body"
        )

    @app.get("/unknown")
    async def unknown():
        with pytest.raises(UnknownBlockError):
            await streaming.stream_response(template, {"stop": str}, commit_after="bodi")
        return ""

    assert asyncio.run(get(app, "/committed"))[0].status_code == 404
    assert asyncio.run(get(app, "/unknown"))[0].status_code == 200


@pytest.mark.parametrize("source", [lambda: rechunk_async(["a", "b"]), lambda: iter([b"a", b"b"])])
def test_stream_response_takes_streams_and_iterables(app, ended, source):
    @app.get("/source")
    async def view():
        return await streaming.stream_response(source())

    assert asyncio.run(get(app, "/source"))[1] == "ab"
    assert ended.once()


def test_the_environment_streams_for_quart_s_own_functions_too(app):
    assert isinstance(app.jinja_env, Streaming)

    async def render():
        async with app.app_context():
            text = await quart.render_template("page.html", numbers=MANY)
            stream = await quart.stream_template("page.html", numbers=MANY)
            return text, [chunk async for chunk in stream]

    text, chunks = asyncio.run(render())
    assert "".join(chunks) == text
    assert 2 < len(chunks) < 10


def test_the_functions_work_without_the_extension():
    app = quart.Quart("plain")

    async def render():
        async with app.test_request_context("/"):
            stream = await streaming.stream_template_string("{{ request.path }}{{ x }}", x=1)
            return [chunk async for chunk in stream]

    assert asyncio.run(render()) == ["/1"]


@pytest.mark.parametrize(
    "make",
    [
        lambda: streaming.stream_response(None),
        lambda: streaming.stream_response(iter("a"), {"a": 1}),
        lambda: streaming.stream_response(PLAIN),
    ],
)
def test_a_stream_that_cannot_be_made_holds_nothing(app, ended, make):
    async def view():
        return await make()

    app.add_url_rule("/wrong", view_func=view, endpoint="wrong")
    app.config["PROPAGATE_EXCEPTIONS"] = False
    response, _ = asyncio.run(get(app, "/wrong"))
    assert response.status_code == 500
    assert len(ended.events) == 2
