"""Deferred regions in Flask: configuration, contexts in threads, teardown, the patch script."""

from __future__ import annotations

import asyncio
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

flask = pytest.importorskip("flask", reason="the extra 'flask' is not installed")

from jinja2 import DictLoader

import streamtmpl.flask as streaming
from streamtmpl.regions.patch_script import PATCH_SCRIPT, PATCH_SCRIPT_HASH

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
    document, _, patches = text.partition("<p>end</p>")
    expected = [f'<template for="{n}">{text}</template>\n' for n, text in enumerate(contents, 1)]
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
    """What the teardown functions have seen."""
    ended: list[tuple[str, object]] = []
    app.teardown_request(lambda error: ended.append(("request", error and type(error))))
    app.teardown_appcontext(lambda error: ended.append(("app", error and type(error))))
    return ended


@pytest.fixture(name="client")
def make_client(app):
    return app.test_client()


# Configuration


@pytest.mark.parametrize("extension", [False, True])
def test_regions_follow_the_document_unless_configured(app, client, extension):
    if extension:
        streaming.StreamTemplates(app)
    text = client.get("/").text
    assert patched(text, "content") == '<body><h1>top</h1><?start name="1">wait<?end>'


def test_all_streams_may_be_in_order(app, client):
    app.config["STREAMTMPL_DEFERRED"] = "in-order"
    assert client.get("/").text == IN_ORDER


def test_a_function_chooses_by_request_once_for_each_stream(app, client):
    asked = []

    def choose(request):
        assert request is flask.request._get_current_object()
        asked.append(request.user_agent.string)
        return "in-order" if "bot" in request.user_agent.string else "patch"

    app.config["STREAMTMPL_DEFERRED"] = choose
    streaming.StreamTemplates(app)
    assert client.get("/", headers={"User-Agent": "a bot"}).text == IN_ORDER
    patched(client.get("/", headers={"User-Agent": "a browser"}).text, "content")
    assert asked == ["a bot", "a browser"]


def test_the_configuration_may_come_after_the_extension(app, client):
    streaming.StreamTemplates(app)
    app.config["STREAMTMPL_DEFERRED"] = "in-order"
    app.config["STREAMTMPL_PATCH_SCRIPT"] = "/patch.js"
    app.config["STREAMTMPL_MAX_DEFERRED"] = 3
    assert client.get("/").text == IN_ORDER
    assert (app.jinja_env.patch_script, app.jinja_env.max_deferred) == ("/patch.js", 3)


def test_the_nonce_is_the_request_s(app, client):
    app.config["STREAMTMPL_NONCE"] = lambda request: request.args.get("nonce")
    with_nonce = f'<script nonce="n&#34;1">{PATCH_SCRIPT}</script>'
    patched(client.get('/?nonce=n"1').text, "content", script=with_nonce)
    patched(client.get("/").text, "content")


@pytest.mark.parametrize("made", [False, True])
@pytest.mark.parametrize(
    ("script", "element"),
    [
        ("/patch.js", '<script src="/patch.js" async></script>'),
        (None, ""),
        ("inline", SCRIPT),
    ],
)
def test_the_script_is_brought_as_configured(app, client, made, script, element):
    app.config["STREAMTMPL_PATCH_SCRIPT"] = script
    if made:
        app.jinja_env.filters["f"] = str  # now it has been made
    streaming.StreamTemplates(app)
    patched(client.get("/").text, "content", script=element)


@pytest.mark.parametrize("configured", [False, True])
def test_what_is_set_on_the_environment_stays(app, configured):
    if configured:
        app.config["STREAMTMPL_PATCH_SCRIPT"] = "/configured.js"
        app.config["STREAMTMPL_MAX_DEFERRED"] = 7
    app.jinja_env.patch_script = "/mine.js"
    streaming.StreamTemplates(app)
    assert app.jinja_env.patch_script == "/mine.js"
    assert app.jinja_env.max_deferred == (7 if configured else 10)


def test_no_more_regions_run_at_once_than_configured(app, client, executor):
    app.config["STREAMTMPL_EXECUTOR"] = executor
    app.config["STREAMTMPL_MAX_DEFERRED"] = 1
    running: list[int] = []
    most: list[int] = []

    def work(n):
        running.append(n)
        most.append(len(running))
        running.remove(n)
        return n

    source = "<body>{% for n in range(20) %}{% defer %}{{ work(n) }}{% enddefer %}{% endfor %}"
    app.add_url_rule("/many", view_func=lambda: streaming.stream_template_string(source, work=work))
    assert client.get("/many").text.count("<template for=") == 20
    assert set(most) == {1}


