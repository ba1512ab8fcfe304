"""What regions wait at in threads, and the ways to render them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from streamtmpl import render_stream
from streamtmpl.testing import Gate, gate
from tests.support.patched import assembled

FOUR = (
    "[{% for n in range(4) %}{% defer %}{{ wait(n) }}{% placeholder %}({{ n }}){% enddefer %},"
    "{% endfor %}]"
)

Threads = ThreadPoolExecutor


class Gates:
    """What regions wait at, each for its own gate."""

    def __init__(self) -> None:
        self._gates: dict[Any, Gate] = {}
        self._lock = threading.Lock()
        self.begun: list[Any] = []
        self.running = 0
        self.most = 0

    def gate(self, name: Any) -> Gate:
        with self._lock:
            return self._gates.setdefault(name, gate(name=str(name)))

    def open(self, *names: Any) -> None:
        for name in names:
            self.gate(name).open()

    def wait(self, name: Any) -> Any:
        with self._lock:
            self.begun.append(name)
            self.running += 1
            self.most = max(self.most, self.running)
        self.gate(name).wait()
        with self._lock:
            self.running -= 1
        return name


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
