"""Deferred regions in Flask: what the configuration says, and the view of the patch script."""

from __future__ import annotations

from typing import Any

import pytest

flask = pytest.importorskip("flask", reason="the extra 'flask' is not installed")


import streamtmpl.flask as streaming
from streamtmpl.regions.patch_script import PATCH_SCRIPT, PATCH_SCRIPT_HASH
from tests.support.navigations import NAVIGATION

from .deferred_page import IN_ORDER, PAGE, SCRIPT, patched
from .flask_deferred_fixtures import make_app, make_client, make_ended, make_executor  # noqa: F401 - fixtures

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


def test_what_waiting_readers_get_is_configured(app, client):
    app.config["STREAMTMPL_KEEP_ALIVE"] = 2
    app.config["STREAMTMPL_LOST_TEXT"] = "It's lost"
    streaming.StreamTemplates(app)
    page = client.get("/").text
    assert ' data-z="It&#39;s lost">' in page
    assert app.jinja_env.keep_alive == 2


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
        ("KEEP_ALIVE", -1, ValueError),
        ("KEEP_ALIVE", "15", TypeError),
        ("KEEP_ALIVE", None, TypeError),
        ("OBSERVE", "a function", TypeError),
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
    with app.test_request_context(headers=NAVIGATION):
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
        assert "".join(streaming.stream_template_string(PAGE, region=lambda: "content")) == IN_ORDER
        app.config.update(STREAMTMPL_DEFERRED="patch")
        text = "".join(streaming.stream_template_string(PAGE, region=lambda: "content"))
        patched(text, "content")


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
