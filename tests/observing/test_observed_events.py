"""What the observer of a stream is told, of whatever kind the stream is."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import Any

import jinja2
import pytest

from streamtmpl import (
    SandboxedStreamEnvironment,
    StreamEnvironment,
    enable_streaming,
    rechunk,
    rechunk_async,
    render_stream,
)
from streamtmpl.observing import (
    BoundaryFailed,
    Chunk,
    StreamClosed,
    StreamEvent,
    StreamStarted,
)
from tests.support.clocks import Clock

from .observers import Noted, chunks, environment, every_kind, named, value_of


@every_kind
@pytest.mark.parametrize("encoding", [None, "utf-8", "utf-16"])
def test_a_stream_from_its_start_to_its_end(kind: str, encoding: str | None, clock: Clock) -> None:
    noted = Noted()
    clock.tick = 1e-6
    page = named(environment(kind), "<p>ä</p>{% flush %}{% for n in (1, 2) %}{{ n }}{% endfor %}.")
    got = chunks(kind, page, {}, observe=noted, chunk_size=1, encoding=encoding)
    assert noted.names() == ["StreamStarted", "FirstChunk", *["Chunk"] * 3, "StreamClosed"]
    started = noted.one(StreamStarted)
    assert (started.template, started.blocks) == ("page.html", ())
    told = noted.of(Chunk)
    assert [event.reason for event in told] == ["flush", "size", "size", "end"]
    assert [event.characters for event in told] == [8, 1, 1, 1]
    assert [event.bytes for event in told] == [None if encoding is None else len(c) for c in got]
    closed = noted.one(StreamClosed)
    assert (closed.outcome, closed.error) == ("complete", None)
    assert len({event.stream for event in noted}) == 1
    assert [event.at for event in noted] == sorted(event.at for event in noted)


@every_kind
def test_each_stream_has_a_number_of_its_own(kind: str) -> None:
    noted = Noted()
    page = environment(kind, observe=noted).from_string("page")
    chunks(kind, page, {})
    chunks(kind, page, {})
    first, second = noted.of(StreamStarted)
    assert first.stream != second.stream


# -- who observes


@pytest.mark.parametrize("kind", [StreamEnvironment, SandboxedStreamEnvironment])
def test_the_observer_of_an_environment(kind: Any) -> None:
    noted = Noted()
    env = kind(observe=noted)
    assert env.observe is noted
    list(env.from_string("page").generate())
    assert noted.names() == ["StreamStarted", "FirstChunk", "StreamClosed"]
    noted.clear()
    env.from_string("page").render()
    assert noted == [], "that is no stream"


def test_the_observer_of_an_environment_that_was_made_a_streaming_one() -> None:
    noted = Noted()
    env = enable_streaming(jinja2.Environment(), observe=noted)
    list(render_stream(env.from_string("page")))
    assert enable_streaming(env) is env
    assert env.observe is noted  # type: ignore[attr-defined]
    assert noted.names() == ["StreamStarted", "FirstChunk", "StreamClosed"]


def test_the_observer_of_an_overlay() -> None:
    mine, theirs = Noted(), Noted()
    env = StreamEnvironment(observe=theirs)
    assert env.overlay().observe is theirs
    assert env.overlay(observe=None).observe is None
    list(render_stream(env.overlay(observe=mine).from_string("page")))
    assert (len(mine), len(theirs)) == (3, 0)


def test_the_observer_of_a_stream_comes_before_that_of_the_environment() -> None:
    mine, theirs = Noted(), Noted()
    page = StreamEnvironment(observe=theirs).from_string("page")
    list(render_stream(page, observe=mine))
    assert (len(mine), len(theirs)) == (3, 0)


@pytest.mark.parametrize("wrong", [3, "name"])
def test_what_is_no_function_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match="observe must be a function of one event"):
        StreamEnvironment(observe=wrong)
    with pytest.raises(TypeError, match="observe must be"):
        enable_streaming(jinja2.Environment(), observe=wrong)
    with pytest.raises(TypeError, match="observe must be"):
        StreamEnvironment().overlay(observe=wrong)
    with pytest.raises(TypeError, match="observe must be"):
        render_stream(StreamEnvironment().from_string(""), observe=wrong)


def test_an_async_function_is_refused() -> None:
    async def observe(event: StreamEvent) -> None: ...

    class Observer:
        async def __call__(self, event: StreamEvent) -> None: ...

    for wrong in (observe, Observer()):
        with pytest.raises(TypeError, match="nothing is awaited"):
            StreamEnvironment(observe=wrong)


@every_kind
def test_blocks(kind: str) -> None:
    noted = Noted()
    page = named(
        environment(kind, observe=noted),
        "{% block a %}a{% endblock %}{% block b %}b{% endblock %}",
    )
    assert chunks(kind, page, {}, block=("b", "a"), chunk_size=0) == ["b", "a"]
    assert noted.one(StreamStarted).blocks == ("b", "a")
    assert [event.reason for event in noted.of(Chunk)] == ["size", "size"]
    noted.clear()
    if kind == "sync":
        assert page.render_block("a") == "a"
        assert noted.one(StreamStarted).blocks == ("a",)


@pytest.mark.parametrize("encoding", [None, "utf-8"])
def test_rechunk(encoding: Any) -> None:
    noted = Noted()
    assert len(list(rechunk(["a", "b"], chunk_size=0, encoding=encoding, observe=noted))) == 2
    assert noted.names() == ["StreamStarted", "FirstChunk", "Chunk", "StreamClosed"]
    assert noted.one(StreamStarted).template is None

    async def collect() -> list[Any]:
        stream = rechunk_async(["a", "b"], chunk_size=0, encoding=encoding, observe=noted)
        return [chunk async for chunk in stream]

    noted.clear()
    assert len(asyncio.run(collect())) == 2
    assert noted.names() == ["StreamStarted", "FirstChunk", "Chunk", "StreamClosed"]


# -- boundaries


@every_kind
def test_a_boundary_that_handles_an_error(kind: str) -> None:
    noted = Noted()
    page = named(environment(kind), "\n{% boundary %}a{{ 1 // 0 }}{% fallback %}b{% endboundary %}")
    assert "".join(chunks(kind, page, {}, observe=noted)) == "\nb"
    failed = noted.one(BoundaryFailed)
    assert (failed.template, failed.line) == ("page.html", 2)
    assert isinstance(failed.error, ZeroDivisionError)


# -- context

_seen: ContextVar[str] = ContextVar("_seen", default="")


@every_kind
def test_the_observer_is_called_in_the_context_of_the_stream(kind: str) -> None:
    """What it sets there, the template sees, and nobody else."""
    found: list[str] = []

    def observe(event: StreamEvent) -> None:
        if isinstance(event, StreamStarted):
            _seen.set("stream")
        found.append(_seen.get())

    page = environment(kind).from_string(
        "{{ seen() }}{% flush %}{{ seen() }}{% flush %}{{ seen() }}"
    )
    texts = chunks(kind, page, {"seen": value_of(kind, _seen.get)}, observe=observe, chunk_size=0)
    assert "".join(texts) == "streamstreamstream"
    assert len(found) == 5
    assert set(found) == {"stream"}
    assert _seen.get() == ""


# -- an observer that fails


@every_kind
def test_an_observer_that_raises_costs_the_page_nothing(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    def observe(event: StreamEvent) -> None:
        raise LookupError(type(event).__name__)

    page = environment(kind).from_string(
        "a{% flush %}{% boundary %}{{ 1 // 0 }}{% endboundary %}"
        "{% defer %}{{ n }}{% enddefer %}{% defer %}{{ 1 // 0 }}{% enddefer %}b"
    )
    got = "".join(chunks(kind, page, {"n": 1}, observe=observe, deferred="in-order"))
    assert got == "a1b"
    failed = [
        record.exc_info[1].args[0]
        for record in caplog.records
        if record.name == "streamtmpl"
        and record.exc_info
        and isinstance(record.exc_info[1], LookupError)
    ]
    assert {"StreamStarted", "FirstChunk", "BoundaryFailed", "RegionStarted", "StreamClosed"} <= {
        *failed
    }
    assert {"RegionReady", "RegionFailed", "Chunk"} <= {*failed}


def test_what_is_no_exception_is_raised() -> None:
    def observe(event: StreamEvent) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        next(render_stream(environment("sync").from_string("a"), observe=observe))
