"""One thread at a time runs a stream; who comes meanwhile waits, in the order of coming."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor as Threads
from contextvars import copy_context
from typing import Any

import pytest

from streamtmpl import (
    ChunkStream,
    StreamBusyError,
    StreamClosedError,
    StreamEnvironment,
    render_stream,
)
from streamtmpl.chunks import turns
from tests.support.gates import HANGS

ENVIRONMENT = StreamEnvironment()


def stream_of(source: str, **variables: Any) -> ChunkStream[str]:
    return render_stream(ENVIRONMENT.from_string(source), variables, chunk_size=0)


class Held:
    """A stream of numbers, the first of which comes when it may."""

    def __init__(self) -> None:
        self.entered, self.leave = threading.Event(), threading.Event()
        self.chunks = stream_of(
            "{% for n in numbers %}{{ n }}{% endfor %}", numbers=self._numbers()
        )

    def _numbers(self) -> Iterator[int]:
        self.entered.set()
        assert self.leave.wait(HANGS)
        yield from range(9)


def until_waiting(count: int) -> None:
    while len(turns.waiting) < count:
        time.sleep(0.001)


def test_threads_run_a_stream_in_the_order_of_coming() -> None:
    held = Held()
    with Threads(5) as threads:
        steps = []
        for count in range(5):
            steps.append(threads.submit(next, held.chunks))
            assert held.entered.wait(HANGS)
            until_waiting(count)
        held.leave.set()
        assert [step.result(HANGS) for step in steps] == ["0", "1", "2", "3", "4"]
    assert turns.waiting == []


def test_a_thread_that_goes_on_overtakes_nobody() -> None:
    held = Held()
    with Threads(2) as threads:
        going_on = threads.submit(lambda: [next(held.chunks) for _ in range(3)])
        assert held.entered.wait(HANGS)
        other = threads.submit(next, held.chunks)
        until_waiting(1)
        held.leave.set()
        assert going_on.result(HANGS) == ["0", "2", "3"]
        assert other.result(HANGS) == "1"


def test_other_streams_go_on_while_somebody_waits() -> None:
    held = Held()
    with Threads(2) as threads:
        steps = [threads.submit(next, held.chunks)]
        assert held.entered.wait(HANGS)
        steps.append(threads.submit(next, held.chunks))
        until_waiting(1)
        other = stream_of("{% for n in [1, 2] %}{{ n }}{% endfor %}")
        assert list(other) == ["1", "2"]
        other.close()
        assert not any(step.done() for step in steps)
        held.leave.set()
        assert [step.result(HANGS) for step in steps] == ["0", "1"]


@pytest.mark.skipif(sys.platform == "win32", reason="no signals for threads")
def test_who_is_interrupted_while_waiting_waits_no_more() -> None:
    held = Held()

    def interrupt(number: int, frame: object) -> None:
        raise InterruptedError

    def signal_main() -> None:
        until_waiting(2)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)

    assert threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with Threads(3) as threads:
            first = threads.submit(next, held.chunks)
            assert held.entered.wait(HANGS)
            second = threads.submit(next, held.chunks)
            until_waiting(1)
            signalled = threads.submit(signal_main)
            with pytest.raises(InterruptedError):
                next(held.chunks)
            signalled.result(HANGS)
            held.leave.set()
            assert [first.result(HANGS), second.result(HANGS)] == ["0", "1"]
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert turns.waiting == []
    assert next(held.chunks) == "2"


def test_a_stream_that_is_collected_while_its_thread_looks_who_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The collector may come at any time: what it closes takes a turn as well."""
    stream = stream_of("{% for n in [1, 2] %}{{ n }}{% endfor %}")
    next(stream)
    monkeypatch.setattr(turns, "_lock", type(turns._lock)())  # one that may be lost

    def collect() -> None:
        with turns._lock:
            stream.__del__()

    somebody = turns._Place(copy_context())
    turns.waiting.append(somebody)
    try:
        collecting = threading.Thread(target=collect, daemon=True)
        collecting.start()
        collecting.join(HANGS)
        assert not collecting.is_alive()
    finally:
        turns.waiting.remove(somebody)
    with pytest.raises(StreamClosedError):
        next(stream)


