"""ChunkStream's protocol: stepping, closing, errors, threads."""

from __future__ import annotations

import contextvars
import gc
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from streamtmpl import (
    ChunkStream,
    StreamBusyError,
    StreamClosedError,
    StreamEnvironment,
    StreamError,
    render_stream,
)
from streamtmpl.chunks.buffer import Buffer

ENVIRONMENT = StreamEnvironment()
ROWS = "{% for row in rows %}<{{ row }}>{% endfor %}"


class Source:
    """A generator that remembers how far it was pulled and that it was closed."""

    def __init__(self, count: int = 5, on_close: Callable[[], object] | None = None) -> None:
        self.pulled = 0
        self.closed = 0
        self._count = count
        self._on_close = on_close

    def __iter__(self) -> Iterator[int]:
        try:
            for number in range(self._count):
                self.pulled += 1
                yield number
        finally:
            self.closed += 1
            if self._on_close is not None:
                self._on_close()


def stream_of(source: Any, template: str = ROWS, **context: Any) -> ChunkStream[str]:
    variables = {"rows": iter(source), **context}
    return render_stream(ENVIRONMENT.from_string(template), variables, chunk_size=0)


def test_it_is_an_iterator() -> None:
    stream = stream_of(Source(3))
    assert iter(stream) is stream
    assert next(stream) == "<0>"
    assert list(stream) == ["<1>", "<2>"]


def test_it_stays_exhausted() -> None:
    stream = stream_of(Source(1))
    assert list(stream) == ["<0>"]
    for _ in range(2):
        with pytest.raises(StopIteration):
            next(stream)
    assert list(stream) == []


def test_it_pulls_no_further_than_it_must() -> None:
    source = Source()
    stream = stream_of(source)
    assert source.pulled == 0
    next(stream)
    assert source.pulled == 1
    next(stream)
    assert source.pulled == 2
    stream.close()


def test_its_states() -> None:
    stream = stream_of(Source(1))
    assert repr(stream) == "<ChunkStream open>"
    list(stream)
    assert repr(stream) == "<ChunkStream ended>"
    stream.close()
    assert repr(stream) == "<ChunkStream closed>"


# -- closing


def test_close_unwinds_the_template_and_closes_what_it_iterates() -> None:
    source = Source()
    stream = stream_of(source)
    next(stream)
    assert source.closed == 0
    stream.close()
    assert source.closed == 1


@pytest.mark.parametrize("steps", [0, 1, 2, 9])
def test_closing_twice_is_fine(steps: int) -> None:
    source = Source(2)
    stream = stream_of(source)
    for _ in range(steps):
        next(stream, None)
    for _ in range(3):
        stream.close()
    assert source.closed <= 1


def test_closing_what_has_not_begun_runs_nothing() -> None:
    source = Source()
    stream = stream_of(source)
    stream.close()
    assert source.pulled == 0


@pytest.mark.parametrize("steps", [0, 1, 9])
def test_a_closed_stream_gives_an_error(steps: int) -> None:
    stream = stream_of(Source(2))
    for _ in range(steps):
        next(stream, None)
    stream.close()
    for _ in range(2):
        with pytest.raises(StreamClosedError, match="closed") as caught:
            next(stream)
    assert isinstance(caught.value, StreamError)
    assert isinstance(caught.value, ValueError)


def test_context_manager() -> None:
    source = Source()
    with stream_of(source) as stream:
        assert isinstance(stream, ChunkStream)
        assert next(stream) == "<0>"
        assert source.closed == 0
    assert source.closed == 1
    with pytest.raises(StreamClosedError):
        next(stream)


def test_context_manager_of_an_exhausted_stream() -> None:
    with stream_of(Source(2)) as stream:
        assert list(stream) == ["<0>", "<1>"]


def step_and_fail(stream: ChunkStream[str]) -> None:
    with stream:
        next(stream)
        raise KeyError("mine")


