"""Spans of streams and regions, made with OpenTelemetry's own SDK, in each kind of framework."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

pytest.importorskip("opentelemetry", reason="the extra 'opentelemetry' is not installed")
sdk: Any = pytest.importorskip("opentelemetry.sdk.trace")
exporters: Any = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")

import jinja2
from opentelemetry import trace

from streamtmpl import StreamEnvironment, render_stream, render_stream_async
from streamtmpl.opentelemetry import OpenTelemetryObserver

SOURCE = (
    "{{ work('document') }}{% for n in range(600) %}<p>{{ n }}</p>{% endfor %}\n"
    "{% defer %}{{ work('region') }}{% enddefer %}{{ work('rest') }}"
)
NAVIGATION = {"Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate"}


class Spans:
    """What has been exported, by the names of the spans, and what makes more."""

    def __init__(self) -> None:
        self._exporter = exporters.InMemorySpanExporter()
        self.provider = sdk.TracerProvider()
        self.provider.add_span_processor(sdk.export.SimpleSpanProcessor(self._exporter))
        self.tracer = self.provider.get_tracer("tests")
        self.observer = OpenTelemetryObserver(self.provider)
        self.threads: dict[str, int] = {}

    def work(self, name: str) -> str:
        """What a template calls: it makes a span."""
        self.threads[name] = threading.get_ident()
        with self.tracer.start_as_current_span(name):
            return name

    async def work_async(self, name: str) -> str:
        with self.tracer.start_as_current_span(name):
            await asyncio.sleep(0)
            return name

    def named(self, name: str) -> Any:
        """The only one of this name."""
        (found,) = [span for span in self._exporter.get_finished_spans() if span.name == name]
        return found

    def names(self) -> set[str]:
        return {span.name for span in self._exporter.get_finished_spans()}

    def parent(self, name: str) -> str | None:
        """The name of the span around the one of this name."""
        inner = self.named(name).parent
        if inner is None:
            return None
        spans = self._exporter.get_finished_spans()
        (found,) = [span.name for span in spans if span.context.span_id == inner.span_id]
        return str(found)

    def assert_nested(self, request: str) -> None:
        """One trace of a request, its stream, the region in it, and what the template does."""
        assert self.parent("stream page.html") == request
        assert self.parent("document") == self.parent("rest") == "stream page.html"
        assert self.parent("defer page.html:2") == "stream page.html"
        assert self.parent("region") == "defer page.html:2"
        stream = self.named("stream page.html")
        assert stream.attributes["streamtmpl.template"] == "page.html"
        assert stream.attributes["streamtmpl.outcome"] == "complete"
        assert stream.status.is_unset
        assert "first chunk" in [event.name for event in stream.events]
        assert stream.start_time <= self.named("document").start_time
        assert self.named("rest").end_time <= stream.end_time


@pytest.fixture
def spans() -> Spans:
    return Spans()


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as made:
        yield made


def page_of(source: str = SOURCE, *, is_async: bool = False) -> Any:
    loader = jinja2.DictLoader({"page.html": source})
    return StreamEnvironment(loader=loader, enable_async=is_async).get_template("page.html")


# -- without a framework


@pytest.mark.parametrize("deferred", ["patch", "in-order"])
@pytest.mark.parametrize("in_threads", [False, True])
def test_a_sync_stream(spans: Spans, executor: Any, deferred: Any, in_threads: bool) -> None:
    with spans.tracer.start_as_current_span("request"):
        stream = render_stream(
            page_of(),
            {"work": spans.work},
            deferred=deferred,
            executor=executor if in_threads else None,
            observe=spans.observer,
        )
    list(stream)  # the span of the request has ended
    spans.assert_nested("request")
    assert (spans.threads["region"] == spans.threads["document"]) == (not in_threads)


@pytest.mark.parametrize("deferred", ["patch", "in-order"])
@pytest.mark.parametrize("is_async", [False, True])
def test_an_async_stream(spans: Spans, deferred: Any, is_async: bool) -> None:
    async def main() -> None:
        with spans.tracer.start_as_current_span("request"):
            stream = render_stream_async(
                page_of(is_async=is_async),
                {"work": spans.work_async if is_async else spans.work},
                deferred=deferred,
                observe=spans.observer,
            )
        async for _ in stream:
            assert not trace.get_current_span().is_recording(), "nothing leaks to the consumer"

    asyncio.run(main())
    spans.assert_nested("request")


def test_a_region_in_the_task_of_its_document(spans: Spans) -> None:
    """Under trio and in order it is awaited right there: what follows is not within its span."""
    trio = pytest.importorskip("trio")

    async def work(name: str) -> str:
        with spans.tracer.start_as_current_span(name):
            await trio.sleep(0)
            return name

    async def main() -> None:
        stream = render_stream_async(
            page_of(is_async=True), {"work": work}, deferred="in-order", observe=spans.observer
        )
        with spans.tracer.start_as_current_span("consumer"):
            assert [chunk async for chunk in stream]

    trio.run(main)
    assert spans.parent("region") == "defer page.html:2"
    assert spans.parent("rest") == "stream page.html"
    assert spans.parent("stream page.html") is None


def test_errors(spans: Spans) -> None:
    source = (
        "{% boundary %}{{ 1 // 0 }}{% fallback %}{% endboundary %}"
        "{% defer %}{{ [][0].x }}{% enddefer %}\n{% defer timeout=0 %}x{% enddefer %}"
        "{% flush %}{{ fail() }}"
    )

    def fail() -> None:
        raise LookupError("no such row")

    stream = render_stream(
        page_of(source), {"fail": fail}, deferred="in-order", observe=spans.observer
    )
    with pytest.raises(LookupError):
        list(stream)
    page = spans.named("stream page.html")
    assert page.status.description == "LookupError: no such row"
    handled, raised = [event for event in page.events if event.name == "exception"]
    assert handled.attributes["exception.type"] == "ZeroDivisionError"
    assert (handled.attributes["streamtmpl.handled"], handled.attributes["streamtmpl.line"]) == (
        True,
        1,
    )
    assert raised.attributes["exception.type"] == "LookupError"
    assert page.attributes["streamtmpl.outcome"] == "error"
    region = spans.named("defer page.html:1")
    assert not region.status.is_ok
    assert region.status.description.startswith("UndefinedError")
    assert [event.name for event in region.events] == ["exception"]
    late = spans.named("defer page.html:2")
    assert late.status.description == "the region has taken too long"


def test_a_stream_that_its_reader_closes(spans: Spans, executor: ThreadPoolExecutor) -> None:
    gate, running = threading.Event(), threading.Event()
    source = "above\n{% defer %}{{ work('region') }}{% enddefer %}"

    def work(name: str) -> str:
        if name == "region":
            running.set()
            gate.wait()
        return name

    stream = render_stream(
        page_of(source), {"work": work}, executor=executor, observe=spans.observer
    )
    next(stream)  # what stands above the region, which has begun
    running.wait()
    stream.close()
    gate.set()
    page = spans.named("stream page.html")
    assert (page.attributes["streamtmpl.outcome"], page.status.is_unset) == ("consumer", True)
    assert spans.named("defer page.html:2").attributes["streamtmpl.dropped"] is True
    assert spans.observer._streams == {}


def test_waits_are_events(spans: Spans) -> None:
    async def rows() -> Any:
        await asyncio.sleep(0.002)  # at least as long as what is told
        yield 1

    async def main() -> None:
        source = "\n{% for row in rows %}{{ row }}{% endfor %}"
        page = page_of(source, is_async=True)
        async for _ in render_stream_async(page, {"rows": rows()}, observe=spans.observer):
            pass

    asyncio.run(main())
    (wait,) = [event for event in spans.named("stream page.html").events if "waited" in event.name]
    assert wait.name == "waited for source"
    assert wait.attributes["streamtmpl.line"] == 2
    assert wait.attributes["streamtmpl.seconds"] >= 0.002


# -- in frameworks


def test_flask(spans: Spans, executor: ThreadPoolExecutor) -> None:
    """With the instrumentation of Flask, whose span of the request covers the stream."""
    flask = pytest.importorskip("flask")
    instrumentation: Any = pytest.importorskip("opentelemetry.instrumentation.flask")
    import streamtmpl.flask as streaming  # noqa: PLC0415 - Flask may not be installed

    app = flask.Flask("traced")
    app.jinja_loader = jinja2.DictLoader({"page.html": SOURCE})
    app.config.update(STREAMTMPL_OBSERVE=spans.observer, STREAMTMPL_EXECUTOR=executor)
    streaming.StreamTemplates(app)
    app.add_url_rule("/", "page", lambda: streaming.stream_template("page.html", work=spans.work))
    tool = instrumentation.FlaskInstrumentor()
    tool.instrument_app(app, tracer_provider=spans.provider)
    try:
        assert "region" in app.test_client().get("/", headers=NAVIGATION).text
    finally:
        tool.uninstrument_app(app)
    spans.assert_nested("GET /")
    assert spans.threads["region"] != spans.threads["document"]


@pytest.mark.parametrize("is_async", [False, True])
def test_starlette(spans: Spans, executor: ThreadPoolExecutor, is_async: bool) -> None:
    pytest.importorskip("starlette", reason="the extra 'starlette' is not installed")
    from starlette.applications import Starlette  # noqa: PLC0415
    from starlette.routing import Route  # noqa: PLC0415
    from starlette.testclient import TestClient  # noqa: PLC0415

    from streamtmpl.starlette import StreamTemplates  # noqa: PLC0415

    environment = page_of(is_async=is_async).environment
    templates = StreamTemplates(env=environment, executor=executor, observe=spans.observer)

    async def page(request: Any) -> Any:
        work = spans.work_async if is_async else spans.work
        return templates.TemplateResponse(request, "page.html", {"work": work})

    app = Starlette(routes=[Route("/", page)])

    async def traced(scope: Any, receive: Any, send: Any) -> None:
        with spans.tracer.start_as_current_span("request"):
            await app(scope, receive, send)

    assert "region" in TestClient(traced).get("/", headers=NAVIGATION).text
    spans.assert_nested("request")


def _wsgi(spans: Spans) -> bytes:
    from django.test import Client  # noqa: PLC0415

    with spans.tracer.start_as_current_span("request"):
        response: Any = Client().get("/")
    body: bytes = response.getvalue()  # the span of the request has ended
    return body


def _asgi(spans: Spans) -> bytes:
    from django.test import AsyncClient  # noqa: PLC0415

    async def fetch() -> bytes:
        with spans.tracer.start_as_current_span("request"):
            response: Any = await AsyncClient().get("/")
        return b"".join([part async for part in response.streaming_content])

    return asyncio.run(fetch())


@pytest.mark.parametrize("fetch", [_wsgi, _asgi])
@pytest.mark.parametrize("in_threads", [False, True])
def test_django(
    spans: Spans, executor: Any, fetch: Callable[[Spans], bytes], in_threads: bool
) -> None:
    pytest.importorskip("django", reason="the extra 'django' is not installed")
    from django.template import engines  # noqa: PLC0415
    from django.test import override_settings  # noqa: PLC0415
    from django.urls import path  # noqa: PLC0415

    from streamtmpl.django.response import StreamTemplateResponse  # noqa: PLC0415

    from .apps import django_app  # noqa: F401, PLC0415 - has the settings

    template: Any = engines["jinja2"].from_string(SOURCE)
    template.template.name = "page.html"

    def page(request: Any) -> Any:
        return StreamTemplateResponse(
            request,
            template,
            {"work": spans.work},
            deferred="patch",
            executor=executor if in_threads else None,
            observe=spans.observer,
        )

    class Urls:
        urlpatterns = (path("", page),)

    with override_settings(ROOT_URLCONF=Urls):
        assert b"region" in fetch(spans)
    spans.assert_nested("request")
