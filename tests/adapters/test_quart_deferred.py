"""Deferred regions in Quart: configuration, contexts in tasks, teardown, the patch script."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

quart = pytest.importorskip("quart", reason="the extra 'quart' is not installed")

from jinja2 import DictLoader

import streamtmpl.quart as streaming
from streamtmpl import StreamEnvironment
from streamtmpl.regions.patch_script import PATCH_SCRIPT, PATCH_SCRIPT_HASH
from tests.support.navigations import NAVIGATION

from .deferred_page import DOCUMENT, HANGS, IN_ORDER, PAGE, TEMPLATES, patched


@pytest.fixture(name="app")
def make_app():
    app = quart.Quart("app")
    app.secret_key = "secret"
    app.jinja_loader = DictLoader(TEMPLATES)

    @app.get("/")
    async def page():
        return await streaming.stream_template("page.html", region=lambda: "content")

    return app


@pytest.fixture(name="ended")
def make_ended(app):
    """What the teardown functions have seen."""
    ended: list[tuple[str, object]] = []

    @app.teardown_request
    async def request_ended(error):
        await asyncio.sleep(0)
        ended.append(("request", error and type(error)))

    @app.teardown_appcontext
    async def app_ended(error):
        ended.append(("app", error and type(error)))

    return ended


@pytest.fixture(name="executor")
def make_executor():
    with ThreadPoolExecutor(4) as executor:
        yield executor


async def fetch(app: Any, path: str, **arguments: Any) -> tuple[Any, str]:
    headers = {**NAVIGATION, **arguments.pop("headers", {})}
    response = await app.test_client().open(path, headers=headers, **arguments)
    return response, (await response.get_data()).decode()


def get(app: Any, path: str, **arguments: Any) -> str:
    return asyncio.run(fetch(app, path, **arguments))[1]


# Configuration


@pytest.mark.parametrize("extension", [False, True])
def test_regions_follow_the_document_unless_configured(app, extension):
    if extension:
        streaming.StreamTemplates(app)
    assert patched(get(app, "/"), "content") == DOCUMENT


def test_a_function_chooses_by_request(app):
    asked = []

    def choose(request):
        assert request is quart.request._get_current_object()
        asked.append(request.headers["User-Agent"])
        return "in-order" if "bot" in request.headers["User-Agent"] else "patch"

    app.config["STREAMTMPL_DEFERRED"] = choose
    streaming.StreamTemplates(app)
    assert get(app, "/", headers={"User-Agent": "a bot"}) == IN_ORDER
    assert patched(get(app, "/", headers={"User-Agent": "a browser"}), "content") == DOCUMENT
    assert asked == ["a bot", "a browser"]


def test_nonce_script_and_number_are_configured(app):
    app.config["STREAMTMPL_NONCE"] = lambda request: request.args["nonce"]
    app.config["STREAMTMPL_PATCH_SCRIPT"] = "/patch.js"
    app.config["STREAMTMPL_MAX_DEFERRED"] = 3
    app.config["STREAMTMPL_KEEP_ALIVE"] = 2
    script = '<script src="/patch.js" async nonce="n1"></script>'
    assert patched(get(app, "/?nonce=n1"), "content", script=script) == DOCUMENT
    assert (app.jinja_env.max_deferred, app.jinja_env.keep_alive) == (3, 2)


@pytest.mark.parametrize(
    ("key", "value", "error"),
    [("DEFERRED", "later", ValueError), ("NONCE", "n", TypeError), ("EXECUTOR", 1, TypeError)],
)
def test_a_wrong_configuration_is_refused_with_its_key(app, key, value, error):
    app.config[f"STREAMTMPL_{key}"] = value
    with pytest.raises(error, match=f"STREAMTMPL_{key} .*{value!r}"):
        streaming.StreamTemplates(app)


def test_async_functions_are_refused(app):
    async def choose(request):
        raise AssertionError("it is not to be called")

    app.config["STREAMTMPL_DEFERRED"] = choose
    with pytest.raises(TypeError, match=r"STREAMTMPL_DEFERRED .*async"):
        streaming.StreamTemplates(app)


def test_outside_of_a_request_functions_are_not_called(app):
    def fails(request):
        raise AssertionError("there is no request")

    async def text() -> str:
        async with app.app_context():
            stream = await streaming.stream_template_string(PAGE, region=lambda: "content")
            return "".join([chunk async for chunk in stream])

    app.config["STREAMTMPL_DEFERRED"] = app.config["STREAMTMPL_NONCE"] = fails
    assert asyncio.run(text()) == IN_ORDER
    app.config["STREAMTMPL_DEFERRED"] = "patch"
    assert patched(asyncio.run(text()), "content") == DOCUMENT


def test_a_response_may_say_other_than_the_configuration(app):
    app.config["STREAMTMPL_DEFERRED"] = lambda request: "in-order"
    app.config["STREAMTMPL_NONCE"] = lambda request: "configured"

    @app.get("/response")
    async def response():
        own = {"deferred": "patch", "nonce": "own"}
        arguments: dict[str, Any] = own if quart.request.args else {}
        context = {"region": lambda: "content"}
        return await streaming.stream_response("page.html", context, **arguments)

    assert get(app, "/response") == IN_ORDER
    script = f'<script nonce="own">{PATCH_SCRIPT}</script>'
    assert patched(get(app, "/response?own=1"), "content", script=script) == DOCUMENT


@pytest.mark.parametrize("name", ["deferred", "nonce", "executor"])
def test_these_arguments_go_with_a_template(app, ended, name):
    arguments: dict[str, Any] = {name: "patch"}

    async def make() -> None:
        async with app.test_request_context("/"):
            with pytest.raises(TypeError, match=f"{name} goes with a template"):
                await streaming.stream_response(iter("ab"), **arguments)

    asyncio.run(make())
    assert ended == [("request", None), ("app", None)]


# The request in regions


@pytest.mark.parametrize("kind", ["tasks", "one after the other", "threads"])
def test_everything_of_the_request_is_there_in_a_region(app, ended, executor, kind):
    threads: set[int] = set()
    # Quart's own environments are always async.
    environment = app.jinja_env if kind == "tasks" else StreamEnvironment()
    streaming.StreamTemplates(app)
    if kind == "threads":
        app.config["STREAMTMPL_EXECUTOR"] = executor

    @app.context_processor
    def processed():
        return {"note": threads.add, "thread": threading.get_ident}

    source = (
        "<body>{% for n in (1, 2, 3) %}{% defer %}{% set _ = note(thread()) %}"
        "{{ n }} {{ request.args.q }} {{ session.user }} {{ g.user }} {{ url_for('regions') }}"
        "{% enddefer %}{% endfor %}<p>end</p></body>"
    )

    @app.get("/regions")
    async def regions():
        quart.g.user = "Ann"
        quart.session["user"] = "Bo"
        context = {"url_for": quart.url_for}
        return await streaming.stream_response(environment.from_string(source), context)

    text = get(app, "/regions?q=asked")
    for n in (1, 2, 3):
        assert f">{n} asked Bo Ann /regions</template>" in text
    assert (threads == {threading.get_ident()}) is (kind == "tasks")
    assert ended == [("request", None), ("app", None)]


def test_teardown_runs_once_after_the_last_region(app, ended):
    gate = asyncio.Event()

    async def slow():
        await asyncio.wait_for(gate.wait(), HANGS)
        assert ended == []
        return "slow"

    @app.get("/two")
    async def two():
        return await streaming.stream_template("two.html", slow=slow, quick=lambda: "quick")

    async def read() -> bytes:
        async with app.test_client().request("/two", headers=NAVIGATION) as connection:
            await connection.send_complete()
            text = b""
            while b">quick</template>" not in text:
                text += await asyncio.wait_for(connection.receive(), HANGS)
            assert b"<p>end</p>" in text
            assert b"slow" not in text
            assert ended == []
            gate.set()
            while b"</body>" not in text:
                text += await asyncio.wait_for(connection.receive(), HANGS)
        return text

    assert b">slow</template>" in asyncio.run(read())
    assert ended == [("request", None), ("app", None)]


def test_a_client_that_disconnects_ends_the_regions(app, ended):
    app.config["STREAMTMPL_MAX_DEFERRED"] = 2
    events: list[Any] = []

    async def wait(n):
        events.append(("begun", n))
        try:
            await asyncio.sleep(HANGS)
        finally:
            await asyncio.sleep(0)
            events.append(("ended", n, quart.g.user, len(ended)))

    @app.get("/waits")
    async def waits():
        quart.g.user = "Ann"
        source = "<body>{% for n in range(5) %}{% defer %}{{ wait(n) }}{% enddefer %}{% endfor %}"
        return await streaming.stream_template_string(source, wait=wait)

    async def disconnect() -> None:
        async with app.test_client().request("/waits", headers=NAVIGATION) as connection:
            await connection.send_complete()
            while len(events) < 2:
                await asyncio.wait_for(connection.receive(), HANGS)
            await connection.disconnect()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(disconnect())
    assert sorted(events) == [
        *(("begun", n) for n in (0, 1)),
        *(("ended", n, "Ann", 0) for n in (0, 1)),
    ]
    assert [which for which, _ in ended] == ["request", "app"]
    assert all(error in (asyncio.CancelledError, GeneratorExit) for _, error in ended)


def test_an_error_in_a_region_is_none_of_the_response(app, ended):
    async def fails():
        raise LookupError("lost")

    @app.get("/fails")
    async def view():
        return await streaming.stream_template("page.html", region=fails)

    response, text = asyncio.run(fetch(app, "/fails"))
    assert response.status_code == 200
    assert patched(text, "no lost") == DOCUMENT
    assert ended == [("request", None), ("app", None)]


def test_a_session_modified_in_a_region_warns(app):
    @app.get("/session")
    async def session():
        return await streaming.stream_template("session.html")

    with pytest.warns(streaming.LateSessionWarning, match="session.html, line 2"):
        assert ">done</template>" in get(app, "/session")


def test_a_head_request_begins_no_region(app, ended):
    begun = []

    @app.get("/head")
    async def head():
        return await streaming.stream_template("page.html", region=lambda: begun.append(1))

    assert get(app, "/head", method="HEAD") == ""
    assert begun == []
    assert ended == [("request", None), ("app", None)]


def test_quart_s_own_functions_render_in_order(app):
    streaming.StreamTemplates(app)

    async def render() -> tuple[str, str]:
        async with app.app_context():
            text = await quart.render_template("page.html", region=lambda: "content")
            stream = await quart.stream_template("page.html", region=lambda: "content")
            return text, "".join([chunk async for chunk in stream])

    assert asyncio.run(render()) == (IN_ORDER, IN_ORDER)


# The patch script


def script(app: Any, **arguments: Any) -> tuple[Any, str]:
    app.add_url_rule("/patch.js", view_func=streaming.patch_script)
    return asyncio.run(fetch(app, "/patch.js", **arguments))


def test_the_script_is_served(app):
    response, text = script(app)
    assert (response.status_code, text) == (200, PATCH_SCRIPT)
    assert response.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert response.headers["Cache-Control"] == "public, max-age=86400"
    assert response.headers["ETag"] == f'"{PATCH_SCRIPT_HASH}"'


@pytest.mark.parametrize("tag", [f'"{PATCH_SCRIPT_HASH}"', f'"a", W/"{PATCH_SCRIPT_HASH}"', "*"])
def test_a_browser_that_has_it_is_told_so(app, tag):
    response, text = script(app, headers={"If-None-Match": tag})
    assert (response.status_code, text) == (304, "")
    assert response.headers["ETag"] == f'"{PATCH_SCRIPT_HASH}"'
    assert response.headers["Cache-Control"] == "public, max-age=86400"


def test_a_browser_that_has_another_one_gets_it(app):
    response, text = script(app, headers={"If-None-Match": '"another"'})
    assert (response.status_code, text) == (200, PATCH_SCRIPT)


def test_the_script_s_head(app):
    response, _ = script(app, method="HEAD")
    assert response.status_code == 200
    assert response.headers["Content-Length"] == str(len(PATCH_SCRIPT))