def test_context_manager_and_an_error() -> None:
    source = Source()
    with pytest.raises(KeyError, match="mine"):
        step_and_fail(stream_of(source))
    assert source.closed == 1


def test_all_sources_are_closed_the_innermost_first() -> None:
    order: list[str] = []
    outer = Source(on_close=lambda: order.append("outer"))
    inner = Source(on_close=lambda: order.append("inner"))
    template = "{% for a in rows %}{% for b in inner %}{{ a }}{{ b }}{% endfor %}{% endfor %}"
    stream = stream_of(outer, template, inner=iter(inner))
    assert next(stream) == "00"
    stream.close()
    assert order == ["inner", "outer"]


def test_a_loop_that_breaks_closes_with_the_stream() -> None:
    environment = StreamEnvironment(extensions=["jinja2.ext.loopcontrols"])
    source = Source()
    template = environment.from_string("{% for r in rows %}{{ r }}{% break %}{% endfor %}.")
    stream = render_stream(template, {"rows": iter(source)}, chunk_size=0)
    assert list(stream) == ["0", "."]
    assert source.closed == 1


def test_dropping_a_stream_closes_it() -> None:
    source = Source()
    stream = stream_of(source)
    next(stream)
    del stream
    gc.collect()
    assert source.closed == 1


def test_dropping_one_that_could_not_be_made_is_quiet() -> None:
    with pytest.raises(LookupError):
        render_stream(ENVIRONMENT.from_string("x"), encoding="nope")
    gc.collect()


@pytest.mark.parametrize("encoding", ["utf-8", "UTF8"])  # the first one needs no codec of its own
@pytest.mark.parametrize("text", ["", "h\u00e9llo \U0001f600", "a\udc80b"])
def test_utf8_is_that_of_strings(encoding: str, text: str) -> None:
    def outcome(encode: Callable[[], bytes]) -> object:
        try:
            return encode()
        except UnicodeEncodeError as error:
            return str(error), error.start, error.object

    template = ENVIRONMENT.from_string("{{ text }}")

    def streamed() -> bytes:
        return b"".join(render_stream(template, {"text": text}, encoding=encoding))

    assert outcome(streamed) == outcome(text.encode)


# -- errors


def test_an_error_ends_the_stream_and_drops_what_had_collected() -> None:
    source = Source()
    stream = stream_of(source, "{% for r in rows %}a{{ r }}b{{ 1 / (1 - r) }}c{% endfor %}")
    assert next(stream) == "a0b1.0c"
    with pytest.raises(ZeroDivisionError):
        next(stream)
    assert source.closed == 1
    for _ in range(2):  # it must not look like the end of a page
        with pytest.raises(StreamClosedError):
            next(stream)
    stream.close()
    with pytest.raises(StreamClosedError):
        next(stream)


def test_an_error_before_the_first_chunk_is_the_first_thing_to_come() -> None:
    template = ENVIRONMENT.from_string("{% if 1 %}text{% endif %}{{ 1 / 0 }}")
    with pytest.raises(ZeroDivisionError):
        next(render_stream(template))


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_errors_that_are_no_exceptions(error: type[BaseException]) -> None:
    def interrupt() -> None:
        raise error

    source = Source()
    stream = stream_of(source, ROWS + "{{ stop() }}", stop=interrupt)
    with pytest.raises(error):
        list(stream)
    assert source.closed == 1
    with pytest.raises(StreamClosedError):
        next(stream)


# -- re-entrance, threads, contexts


@pytest.mark.parametrize("action", ["next", "close"])
def test_a_stream_cannot_be_used_from_inside_its_template(action: str) -> None:
    holder: list[ChunkStream[str]] = []

    def use() -> str:
        if action == "next":
            return next(holder[0])
        holder[0].close()
        return ""

    stream = stream_of([1], "{% if 1 %}a{% endif %}{{ use() }}", use=use)
    holder.append(stream)
    assert next(stream) == "a"
    with pytest.raises(StreamBusyError, match="inside its own template"):
        next(stream)
    stream.close()


