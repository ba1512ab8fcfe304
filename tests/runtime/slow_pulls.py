"""Renders of sources whose pulls take as long as a test says, and the order of what happens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import jinja2
import pytest

from streamtmpl import StreamEnvironment, render_stream, render_stream_async
from tests.support.clocks import Clock

EXTENSIONS = ["jinja2.ext.loopcontrols"]
KINDS = ("sync", "async", "threads")
LOOP = "head{% for r in rows %}<{{ r }}>{% endfor %}tail"


@dataclass
class TimedTrace:
    """What happened in which order: numbers are pulls from a source, strings are chunks."""

    kind: str
    clock: Clock
    events: list[int | str] = field(default_factory=list)
    consuming: float = 0.0
    """Seconds that the consumer spends on a chunk."""
    change: Callable[[Any], object] = lambda environment: None
    """What is done to the environment when the template is compiled."""
    leaving: int | None = None
    """After how many chunks the stream is closed."""

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
        self.change(environment)
        if self.kind == "sync":
            with render_stream(template, context, chunk_size=chunk_size) as chunks:
                for chunk in chunks:
                    self._take(chunk)
                    if len(self.chunks) == self.leaving:
                        break
        else:
            stream = render_stream_async(template, context, chunk_size=chunk_size)

            async def consume() -> None:
                async with stream:
                    async for chunk in stream:
                        self._take(chunk)
                        if len(self.chunks) == self.leaving:
                            break

            asyncio.run(consume())
        return self.events

    @property
    def chunks(self) -> list[str]:
        return [event for event in self.events if isinstance(event, str)]


def leave_out_what_drains(name: str, trace: TimedTrace) -> None:
    """In async environments these filters of Jinja2's drain what they are given at once."""
    if trace.kind == "async" and name in ("unique", "slice", "filters over filters"):
        pytest.skip("nothing is lazy about it")