WRONG = pytest.mark.parametrize(
    ("key", "value", "error"),
    [
        ("DEFERRED", "patches", ValueError),
        ("DEFERRED", None, ValueError),
        ("NONCE", "fixed", TypeError),
        ("EXECUTOR", 4, TypeError),
        ("PATCH_SCRIPT", "", ValueError),
        ("PATCH_SCRIPT", True, TypeError),
        ("MAX_DEFERRED", 0, ValueError),
        ("MAX_DEFERRED", "10", TypeError),
        ("MAX_DEFERRED", True, TypeError),
    ],
)


@WRONG
def test_a_wrong_configuration_is_refused_at_once_with_its_key(app, key, value, error):
    app.config[f"STREAMTMPL_{key}"] = value
    with pytest.raises(error, match=f"STREAMTMPL_{key} .*{value!r}"):
        streaming.StreamTemplates(app)


@WRONG
def test_one_that_is_wrong_later_is_refused_by_the_first_stream(app, key, value, error):
    streaming.StreamTemplates(app)
    app.config[f"STREAMTMPL_{key}"] = value
    with pytest.raises(error, match=f"STREAMTMPL_{key} .*{value!r}"):
        use(app)


def use(app: Any) -> None:
    with app.test_request_context():
        streaming.stream_template("page.html", region=str)


async def later(request):
    raise AssertionError("it is not to be called")


@pytest.mark.parametrize("key", ["STREAMTMPL_DEFERRED", "STREAMTMPL_NONCE"])
def test_async_functions_are_refused(app, key):
    app.config[key] = later
    with pytest.raises(TypeError, match=f"{key} .*async"):
        streaming.StreamTemplates(app)


@pytest.mark.parametrize(
    ("key", "value", "error"),
    [
        ("STREAMTMPL_DEFERRED", None, ValueError),
        ("STREAMTMPL_DEFERRED", "order", ValueError),
        ("STREAMTMPL_NONCE", b"nonce", TypeError),
    ],
)
def test_what_a_function_returns_is_checked(app, ended, key, value, error):
    app.config[key] = lambda request: value
    with pytest.raises(error, match=f"the function in {key} must return .*, not {value!r}"):
        use(app)
    assert len(ended) == 2


def test_outside_of_a_request_functions_are_not_called(app):
    def fails(request):
        raise AssertionError("there is no request")

    app.config["STREAMTMPL_DEFERRED"] = app.config["STREAMTMPL_NONCE"] = fails
    with app.app_context():
        text = "".join(streaming.stream_template_string(PAGE, region=lambda: "content"))
        patched(text, "content")
        app.config["STREAMTMPL_DEFERRED"] = "in-order"
        assert "".join(streaming.stream_template_string(PAGE, region=lambda: "content")) == IN_ORDER


# stream_response


def test_a_response_may_say_other_than_the_configuration(app, client, executor):
    app.config["STREAMTMPL_DEFERRED"] = lambda request: "in-order"
    app.config["STREAMTMPL_NONCE"] = lambda request: "configured"
    threads = set()

    def region():
        threads.add(threading.get_ident())
        return "content"

    @app.get("/response")
    def response():
        own = {"deferred": "patch", "nonce": "own", "executor": executor}
        arguments = own if flask.request.args else {}
        return streaming.stream_response("page.html", {"region": region}, **arguments)

    assert client.get("/response").text == IN_ORDER
    assert threads == {threading.get_ident()}
    threads.clear()
    script = f'<script nonce="own">{PATCH_SCRIPT}</script>'
    patched(client.get("/response?own=1").text, "content", script=script)
    assert threads
    assert threading.get_ident() not in threads


@pytest.mark.parametrize("name", ["deferred", "nonce", "executor"])
def test_these_arguments_go_with_a_template(app, ended, name):
    arguments: dict[str, Any] = {name: "patch"}
    with app.test_request_context(), pytest.raises(TypeError, match=f"{name} goes with a template"):
        streaming.stream_response(iter("ab"), **arguments)
    assert ended == [("request", None), ("app", None)]


