"""What the observer of a stream is told, of whatever kind the stream is."""

from __future__ import annotations

import asyncio
import gc
import io
from contextvars import ContextVar
from typing import Any

import jinja2
import pytest

from streamtmpl import (
    SandboxedStreamEnvironment,
    StreamEnvironment,
    csv_rows,
    csv_rows_async,
    enable_streaming,
    json_array,
    json_array_async,
    json_lines,
    json_lines_async,
    rechunk,
    rechunk_async,
    render_stream,
    render_stream_async,
)
from streamtmpl.observing import (
    BoundaryFailed,
    Chunk,
    StreamClosed,
    StreamEvent,
    StreamStarted,
    Waited,
)
from tests.support.clocks import Clock, replaced_clock

from .observers import Noted, chunks, environment, every_kind, source_of, value_of


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    from streamtmpl.chunks import observed, observed_async  # noqa: F401, PLC0415 - to have theirs replaced

    return replaced_clock(monkeypatch)


def named(env: jinja2.Environment, source: str, name: str = "page.html") -> Any:
    env.loader = jinja2.DictLoader({name: source})
    return env.get_template(name)


@every_kind
@pytest.mark.parametrize("encoding", [None, "utf-8", "utf-16"])
def test_a_stream_from_its_start_to_its_end(kind: str, encoding: str | None) -> None:
    noted = Noted()
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


# -- waits


@every_kind
@pytest.mark.parametrize(("seconds", "told"), [(0.0009, []), (0.0011, [2, 2]), (0.5, [2, 2])])
def test_a_source_that_is_slow(kind: str, clock: Clock, seconds: float, told: list[int]) -> None:
    noted = Noted()
    page = named(
        environment(kind),
        "<ul>\n{% for row in rows %}<li>{{ row }}{% if loop.last %}!{% endif %}{% endfor %}",
    )

    def rows() -> Any:
        for number in range(2):
            clock.now += seconds
            yield number

    got = "".join(chunks(kind, page, {"rows": source_of(kind, rows())}, observe=noted))
    assert got == "<ul>\n<li>0<li>1!"
    waits = noted.of(Waited)
    assert [event.line for event in waits] == told
    for event in waits:
        assert (event.kind, event.template, event.region) == ("source", "page.html", None)
        assert event.seconds == pytest.approx(seconds)
    assert noted.of(Chunk)[0].reason == "wait", "what stands above the loop has left before"


def test_what_is_awaited(clock: Clock) -> None:
    noted = Noted()
    page = named(environment("async"), "a{% if 1 %}{% endif %}\n{{ slow() }}\n{{ quick() }}")

    def advance() -> None:
        clock.now += 0.25

    async def slow() -> str:
        for _ in range(3):  # it waits several times, and is awaited once
            asyncio.get_running_loop().call_soon(advance)
            await asyncio.sleep(0)
        return "b"

    async def quick() -> str:
        await asyncio.sleep(0)
        return "c"

    assert (
        "".join(chunks("async", page, {"slow": slow, "quick": quick}, observe=noted)) == "a\nb\nc"
    )
    wait = noted.one(Waited)
    assert (wait.kind, wait.template, wait.line, wait.region) == ("await", "page.html", 2, None)
    assert wait.seconds == 0.75
    assert noted.of(Chunk)[0].reason == "wait"


def test_waiting_is_told_with_the_line_of_the_innermost_template(clock: Clock) -> None:
    noted = Noted()
    env = StreamEnvironment(
        loader=jinja2.DictLoader(
            {
                "page.html": "\n{% include 'part.html' %}",
                "part.html": "{% macro m() %}\n\n{% for r in rows %}{% endfor %}{% endmacro %}"
                "{{ m() }}",
            }
        )
    )

    def rows() -> Any:
        clock.now += 1
        yield 1

    list(render_stream(env.get_template("page.html"), {"rows": rows()}, observe=noted))
    assert (noted.one(Waited).template, noted.one(Waited).line) == ("part.html", 3)


def test_a_macro_that_is_captured_waits_as_well(clock: Clock) -> None:
    noted = Noted()
    page = named(
        environment("sync"),
        "{% set text %}\n{% for r in rows %}{{ r }}{% endfor %}{% endset %}{{ text }}",
    )

    def rows() -> Any:
        clock.now += 1
        yield 1

    assert "".join(render_stream(page, {"rows": rows()}, observe=noted)) == "\n1"
    assert noted.one(Waited).line == 2


@pytest.mark.parametrize("is_async", [False, True])
def test_rows_of_a_rechunked_source(clock: Clock, is_async: bool) -> None:
    noted = Noted()

    def texts() -> Any:
        clock.now += 1
        yield "a"

    async def collect() -> list[str]:
        stream = rechunk_async(source_of("async", texts()), observe=noted)
        return [chunk async for chunk in stream]

    got = asyncio.run(collect()) if is_async else list(rechunk(texts(), observe=noted))
    assert got == ["a"]
    wait = noted.one(Waited)
    assert (wait.kind, wait.template, wait.line) == ("source", None, None)


def test_a_stream_in_a_template_of_another_one(clock: Clock) -> None:
    """Who iterates a stream is not what it waits in."""
    noted = Noted()

    def texts() -> Any:
        clock.now += 1
        yield "a"

    inner = rechunk(texts(), observe=noted)
    page = environment("sync").from_string("{% for text in inner %}{{ text }}{% endfor %}")
    assert "".join(render_stream(page, {"inner": inner})) == "a"
    assert noted.one(Waited).line is None