class Traceless(RuntimeError):
    __traceback__ = None  # nobody can set it


def _enter_twice() -> None:
    context = copy_context()
    context.run(context.run, int)


@pytest.mark.parametrize(
    "error", [RuntimeError("cannot enter context"), Traceless("cannot enter context"), None]
)
def test_what_a_template_raises_does_not_look_like_a_stream_that_is_taken(
    error: Exception | None,
) -> None:
    def fail() -> None:
        if error is not None:
            raise error
        _enter_twice()

    stream = stream_of("a{% flush %}{{ fail() }}", fail=fail)
    assert next(stream) == "a"
    with pytest.raises(RuntimeError, match="cannot enter context"):
        next(stream)
    with pytest.raises(StreamClosedError):
        next(stream)


def test_no_frame_is_left_for_a_step() -> None:
    """Python raises a RuntimeError then, of a kind of its own, before the step has begun."""
    template = ENVIRONMENT.from_string("a")
    streams = [render_stream(template) for _ in range(sys.getrecursionlimit())]
    pending = iter(streams)  # none is dropped, and closed, where no frame is left for that
    failed = 0

    def deeper() -> None:
        nonlocal failed
        try:
            next(next(pending))
        except RecursionError:  # for want of one frame, of two, of three ...
            failed += 1
        deeper()

    with pytest.raises(RecursionError):
        deeper()
    assert failed
    assert turns.waiting == []


def test_while_a_stream_unwinds_it_does_not_look_complete() -> None:
    closing, leave = threading.Event(), threading.Event()

    class Failing:
        def __iter__(self) -> Failing:
            return self

        def __next__(self) -> int:
            raise ValueError

        def close(self) -> None:
            closing.set()
            assert leave.wait(HANGS)

    stream = stream_of("a{% flush %}{% for n in numbers %}{{ n }}{% endfor %}", numbers=Failing())
    assert next(stream) == "a"
    with Threads(2) as threads:
        first = threads.submit(next, stream)
        assert closing.wait(HANGS)
        second = threads.submit(next, stream)
        until_waiting(1)
        leave.set()
        assert isinstance(first.exception(HANGS), ValueError)
        assert isinstance(second.exception(HANGS), StreamClosedError)


@pytest.mark.parametrize("action", ["next", "close"])
def test_greenlets_of_one_thread_do_not_wait_for_each_other(action: str) -> None:
    """The one that is in the stream would not go on before the other one has returned."""
    greenlet = pytest.importorskip("greenlet", reason="it comes with gevent")

    def numbers() -> Iterator[int]:
        yield 1
        greenlet.getcurrent().parent.switch()
        yield 2

    stream = stream_of("{% for n in numbers %}{{ n }}{% endfor %}", numbers=numbers())
    assert next(stream) == "1"
    stepping = greenlet.greenlet(lambda: next(stream))
    stepping.switch()
    with pytest.raises(StreamBusyError):
        stream.close() if action == "close" else next(stream)
    assert stepping.switch() == "2"


@pytest.mark.parametrize("action", ["next", "close"])
@pytest.mark.parametrize("way", ["generator", "stream", "thread's context", "render"])
def test_a_stream_is_not_used_from_inside_its_template(action: str, way: str) -> None:
    holder: list[ChunkStream[str]] = []

    def use() -> None:
        assert holder[0]._runs()
        if action == "next":
            next(holder[0])
        else:
            holder[0].close()

    def lazily() -> Iterator[None]:
        use()
        yield

    ways = {
        "generator": lambda: next(lazily()),
        "stream": lambda: list(stream_of("{{ use() }}", use=use)),
        "thread's context": lambda: copy_context().run(use),
        "render": lambda: ENVIRONMENT.from_string("{{ use() }}").render(use=use),
    }
    stream = stream_of("a{% flush %}{{ way() }}", way=ways[way])
    holder.append(stream)
    assert next(stream) == "a"
    with pytest.raises(StreamBusyError, match="inside its own template"):
        next(stream)
    with pytest.raises(StreamClosedError):
        next(stream)
