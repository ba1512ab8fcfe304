"""A clock that the tests move: a "slow" pull is exactly as slow as a test says."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import jinja2
import pytest

from streamtmpl import StreamEnvironment, render_stream, render_stream_async, sources

EXTENSIONS = ["jinja2.ext.loopcontrols"]
QUICK, FAST, SLOW = 0.0001, 0.0019, 0.0021
"""Seconds of a pull: the last two are around the 2 ms from which on a pull is slow."""

KINDS = ("sync", "async", "threads")


class Clock:
    """Seconds that pass only when the test says so, and with every look at it by *tick*."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.tick = 0.0

    def __call__(self) -> float:
        self.now += self.tick
        return self.now


def replaced_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock in the place of the real one, wherever the package has it."""
    fake, real = Clock(), sources.clock
    found = 0
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "streamtmpl" and getattr(module, "clock", None) is real:
            monkeypatch.setattr(module, "clock", fake)
            found += 1
    assert found >= 2
    assert sources.clock() == fake.now
    return fake


@dataclass
class Trace:
    """What happened in which order: numbers are pulls from a source, strings are chunks."""

    kind: str
    clock: Clock
    events: list[int | str] = field(default_factory=list)
    consuming: float = 0.0
    """Seconds that the consumer spends on a chunk."""

    def source(self, pulls: Iterable[float]) -> Iterator[int]:
        """A lazy source whose pulls take these seconds."""
        for number, seconds in enumerate(pulls, 1):
            self.events.append(number)
            self.clock.now += seconds
            yield number

    def _take(self, chunk: str) -> None:
        self.events.append(chunk)
        self.clock.now += self.consuming

    def consume(
        self,
        templates: str | dict[str, str],
        context: Mapping[str, Any],
        chunk_size: int | None = None,
    ) -> list[int | str]:
        environment = StreamEnvironment(
            loader=jinja2.DictLoader(
                {"main": templates} if isinstance(templates, str) else templates
            ),
            extensions=EXTENSIONS,
            enable_async=self.kind == "async",
        )
        template = environment.get_template("main")
        if self.kind == "sync":
            for chunk in render_stream(template, context, chunk_size=chunk_size):
                self._take(chunk)
        else:
            stream = render_stream_async(template, context, chunk_size=chunk_size)

            async def consume() -> None:
                async for chunk in stream:
                    self._take(chunk)

            asyncio.run(consume())
        return self.events

    @property
    def chunks(self) -> list[str]:
        return [event for event in self.events if isinstance(event, str)]


LOOP = "head{% for r in rows %}<{{ r }}>{% endfor %}tail"


def leave_out_what_drains(name: str, trace: Trace) -> None:
    """In async environments these filters of Jinja2's drain what they are given at once."""
    if trace.kind == "async" and name in ("unique", "slice", "filters over filters"):
        pytest.skip("nothing is lazy about it")
