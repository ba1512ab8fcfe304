"""The tools themselves: OpenTelemetry, ddtrace, Elastic APM, Scout and New Relic see our templates.

OpenTelemetry's package comes with the tests' extra. The others are heavy and patch far more than
Jinja2: where one is installed it runs in a process of its own, else its test is skipped.
"""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from importlib.util import find_spec
from typing import Any

import pytest

from streamtmpl import StreamEnvironment, render_stream

RENDERS = """
import asyncio, jinja2
from streamtmpl import StreamEnvironment, render_stream, render_stream_async
async def collect(stream):
    return "".join([chunk async for chunk in stream])
sources = {"page.html": "{% for x in rows %}{{ x }}{% endfor %}", "e.html": "{{ 1 // 0 }}"}
rows = {"rows": [1, 2]}
template = StreamEnvironment(loader=jinja2.DictLoader(sources)).get_template("page.html")
coroutine = StreamEnvironment(loader=jinja2.DictLoader(sources), enable_async=True)
coroutine = coroutine.get_template("page.html")
def render():
    assert template.render(rows) == "12"
def render_async():
    assert asyncio.run(coroutine.render_async(rows)) == "12"
def stream():
    assert "".join(render_stream(template, rows)) == "12"
    assert "".join(template.generate(rows)) == "12"
    assert asyncio.run(collect(render_stream_async(template, rows))) == "12"
    assert asyncio.run(collect(render_stream_async(coroutine, rows))) == "12"
"""

DDTRACE = (
    """
from ddtrace.contrib.internal.jinja2.patch import patch
from ddtrace.trace import tracer, TraceFilter
names = []
class Note(TraceFilter):
    def process_trace(self, trace):
        names.extend(span.resource for span in trace if span.name == "jinja2.render")
tracer.configure(trace_processors=[Note()])
patch()
"""
    + RENDERS
    + """
render(); stream()
tracer.flush()
assert names == ["page.html"] * 4, names  # it does not wrap generate_async()
"""
)

ELASTIC = (
    """
import elasticapm
from elasticapm.instrumentation.packages.jinja2 import Jinja2Instrumentation
client = elasticapm.Client(service_name="s", disable_send=True, central_config=False)
Jinja2Instrumentation().instrument()
"""
    + RENDERS
    + """
client.begin_transaction("test")
render(); stream()
transaction = client.end_transaction("test")
assert transaction._span_counter == 1, transaction._span_counter  # it wraps render() alone
"""
)

SCOUT = (
    """
from scout_apm.core.tracked_request import TrackedRequest
from scout_apm.instruments.jinja2 import ensure_installed
ensure_installed()
"""
    + RENDERS
    + """
request = TrackedRequest.instance()
outer = request.start_span("Controller/test")
render(); stream()
names = [(span.operation, span.tags.get("name")) for span in request.complete_spans]
assert names == [("Template/Render", "page.html")], names  # it does not wrap generate()
"""
)

NEW_RELIC = (
    """
from contextlib import nullcontext
import jinja2.environment
from newrelic.api import function_trace
from newrelic.hooks import template_jinja2
template_jinja2.instrument(jinja2.environment)
# It traces in transactions alone, and there are none without an account.
names = []
function_trace.current_trace = lambda: True
function_trace.FunctionTrace = lambda name, *args, **kwargs: nullcontext(names.append(name))
"""
    + RENDERS
    + """
names.clear()  # compiling
render(); stream()
assert names == ["page.html"], names  # it does not wrap generate()
"""
)


def test_opentelemetry() -> None:
    instrumentation: Any = pytest.importorskip("opentelemetry.instrumentation.jinja2")
    sdk: Any = pytest.importorskip("opentelemetry.sdk.trace")
    export: Any = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")
    exporter, provider = export.InMemorySpanExporter(), sdk.TracerProvider()
    provider.add_span_processor(sdk.export.SimpleSpanProcessor(exporter))
    tool = instrumentation.Jinja2Instrumentor()
    template = StreamEnvironment().from_string("{% for x in rows %}{{ x }}{% endfor %}")
    tool.instrument(tracer_provider=provider)
    try:
        for render in (template.render, template.generate, partial(render_stream, template)):
            assert "".join(render({"rows": [1, 2]})) == "12"
            (span,) = exporter.get_finished_spans()
            assert span.name == "jinja2.render"
            assert dict(span.attributes or {}) == {"jinja2.template_name": "<memory>"}
            exporter.clear()
    finally:
        tool.uninstrument()
    assert template.render(rows=[1, 2]) == "12"
    assert exporter.get_finished_spans() == ()


@pytest.mark.parametrize(
    ("package", "program"),
    [("ddtrace", DDTRACE), ("elasticapm", ELASTIC), ("scout_apm", SCOUT), ("newrelic", NEW_RELIC)],
)
def test_others(package: str, program: str) -> None:
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed: it is too heavy for the tests' extra")
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
