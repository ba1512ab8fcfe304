"""Executors that do not take a region: it is that region's error, whichever thread submits it."""

from __future__ import annotations

import threading
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any

import pytest

from streamtmpl import StreamEnvironment, render_stream, render_stream_async
from tests.support.patched import assembled

SOURCE = (
    "[{% for n in range(6) %}{% defer %}{{ n }}{% error %}{{ error }}{% enddefer %},{% endfor %}]"
)


class Full(Exception):
    """An executor of somebody's takes no more."""


class Bounded(Executor):
    """Takes regions but for some, counted from 0, and notes in which threads."""

    def __init__(self, *refused: int) -> None:
        self._threads = ThreadPoolExecutor(2)
        self._refused = refused
        self.submitted_in: list[int] = []

    def submit(self, function: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.submitted_in.append(threading.get_ident())
        if len(self.submitted_in) - 1 in self._refused:
            raise Full("queue full")
        return self._threads.submit(function, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._threads.shutdown(wait, cancel_futures=cancel_futures)


@pytest.mark.parametrize("deferred", ["patch", "in-order"])
@pytest.mark.parametrize("at_once", [1, 3, 10])
@pytest.mark.parametrize("refused", [(0,), (1,), (5,), (2, 3), (0, 1, 2, 3, 4, 5)], ids=str)
def test_what_an_executor_does_not_take_shows_its_error(
    refused: tuple[int, ...], at_once: int, deferred: Any
) -> None:
    environment = StreamEnvironment(max_deferred=at_once)
    with Bounded(*refused) as executor:
        stream = render_stream(
            environment.from_string(SOURCE), executor=executor, deferred=deferred
        )
        text = assembled("".join(stream))
    shown = ["queue full" if n in refused else str(n) for n in range(6)]
    assert text == f"[{','.join(shown)},]"


def test_some_are_submitted_in_a_workers_callback() -> None:
    environment = StreamEnvironment(max_deferred=1)
    with Bounded(3) as executor:
        assert "queue full" in "".join(
            render_stream(environment.from_string(SOURCE), executor=executor)
        )
    assert set(executor.submitted_in) - {threading.get_ident()}


def test_an_only_thread_that_steps_the_stream_waits_for_itself() -> None:
    template = StreamEnvironment().from_string("[{% defer %}x{% error %}{{ error }}{% enddefer %}]")
    executor = ThreadPoolExecutor(1)
    waits = executor.submit(lambda: "".join(render_stream(template, executor=executor)))
    with pytest.raises(FutureTimeoutError):
        waits.result(0.3)
    executor.shutdown(wait=False, cancel_futures=True)  # or it would wait for ever
    assert "shut down" in assembled(waits.result(20))


def _shut_down() -> Executor:
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    return executor


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("deferred", ["patch", "in-order"])
@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: 8,
            TypeError,
            r"executor must be an executor of .*Pool.* not 8",
        ),
        (lambda: ProcessPoolExecutor(1), TypeError, "executor must run regions in threads"),
        (_shut_down, ValueError, "has been shut down. Give one that runs"),
    ],
    ids=["number", "processes", "shut down"],
)
def test_what_cannot_render_regions_is_refused_when_the_stream_is_made(
    make: Any, error: type[Exception], message: str, deferred: Any, is_async: bool
) -> None:
    template = StreamEnvironment(enable_async=is_async).from_string(SOURCE)
    given = make()
    renders: list[Any] = [render_stream_async] if is_async else [render_stream, render_stream_async]
    for render in renders:
        with pytest.raises(error, match=message):
            render(template, executor=given, deferred=deferred)


def test_an_executor_of_interpreters_is_refused() -> None:
    new = "executors of interpreters are new in Python 3.14"
    interpreter = pytest.importorskip("concurrent.futures.interpreter", reason=new)
    with (
        interpreter.InterpreterPoolExecutor(1) as executor,
        pytest.raises(TypeError, match="executor must run regions in threads"),
    ):
        render_stream(StreamEnvironment().from_string(SOURCE), executor=executor)