def test_an_unknown_mode_is_refused(app, ended):
    with app.test_request_context(), pytest.raises(ValueError, match="'later'"):
        streaming.stream_response("page.html", deferred="later")
    assert ended == [("request", None), ("app", None)]


# The request in regions


@pytest.mark.parametrize("kind", ["one after the other", "threads", "async"])
def test_everything_of_the_request_is_there_in_a_region(app, client, ended, executor, kind):
    threads: set[int] = set()
    if kind == "threads":
        app.config["STREAMTMPL_EXECUTOR"] = executor
    if kind == "async":
        app.jinja_options = {"enable_async": True}

    @app.context_processor
    def processed():
        return {"note": threads.add, "thread": threading.get_ident}

    source = (
        "<body>{% for n in (1, 2, 3) %}{% defer %}{% set _ = note(thread()) %}"
        "{{ n }} {{ request.args.q }} {{ session.user }} {{ g.user }}"
        " {{ config.APPLICATION_ROOT }} {{ url_for('regions') }} {{ current_app.name }}"
        " {{ get_flashed_messages() | join }}{% enddefer %}{% endfor %}"
        "<p>end</p></body>"
    )

    @app.get("/regions")
    def regions():
        flask.g.user = "Ann"
        flask.session["user"] = "Bo"
        flask.flash("Saved.")
        flask.get_flashed_messages()
        return streaming.stream_template_string(source, current_app=flask.current_app)

    text = client.get("/regions?q=asked").text
    for n in (1, 2, 3):
        assert f">{n} asked Bo Ann / /regions app Saved.</template>" in text
    assert (threading.get_ident() in threads) is (kind != "threads")
    assert ended == [("request", None), ("app", None)]
    assert not flask.has_request_context()
    assert not flask.has_app_context()


def test_teardown_runs_once_after_the_last_region(app, client, ended, executor):
    app.config["STREAMTMPL_EXECUTOR"] = executor
    both_run = threading.Barrier(2, timeout=HANGS)
    gate = threading.Event()

    def slow():
        both_run.wait()
        assert gate.wait(HANGS)
        assert ended == []
        return "slow"

    def quick():
        both_run.wait()
        return "quick"

    @app.get("/two")
    def two():
        source = (
            "<body>{% defer %}{{ slow() }}{% enddefer %}{% defer %}{{ quick() }}{% enddefer %}"
            "<p>end</p></body>"
        )
        return streaming.stream_template_string(source, slow=slow, quick=quick)

    response = client.get("/two", buffered=False)
    chunks = iter(response.response)
    text = next(chunks) + next(chunks)
    assert b"<p>end</p>" in text  # the document, while both run
    while b">quick</template>" not in text:
        text += next(chunks)
    assert b"slow" not in text
    assert ended == []
    gate.set()
    text += b"".join(chunks)
    assert b">slow</template>" in text
    assert ended == [("request", None), ("app", None)]
    response.close()


def test_an_error_in_a_region_is_none_of_the_response(app, client, ended, caplog):
    def fails():
        raise LookupError("lost")

    app.add_url_rule(
        "/fails", view_func=lambda: streaming.stream_template("page.html", region=fails)
    )
    response = client.get("/fails")
    assert response.status_code == 200
    patched(response.text, "no lost")
    assert ended == [("request", None), ("app", None)]
    assert caplog.records == []


@pytest.mark.parametrize("kind", ["one after the other", "threads"])
def test_a_session_modified_in_a_region_warns(app, client, executor, kind):
    if kind == "threads":
        app.config["STREAMTMPL_EXECUTOR"] = executor

    @app.get("/session")
    def session():
        return streaming.stream_template("session.html")

    with pytest.warns(streaming.LateSessionWarning, match="session.html, line 2"):
        assert ">done</template>" in client.get("/session", buffered=True).text