# -- how a stream ends


@every_kind
def test_an_error(kind: str) -> None:
    noted = Noted()
    page = named(environment(kind), "a{% flush %}{{ 1 // 0 }}")
    with pytest.raises(ZeroDivisionError) as caught:
        chunks(kind, page, {}, observe=noted)
    assert noted.names() == ["StreamStarted", "FirstChunk", "StreamClosed"]
    closed = noted.one(StreamClosed)
    assert (closed.outcome, closed.error) == ("error", caught.value)


class _Failing:
    def __iter__(self) -> Any:
        return self

    def __next__(self) -> int:
        return 1

    def close(self) -> None:
        raise RuntimeError("closing")


@every_kind
def test_an_error_of_closing(kind: str) -> None:
    noted = Noted()
    page = environment(kind, extensions=["jinja2.ext.loopcontrols"]).from_string(
        "{% for n in rows %}{{ n }}{% break %}{% endfor %}"
    )
    with pytest.raises(RuntimeError, match="closing") as caught:
        chunks(kind, page, {"rows": _Failing()}, observe=noted)
    closed = noted.one(StreamClosed)
    assert (closed.outcome, closed.error) == ("error", caught.value)


def _begun(kind: str, noted: Noted) -> Any:
    page = environment(kind).from_string("a{% flush %}b{% flush %}c")
    make: Any = render_stream if kind == "sync" else render_stream_async
    return make(page, observe=noted)


@every_kind
@pytest.mark.parametrize("taken", [1, 2])
def test_a_consumer_that_closes_it(kind: str, taken: int) -> None:
    noted = Noted()
    stream = _begun(kind, noted)
    if kind == "sync":
        for _ in range(taken):
            next(stream)
        stream.close()
        stream.close()
    else:

        async def consume() -> None:
            for _ in range(taken):
                await anext(stream)
            await stream.aclose()
            await stream.aclose()

        asyncio.run(consume())
    closed = noted.one(StreamClosed)
    assert (closed.outcome, closed.error) == ("consumer", None)
    assert len(noted.of(Chunk)) == taken


@every_kind
def test_a_consumer_that_drops_it(kind: str) -> None:
    noted = Noted()
    stream = _begun(kind, noted)
    if kind == "sync":
        next(stream)
        del stream
        gc.collect()
    else:

        async def consume() -> None:
            nonlocal stream
            await anext(stream)
            del stream
            gc.collect()
            while len(asyncio.all_tasks()) > 1:
                await asyncio.sleep(0)

        asyncio.run(consume())
    assert noted.one(StreamClosed).outcome == "consumer"


@every_kind
def test_a_stream_that_never_began_is_not_told_of(kind: str) -> None:
    noted = Noted()
    stream = _begun(kind, noted)
    if kind == "sync":
        stream.close()
    else:
        asyncio.run(stream.aclose())
    assert noted == []


@pytest.mark.parametrize("kind", ["async", "threads"])
def test_a_wait_that_is_cancelled(kind: str) -> None:
    noted = Noted()

    async def consume() -> None:
        page = environment(kind).from_string("a{% flush %}{{ wait() }}{% flush %}b")
        opened, waiting = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()

        async def gate() -> None:
            waiting.set()
            await opened.wait()

        def blocking_gate() -> None:
            loop.call_soon_threadsafe(waiting.set)
            asyncio.run_coroutine_threadsafe(opened.wait(), loop).result()

        wait = gate if kind == "async" else blocking_gate
        stream = render_stream_async(page, {"wait": wait}, observe=noted)
        assert await anext(stream) == "a"
        step = asyncio.ensure_future(anext(stream))
        await waiting.wait()
        step.cancel()
        opened.set()
        with pytest.raises(asyncio.CancelledError):
            await step

    asyncio.run(consume())
    assert noted.one(StreamClosed).outcome == "consumer"


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


def test_a_file_is_closed_as_ever() -> None:
    """The iterator that is timed is not what is closed."""
    noted = Noted()
    lines = io.StringIO("a\nb\n")
    page = environment("sync", extensions=["jinja2.ext.loopcontrols"]).from_string(
        "{% for line in lines %}{{ line }}{% break %}{% endfor %}"
    )
    assert "".join(render_stream(page, {"lines": lines}, observe=noted)) == "a\n"
    assert lines.closed


@pytest.mark.parametrize("make", [csv_rows, json_lines, json_array])
def test_rows(make: Any, clock: Clock) -> None:
    noted = Noted()

    def rows() -> Any:
        clock.now += 1
        yield {"a": 1}

    stream = make(rows(), observe=noted)
    assert stream.content_type == make([]).content_type
    body = b"".join(stream)
    assert sum(event.bytes for event in noted.of(Chunk)) == len(body)
    assert noted.one(StreamClosed).outcome == "complete"
    assert noted.one(Waited).kind == "source"


@pytest.mark.parametrize("make", [csv_rows_async, json_lines_async, json_array_async])
def test_async_rows(make: Any, clock: Clock) -> None:
    noted = Noted()

    async def rows() -> Any:
        clock.now += 1
        yield {"a": 1}

    async def main() -> bytes:
        stream = make(rows(), observe=noted)
        assert stream.content_type == make([]).content_type
        return b"".join([chunk async for chunk in stream])

    assert len(asyncio.run(main())) == sum(event.bytes for event in noted.of(Chunk))
    assert noted.one(StreamClosed).outcome == "complete"
    assert noted.one(Waited).kind == "source"
