"""OpenTelemetry's instrumentation of Flask: the span of a request covers the stream."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import pytest

flask = pytest.importorskip("flask")
instrumentation: Any = pytest.importorskip("opentelemetry.instrumentation.flask")
sdk: Any = pytest.importorskip("opentelemetry.sdk.trace")
exporters: Any = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")

from opentelemetry import trace

import streamtmpl.flask as streaming

# What it asks Flask 3.2 for is on its way out there.
pytestmark = pytest.mark.filterwarnings("ignore:'request_ctx':DeprecationWarning")

Served = tuple[Any, Any, list[str]]


@pytest.fixture
def served() -> Iterator[Served]:
    """An application under OpenTelemetry, what it has exported, and what rows have seen."""
    exporter, provider = exporters.InMemorySpanExporter(), sdk.TracerProvider()
    provider.add_span_processor(sdk.export.SimpleSpanProcessor(exporter))
    app = flask.Flask("traced")
    events: list[str] = []

    def rows(count: int) -> Iterator[int]:
        for row in range(count):
            events.append("span" if trace.get_current_span().is_recording() else "none")
            yield row

    @app.get("/<int:count>")
    def page(count: int) -> Any:
        source = "{% for row in rows %}{{ row }}{% flush %}{% endfor %}"
        return streaming.stream_template_string(source, rows=rows(count))

    @app.get("/async/<int:count>")
    async def async_page(count: int) -> Any:
        return page(count)

    tool = instrumentation.FlaskInstrumentor()
    tool.instrument_app(app, tracer_provider=provider)
    try:
        yield app, exporter, events
    finally:
        tool.uninstrument_app(app)


@pytest.mark.parametrize("path", ["/3", "/async/3"])
def test_the_span_ends_once_and_with_the_stream(
    served: Served, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    app, exporter, events = served
    if path.startswith("/async"):
        pytest.importorskip("asgiref")
    for _ in range(2):
        response = app.test_client().get(path, buffered=False)
        chunks = response.iter_encoded()
        assert next(chunks) == b"0"
        assert exporter.get_finished_spans() == ()
        assert b"".join(chunks) == b"12"
        response.close()
        (span,) = exporter.get_finished_spans()
        assert span.attributes["http.status_code"] == 200
        assert span.attributes["http.route"] == path.replace("3", "<int:count>")
        assert events == ["span"] * 3
        assert not trace.get_current_span().is_recording()  # nothing stays in the server's thread
        exporter.clear()
        events.clear()
    assert [r for r in caplog.records if r.name.startswith("opentelemetry")] == []


def test_the_span_ends_when_the_client_leaves(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    app, exporter, _ = served
    response = app.test_client().get("/1000", buffered=False)
    chunks = response.iter_encoded()
    next(chunks)
    response.close()
    assert len(exporter.get_finished_spans()) == 1
    assert not trace.get_current_span().is_recording()
    assert [r for r in caplog.records if r.levelno >= logging.ERROR] == []


def test_the_span_ends_in_whatever_thread_the_stream_does(served: Served) -> None:
    app, exporter, events = served
    made: list[Any] = []
    serving = threading.Thread(
        target=lambda: made.append(app.test_client().get("/3", buffered=False))
    )
    serving.start()
    serving.join()
    assert b"".join(made[0].iter_encoded()) == b"012"
    made[0].close()
    assert len(exporter.get_finished_spans()) == 1
    assert events == ["span"] * 3


def test_teardown_functions_undo_what_was_done_before_the_view() -> None:
    """As OpenTelemetry does, with a context variable of anybody's."""
    variable: ContextVar[str] = ContextVar("variable", default="none")
    app = flask.Flask("undoing")
    tokens: list[Any] = []
    app.before_request(lambda: tokens.append(variable.set("request")))
    app.teardown_request(lambda error: variable.reset(tokens.pop()))

    @app.get("/")
    def page() -> Any:
        get = variable.get
        return streaming.stream_template_string("{{ get() }}{% flush %}{{ get() }}", get=get)

    first, second = (app.test_client().get("/", buffered=False) for _ in range(2))
    assert first.get_data() == b"requestrequest"
    first.close()
    assert second.get_data() == b"requestrequest"
    second.close()
    assert tokens == []
