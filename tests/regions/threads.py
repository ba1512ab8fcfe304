"""What regions wait at in threads, who takes their chunks, and the ways to render them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from streamtmpl import render_stream
from tests.support.patched import assembled

HANGS = 20
"""Seconds after which a test that hangs is given up."""

FOUR = (
    "[{% for n in range(4) %}{% defer %}{{ wait(n) }}{% placeholder %}({{ n }}){% enddefer %},"
    "{% endfor %}]"
)

Threads = ThreadPoolExecutor


class Gates:
    """What regions wait at, each for its own gate."""

    def __init__(self) -> None:
        self._gates: dict[Any, threading.Event] = {}
        self._lock = threading.Lock()
        self.begun: list[Any] = []
        self.running = 0
        self.most = 0

    def gate(self, name: Any) -> threading.Event:
        with self._lock:
            return self._gates.setdefault(name, threading.Event())

    def open(self, *names: Any) -> None:
        for name in names:
            self.gate(name).set()

    def wait(self, name: Any) -> Any:
        with self._lock:
            self.begun.append(name)
            self.running += 1
            self.most = max(self.most, self.running)
        assert self.gate(name).wait(HANGS)
        with self._lock:
            self.running -= 1
        return name


class Ahead:
    """Takes the chunks of a stream in a thread, as they come."""

    def __init__(self, stream: Iterable[str]) -> None:
        self._stream = stream
        self._arrived = threading.Condition()
        self._text = ""
        self.chunks: list[str] = []
        self.ended = False
        self._thread = threading.Thread(target=self._take)
        self._thread.start()

    def _take(self) -> None:
        for chunk in self._stream:
            with self._arrived:
                self._text += chunk
                self.chunks.append(chunk)
                self._arrived.notify_all()
        with self._arrived:
            self.ended = True
            self._arrived.notify_all()

    def text_with(self, mark: str) -> str:
        """What has arrived, once *mark* is in it."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: mark in self._text, HANGS), self._text
            return self._text

    def text(self) -> str:
        """All of it."""
        self._thread.join(HANGS)
        assert self.ended
        return self._text


def boom() -> str:
    raise LookupError("<boom>")


WAYS: dict[str, Callable[[Any, dict[str, Any], Threads], str]] = {
    "in turn": lambda t, c, ex: assembled("".join(render_stream(t, c))),
    "threads": lambda t, c, ex: assembled("".join(render_stream(t, c, executor=ex))),
    "in order": lambda t, c, ex: "".join(render_stream(t, c, deferred="in-order")),
    "in order, threads": lambda t, c, ex: "".join(
        render_stream(t, c, deferred="in-order", executor=ex)
    ),
    "render": lambda t, c, ex: t.render(c),
    "generate": lambda t, c, ex: "".join(t.generate(c)),
}
every_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


def noted(events: list[str], name: str) -> Iterator[int]:
    try:
        yield from range(10)
    finally:
        events.append(f"closed {name}")
