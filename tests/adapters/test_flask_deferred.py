"""Deferred regions in Flask: contexts in threads, sessions, teardown."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

flask = pytest.importorskip("flask", reason="the extra 'flask' is not installed")


import streamtmpl.flask as streaming
from streamtmpl.regions.patch_script import PATCH_SCRIPT

from .deferred_page import HANGS, IN_ORDER, patched
from .flask_deferred_fixtures import make_app, make_client, make_ended, make_executor  # noqa: F401 - fixtures

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
        streaming.stream_response("page.html", deferred="later")  # type: ignore[arg-type]
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
    regions_ended = [("region", None)] * 3 if kind == "threads" else []
    assert ended == [*regions_ended, ("request", None), ("app", None)]
    assert not flask.has_request_context()
    assert not flask.has_app_context()


def test_teardown_runs_once_after_the_last_region(app, client, ended, executor):
    app.config["STREAMTMPL_EXECUTOR"] = executor
    both_run = threading.Barrier(2, timeout=HANGS)
    gate = threading.Event()

    def slow():
        both_run.wait()
        assert gate.wait(HANGS)
        assert ended == [("region", None)]  # the quick one
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
    assert ended == [("region", None)]
    gate.set()
    text += b"".join(chunks)
    assert b">slow</template>" in text
    assert ended == [("region", None), ("region", None), ("request", None), ("app", None)]
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
    assert [record.name for record in caplog.records] == ["streamtmpl.handled"]


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
    assert ended[2:] == [("region", None)] * 2


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
