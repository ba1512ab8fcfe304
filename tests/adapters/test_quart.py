"""streamtmpl.quart in Quart's own test client: contexts, teardown, errors, sessions, signals."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from typing import Any

import pytest

quart = pytest.importorskip("quart", reason="the extra 'quart' is not installed")


import streamtmpl.quart as streaming
from streamtmpl.quart.supported import VERSION

from .quart_fixtures import MANY, PLAIN, get, make_app, make_ended  # noqa: F401 - fixtures


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


def test_a_whole_page_ends_with_its_request(app, ended):
    """What is of one chunk has its length; its contexts end once, as those of any response."""

    @app.get("/whole")
    async def whole():
        quart.g.user = "Ann"
        return await streaming.stream_template("page.html", title=request_path())

    def request_path():
        return quart.request.path if quart.session.get("seen") is None else "seen"

    async def main():
        response = await app.test_client().get("/whole")
        assert await response.get_data() == b"<h1>/whole</h1>"
        assert response.headers["Content-Length"] == "15"
        assert "Cookie" in response.headers["Vary"]  # it has read the session
        assert ended.once()
        assert ended.users == {"Ann"}

    asyncio.run(main())


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
