"""``observe=`` and ``Server-Timing`` in every adapter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from wsgiref.util import setup_testing_defaults

import jinja2
import pytest

from streamtmpl import rechunk
from streamtmpl.asgi import StreamResponse as ASGIResponse
from streamtmpl.observing import Chunk, StreamClosed, StreamStarted
from streamtmpl.wsgi import StreamResponse as WSGIResponse
from tests.observing.observers import Noted
from tests.support.clocks import Clock, replaced_clock

from .answers import (
    NAME,
    Answering,
    environment,
    every_adapter,
    from_aiohttp,
    from_asgi,
    from_flask,
    from_litestar,
    from_starlette,
    from_wsgi,
)

METRIC = re.compile(r'([\w-]+);dur=(\d+\.\d)(?:;desc="((?:[^"\\]|\\.)*)")?')


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return replaced_clock(monkeypatch)


def rows(clock: Clock) -> Iterator[str]:
    clock.now += 0.25
    yield "<b>"


@every_adapter
def test_the_observer_of_a_response(answer: Answering) -> None:
    noted = Noted()
    _, headers, text = answer(environment(), {"rows": "ab"}, observe=noted)
    assert "server-timing" not in headers
    assert noted.one(StreamStarted).template == NAME
    assert noted.one(StreamClosed).outcome == "complete"
    assert sum(event.bytes or event.characters for event in noted.of(Chunk)) == len(text)


@every_adapter
@pytest.mark.parametrize("server_timing", [False, True])
def test_the_observer_of_the_environment(answer: Answering, server_timing: bool) -> None:
    noted = Noted()
    env = environment(observe=noted, server_timing=server_timing)
    _, headers, _ = answer(env, {"rows": "ab"})
    assert noted.one(StreamClosed).outcome == "complete"
    assert ("server-timing" in headers) == server_timing
    noted.clear()
    answer(env, {"rows": "ab"}, method="HEAD")
    assert noted == []


@every_adapter
def test_server_timing(answer: Answering, clock: Clock) -> None:
    """It says what is known at the commit: nothing of what comes behind the first chunk."""
    env = environment(server_timing=True)
    block = "{% block top %}{% for row in rows %}{{ row }}{% endfor %}{% endblock %}"
    rest = "{% for n in range(900) %}<p>{{ n }}</p>{% endfor %}"
    late = "{% for row in late %}{{ row }}{% endfor %}"
    env.loader = jinja2.DictLoader({NAME: f"{block}{rest}\n{late}"})
    context = {"rows": rows(clock), "late": rows(clock)}
    _, headers, text = answer(env, context, commit_after="top")
    assert text.startswith("&lt;b&gt;")
    assert text.endswith("\n&lt;b&gt;")
    metrics = METRIC.findall(headers["server-timing"])
    assert (
        ", ".join(each[0] for each in METRIC.finditer(headers["server-timing"]))
        == (headers["server-timing"])
    )
    assert metrics == [("first-chunk", "250.0", ""), ("source", "250.0", r"pa\"ge.html:1")]


@every_adapter
def test_no_head_has_a_timing_where_nothing_is_rendered(answer: Answering) -> None:
    _, headers, _ = answer(environment(server_timing=True), {"rows": "ab"}, method="HEAD")
    assert "server-timing" not in headers


@pytest.mark.parametrize("answer", [from_wsgi, from_asgi, from_flask, from_aiohttp])
def test_what_the_application_says_in_the_header_stays(answer: Answering) -> None:
    _, headers, _ = answer(
        environment(server_timing=True), {"rows": "ab"}, headers={"Server-Timing": "db;dur=5"}
    )
    assert headers["server-timing"].startswith("db;dur=5, first-chunk;dur=")


def test_the_observer_of_an_iterable() -> None:
    noted = Noted()
    environ: dict[str, Any] = {}
    setup_testing_defaults(environ)
    response = WSGIResponse(iter(["a", "b"]), observe=noted)
    assert b"".join(response(environ, lambda *head: None)) == b"ab"  # type: ignore[arg-type]
    assert noted.one(StreamClosed).outcome == "complete"


@pytest.mark.parametrize("kind", [WSGIResponse, ASGIResponse])
def test_a_stream_is_observed_where_it_is_made(kind: Any) -> None:
    with pytest.raises(TypeError, match="observe: <ChunkStream open> has been made already"):
        kind(rechunk(["a"]), observe=Noted())


def test_an_observer_in_the_configuration_that_is_none() -> None:
    flask = pytest.importorskip("flask", reason="the extra 'flask' is not installed")
    import streamtmpl.flask as streaming  # noqa: PLC0415

    app = flask.Flask("app")
    app.config["STREAMTMPL_OBSERVE"] = "not a function"
    with pytest.raises(TypeError, match="STREAMTMPL_OBSERVE must be a function"):
        streaming.StreamTemplates(app)


def test_parts_of_events_are_streams() -> None:
    from streamtmpl.events import Event, event_stream  # noqa: PLC0415

    noted = Noted()
    env = environment(observe=noted)
    env.loader = jinja2.DictLoader(
        {NAME: "{% block a %}<p>{% endblock %}{% block b %}{% endblock %}"}
    )
    stream = event_stream([Event((env.get_template(NAME), {}, "a"))], keep_alive=None)
    assert b"data: <p>\n" in b"".join(stream)
    assert noted.one(StreamStarted).blocks == ("a",)
    assert noted.one(StreamClosed).outcome == "complete"


def test_the_observer_of_starlettes_templates() -> None:
    starlette = pytest.importorskip("streamtmpl.starlette")
    noted = Noted()
    templates = starlette.StreamTemplates(env=environment(), observe=noted)
    assert templates.env.observe is noted
    from_starlette(templates.env, {"rows": "ab"})
    assert noted.one(StreamClosed).outcome == "complete"


def test_the_observer_of_litestars_engine() -> None:
    pytest.importorskip("litestar", reason="the extra 'litestar' is not installed")
    from streamtmpl.litestar import StreamTemplateEngine  # noqa: PLC0415

    noted = Noted()
    env = environment()
    assert StreamTemplateEngine(engine_instance=env, observe=noted).engine is env
    from_litestar(env, {"rows": "ab"})
    assert noted.one(StreamClosed).outcome == "complete"


def test_in_flask_an_async_template_begins_after_its_head() -> None:
    flask = pytest.importorskip("flask", reason="the extra 'flask' is not installed")
    from streamtmpl.flask import stream_template  # noqa: PLC0415

    noted = Noted()
    app = flask.Flask("app")
    app.jinja_options = {"enable_async": True}
    app.jinja_loader = environment().loader
    app.config.update(STREAMTMPL_SERVER_TIMING=True, STREAMTMPL_OBSERVE=noted)
    app.add_url_rule("/", "page", lambda: stream_template(NAME, rows="ab"))
    response = app.test_client().get("/")
    assert response.text.startswith("ab<p>")
    assert "Server-Timing" not in response.headers
    assert noted.one(StreamClosed).outcome == "complete"
