"""streamtmpl.quart in Quart's own test client: contexts, teardown, errors, sessions, signals."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

quart = pytest.importorskip("quart", reason="the extra 'quart' is not installed")

from jinja2 import DictLoader, Environment

import streamtmpl.quart as streaming
from streamtmpl import UnknownBlockError, rechunk_async
from streamtmpl.environment import Streaming
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


def test_everything_of_the_request_is_there_in_the_last_line(app, ended):
    response, text = asyncio.run(get(app, "/numbers?q=asked"))
    assert text.splitlines()[1] == "asked Bo Ann configured processed /numbers"
    assert response.headers["X-Accel-Buffering"] == "no"
    assert ended.once()
    assert ended.users == {"Ann"}  # the very g of the view


def test_streams_at_the_same_time_see_their_own_request(app, ended):
    async def ask_all():
        return await asyncio.gather(*[get(app, f"/numbers?q=user{n}") for n in range(20)])

    for n, (_, text) in enumerate(asyncio.run(ask_all())):
        assert text.splitlines()[1].startswith(f"user{n} ")
    assert len(ended.events) == 40


def test_a_client_that_disconnects_ends_the_stream_and_what_it_iterates(app, ended):
    events = ended.events

    async def rows() -> AsyncIterator[int]:
        try:
            for n in range(1_000_000):
                yield n
        finally:
            await asyncio.sleep(0)
            events.append(("rows", quart.g.user))

    @app.get("/rows")
    async def view():
        quart.g.user = "Ann"
        return await streaming.stream_template("page.html", numbers=rows())

    async def disconnect():
        async with app.test_client().request("/rows") as connection:
            await connection.send_complete()
            while len(await connection.receive()) < 1000:
                pass
            assert events == []
            await connection.disconnect()

    asyncio.run(disconnect())
    assert events[0] == ("rows", "Ann")
    assert [which for which, _ in events] == ["rows", "request", "app"]
    assert events[1][1] in (asyncio.CancelledError, GeneratorExit)


def test_a_stream_that_is_dropped_is_torn_down(app, ended):
    async def drop():
        async with app.test_request_context("/"):
            stream: Any = await streaming.stream_template("numbers.html", numbers=MANY)
            await stream.__anext__()
        assert ended.events == []
        del stream
        gc.collect()
        for _ in range(100):
            await asyncio.sleep(0)

    asyncio.run(drop())
    assert ended.once(GeneratorExit)


def test_teardown_gets_the_error_of_the_template(app, ended):
    async def read():
        async with app.test_client().request("/fails") as connection:
            await connection.send_complete()
            while not ended.events:
                await asyncio.sleep(0.01)

    with pytest.raises(Exception) as failure:  # noqa: PT011 - from 0.23 on, in a group
        asyncio.run(read())
    error: Any = failure.value
    while type(error).__name__ == "ExceptionGroup":
        (error,) = error.exceptions
    assert isinstance(error, ZeroDivisionError)
    assert ended.once(ZeroDivisionError)


def test_head_renders_nothing(app, ended):
    rendered = []

    @app.get("/watched")
    async def watched():
        return await streaming.stream_template_string("{{ saw() }}", saw=lambda: rendered.append(1))

    response, text = asyncio.run(get(app, "/watched", "HEAD"))
    assert (response.status_code, text, rendered) == (200, "", [])
    assert ended.once()


@pytest.mark.parametrize("abort", [False, True])
def test_a_view_that_fails_with_a_stream_in_hand_is_torn_down_at_once(app, ended, abort):
    @app.get("/view-fails")
    async def view_fails():
        stream = await streaming.stream_template("numbers.html", numbers=MANY)
        if abort:
            quart.abort(404, stream)
        raise LookupError(stream)

    async def ask():
        gc.disable()
        try:
            response = await app.test_client().get("/view-fails")
            assert ended.once()
            return response.status_code
        finally:
            gc.enable()

    assert asyncio.run(ask()) == (404 if abort else 500)


def test_an_error_before_the_first_chunk_is_quart_s_to_handle(app, ended):
    @app.errorhandler(ZeroDivisionError)
    async def divided(error):
        return "no such number", 422

    response, text = asyncio.run(get(app, "/fails?n=0"))
    assert (response.status_code, text) == (422, "no such number")
    assert ended.once()


def test_a_session_modified_in_the_first_chunk_is_saved(app):
    @app.get("/session")
    async def session_view():
        return await streaming.stream_template("session.html", numbers=[])

    response, _ = asyncio.run(get(app, "/session"))
    assert "session=" in response.headers["Set-Cookie"]


def test_a_session_modified_later_warns_with_template_and_line(app):
    @app.get("/session")
    async def session_view():
        return await streaming.stream_template("session.html", numbers=MANY)

    with pytest.warns(streaming.LateSessionWarning, match="session.html, line 3"):
        asyncio.run(get(app, "/session"))


def test_shared_caches_keep_a_page_by_cookie_although_it_reads_the_session_late(app):
    @app.get("/session")
    async def session_view():
        source = "{% for n in numbers %}<p>{{ n }}</p>{% endfor %}{{ session.get('user') }}"
        return await streaming.stream_template_string(source, numbers=MANY)

    response, _ = asyncio.run(get(app, "/session"))
    assert "cookie" in response.vary


def test_signals_are_quart_s_and_the_second_comes_when_the_stream_is_complete(app):
    seen: list[tuple] = []

    async def before(sender, template, context, **extra):
        seen.append(("before", template.name))

    async def rendered(sender, template, context, **extra):
        seen.append(("rendered", template.name, quart.g.user))

    async def ask():
        async with app.test_client().request("/numbers") as connection:
            await connection.send_complete()
            await connection.receive()
            assert seen == [("before", "numbers.html")]
            while ("rendered", "numbers.html", "Ann") not in seen:
                await connection.receive()

    with (
        quart.before_render_template.connected_to(before, app),
        quart.template_rendered.connected_to(rendered, app),
    ):
        asyncio.run(ask())
    assert len(seen) == 2


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


def test_quart_s_contexts_are_as_the_hold_knows_them():
    app = quart.Quart("contexts")

    async def look():
        async with app.test_request_context("/") as request_context:
            app_context: Any = quart.globals.app_ctx._get_current_object()
            if VERSION >= (0, 23):
                assert app_context is request_context
                assert app_context._cv_token.var is quart.globals._cv_app
                assert app_context._push_count == 1
                return
            ((token, pushed),) = request_context._cv_tokens
            assert token.var is vars(quart.globals)["_cv_request"]
            assert pushed is app_context
            (token,) = app_context._cv_tokens
            assert token.var is quart.globals._cv_app
            async with app_context:
                assert app_context._cv_tokens[0] is token  # a push is put at the end
            assert app_context._cv_tokens == [token]  # and a pop takes it from there
            assert hasattr(request_context.session, "on_update")

    asyncio.run(look())


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