def test_closing_from_another_thread_waits_for_the_step() -> None:
    entered, leave = threading.Event(), threading.Event()

    def block() -> str:
        entered.set()
        assert leave.wait(10)
        return "done"

    source = Source()
    stream = stream_of(source, "{% for r in rows %}{{ block() }}{% endfor %}", block=block)
    chunks: list[str] = []
    stepping = threading.Thread(target=lambda: chunks.append(next(stream)))
    stepping.start()
    assert entered.wait(10)
    closing = threading.Thread(target=stream.close)
    closing.start()
    closing.join(0.05)
    assert closing.is_alive()
    assert source.closed == 0
    leave.set()
    stepping.join(10)
    closing.join(10)
    assert chunks == ["done"]
    assert source.closed == 1


def test_steps_may_come_from_different_threads() -> None:
    stream = stream_of(Source(3))
    chunks: list[str] = []
    for _ in range(3):
        thread = threading.Thread(target=lambda: chunks.append(next(stream)))
        thread.start()
        thread.join()
    assert chunks == ["<0>", "<1>", "<2>"]
    assert list(stream) == []


VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("VARIABLE", default="unset")


def test_every_step_and_the_close_run_in_the_context_of_creation() -> None:
    seen: list[str] = []

    def mark() -> str:
        seen.append(VARIABLE.get())
        VARIABLE.set(VARIABLE.get() + "+")
        return ""

    def create() -> ChunkStream[str]:
        VARIABLE.set("creation")
        template = "{% for r in rows %}{{ mark() }}{{ r }}{% endfor %}"
        return stream_of(Source(on_close=mark), template, mark=mark)

    stream = contextvars.copy_context().run(create)
    VARIABLE.set("consumer")
    next(stream)
    next(stream)
    thread = threading.Thread(target=stream.close)
    thread.start()
    thread.join()
    assert seen == ["creation", "creation+", "creation++"]
    assert VARIABLE.get() == "consumer"


def test_interleaved_streams_keep_their_contexts_apart() -> None:
    def create(name: str) -> ChunkStream[str]:
        VARIABLE.set(name)
        return stream_of(range(2), "{% for r in rows %}{{ get() }}{{ r }}{% endfor %}", get=get)

    get = VARIABLE.get
    first, second = (contextvars.copy_context().run(create, name) for name in "ab")
    assert [next(first), next(second), next(first), next(second)] == ["a0", "b0", "a1", "b1"]


# -- made by hand


def body(out: Buffer) -> Iterator[None]:
    out.write("a")
    yield
    yield
    out.write("b")
    out.write("c")


def test_a_hand_made_stream() -> None:
    begin: Any = body
    text: ChunkStream[str] = ChunkStream(begin, 0)
    assert list(text) == ["a", "bc"]
    encoded: ChunkStream[bytes] = ChunkStream(begin, 0, "utf-16-be")
    assert list(encoded) == [b"\0a", b"\0b\0c"]


@pytest.mark.parametrize(("size", "error"), [(-1, ValueError), ("1", TypeError), (None, TypeError)])
def test_a_hand_made_stream_checks_its_chunk_size(size: Any, error: type[Exception]) -> None:
    begin: Any = body
    with pytest.raises(error, match="chunk_size"):
        ChunkStream(begin, size)


def test_errors_are_handed_to_the_callback() -> None:
    def broken(out: Buffer) -> Iterator[None]:
        yield
        raise KeyError("original")

    def rewrite() -> None:
        raise ValueError("rewritten")

    begin: Any = broken
    with pytest.raises(ValueError, match="rewritten"):
        list(ChunkStream(begin, 0, None, rewrite))
    with pytest.raises(KeyError, match="original"):
        list(ChunkStream(begin, 0, None, lambda: None))