def test_a_region_that_has_not_begun_when_the_stream_is_closed_does_not(
    app, client, ended, executor
):
    app.config["STREAMTMPL_EXECUTOR"] = executor
    app.config["STREAMTMPL_MAX_DEFERRED"] = 2
    begun: list[int] = []
    ran: list[str] = []
    two_run = threading.Barrier(3, timeout=HANGS)
    gate = threading.Event()

    def begin(n):
        begun.append(n)
        two_run.wait()
        assert gate.wait(HANGS)
        return ""

    def numbers():
        try:
            while True:
                yield "x" * 20_000
        finally:
            ran.append(flask.request.path)

    @app.get("/closed")
    def closed():
        source = (
            "<body>{% for n in range(9) %}{% defer %}{{ begin(n) }}"
            "{% for x in numbers() %}{{ x }}{% endfor %}{% enddefer %}{% endfor %}</body>"
        )
        return streaming.stream_template_string(source, begin=begin, numbers=numbers)

    response = client.get("/closed", buffered=False)
    chunks = iter(response.response)
    assert next(chunks) == b"<body>"
    assert b"<?end>" in next(chunks)  # all of the document
    two_run.wait()
    response.close()
    assert ended == [("request", GeneratorExit), ("app", GeneratorExit)]
    gate.set()
    executor.shutdown()  # those that ran end at their next boundary, though they are endless
    assert begun == [0, 1]
    assert ran == ["/closed", "/closed"]
    assert len(ended) == 2


def test_regions_of_an_async_template_are_cancelled_when_the_stream_is_closed(app, client, ended):
    app.jinja_options = {"enable_async": True}
    cancelled: list[Any] = []

    async def wait():
        try:
            await asyncio.sleep(HANGS)
        finally:
            cancelled.append((flask.request.path, flask.g.user, len(ended)))

    @app.get("/closed")
    def closed():
        flask.g.user = "Ann"
        source = "<body>{% defer %}{{ wait() }}{% enddefer %}{% defer %}quick{% enddefer %}</body>"
        return streaming.stream_template_string(source, wait=wait)

    response = client.get("/closed", buffered=False)
    chunks = iter(response.response)
    while b">quick</template>" not in next(chunks):
        assert cancelled == []
    response.close()
    assert cancelled == [("/closed", "Ann", 0)]
    assert ended == [("request", GeneratorExit), ("app", GeneratorExit)]


def test_a_head_request_begins_no_region(app, client, ended):
    begun = []
    view = lambda: streaming.stream_template("page.html", region=lambda: begun.append(1))  # noqa: E731
    app.add_url_rule("/head", view_func=view)
    assert client.head("/head").status_code == 200
    assert begun == []
    assert ended == [("request", None), ("app", None)]


@pytest.mark.parametrize("is_async", [False, True])
def test_flask_s_own_functions_render_in_order(app, is_async):
    app.jinja_options = {"enable_async": is_async}
    streaming.StreamTemplates(app)
    with app.test_request_context():
        assert flask.render_template("page.html", region=lambda: "content") == IN_ORDER
        chunks = flask.stream_template("page.html", region=lambda: "content")
        assert "".join(chunks) == IN_ORDER


# The patch script


@pytest.fixture(name="served")
def make_served(app):
    app.add_url_rule("/patch.js", view_func=streaming.patch_script)


def test_the_script_is_served(client, served):
    response = client.get("/patch.js")
    assert response.status_code == 200
    assert response.text == PATCH_SCRIPT
    assert response.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert response.headers["Cache-Control"] == "public, max-age=86400"
    assert response.headers["ETag"] == f'"{PATCH_SCRIPT_HASH}"'
    assert response.headers["Content-Length"] == str(len(PATCH_SCRIPT))


@pytest.mark.parametrize("tag", [f'"{PATCH_SCRIPT_HASH}"', f'"a", W/"{PATCH_SCRIPT_HASH}"', "*"])
def test_a_browser_that_has_it_is_told_so(client, served, tag):
    response = client.get("/patch.js", headers={"If-None-Match": tag})
    assert (response.status_code, response.data) == (304, b"")
    assert response.headers["ETag"] == f'"{PATCH_SCRIPT_HASH}"'
    assert response.headers["Cache-Control"] == "public, max-age=86400"


def test_a_browser_that_has_another_one_gets_it(client, served):
    response = client.get("/patch.js", headers={"If-None-Match": '"another"'})
    assert (response.status_code, response.text) == (200, PATCH_SCRIPT)


def test_the_script_s_head(client, served):
    response = client.head("/patch.js")
    assert (response.status_code, response.data) == (200, b"")
    assert response.headers["Content-Length"] == str(len(PATCH_SCRIPT))
