"""``python -m bench.at_rest``: what a stream holds whose consumer does not read.

Many streams of a table are begun, and some of their chunks taken; then they rest, as they do
while a slow connection takes in what has been sent. What Python has allocated for them
(`tracemalloc`) is divided by their number. A stream of an async environment renders one chunk
ahead: how large that text is, is told by taking it.

It exits with 1 if a stream holds more than is allowed beside its text.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import sys
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from jinja2 import Template

from bench.command import count, run
from bench.findings import Findings, table
from streamtmpl import StreamEnvironment, render_stream, render_stream_async

ALLOWED = 12 * 1024
"""Bytes that a stream may hold beside the text that it has rendered."""
ROOM = 4
"""While a chunk is being written, its buffer may be larger than the text by this part of it."""
STREAMS = 100

SOURCE = """\
<table>
{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</table>
"""
TEXTS = {"Latin": "Graz & Linz", "Cyrillic": "Грац & Линц"}
"""Python stores a page in one byte for each character, in two, or in four."""
GROWN = 6
"""Chunks after which the next one is as large as chunks become."""

Rows = Callable[[], object]


@dataclass(frozen=True)
class Rest:
    """What one stream holds, in bytes."""

    held: float
    rendered: int
    """Of that, the text that it gives next."""
    writing: bool = False
    """Whether that text is not cut yet."""

    @property
    def beside(self) -> float:
        """What it holds beside the text."""
        return self.held - self.rendered

    @property
    def allowed(self) -> float:
        """How much that may be."""
        return ALLOWED + self.rendered / ROOM * self.writing


@dataclass(frozen=True)
class Situation:
    """A stream and how far it has been read."""

    template: Template
    rows: Rows
    """Makes the rows for one stream."""
    taken: int
    """How many chunks have been."""
    is_async: bool = True
    waits: bool = False
    """Whether it rests in the middle of a chunk."""


@contextmanager
def allocated() -> Iterator[Callable[[], int]]:
    """What tells how many bytes have been allocated in the ``with`` block and not freed."""
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()

    def told() -> int:
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before

    try:
        yield told
    finally:
        tracemalloc.stop()


def measure(situation: Situation, streams: int) -> Rest:
    """Have *streams* streams rest in a situation; gives what one of them holds."""
    if situation.is_async:
        return asyncio.run(_rest_async(situation, streams))
    return _rest(situation, streams)


def _rest(situation: Situation, streams: int) -> Rest:
    def begun() -> Iterator[str]:
        stream = render_stream(situation.template, {"rows": situation.rows()})
        for _ in range(situation.taken):
            next(stream)
        return stream

    begun()
    with allocated() as told:
        resting = [begun() for _ in range(streams)]
        held = told() / streams
    del resting
    return Rest(held, 0)  # it renders only while it is asked


async def _rest_async(situation: Situation, streams: int) -> Rest:
    async def begun() -> AsyncIterator[str]:
        stream = render_stream_async(situation.template, {"rows": situation.rows()})
        for _ in range(situation.taken):
            await anext(stream)
        return stream

    await begun()
    with allocated() as told:
        resting = [await begun() for _ in range(streams)]
        for _ in range(100):  # renders go on to where they rest
            await asyncio.sleep(0)
        held = told() / streams
    ahead = situation.template.environment.is_async
    rendered = sys.getsizeof(await anext(resting[0])) if ahead else 0
    for stream in resting:
        await stream.aclose()  # type: ignore[attr-defined]
    return Rest(held, rendered, situation.waits)


def situations(cell: str) -> Mapping[str, Situation]:
    """All of them by title, with tables of cells of that text."""
    rows = [[cell] * 5] * 2000
    plain = StreamEnvironment(autoescape=True).from_string(SOURCE)
    coroutines = StreamEnvironment(autoescape=True, enable_async=True).from_string(SOURCE)

    async def stopping() -> AsyncIterator[list[str]]:
        for number in range(100):
            if number % 10 < GROWN:
                await asyncio.sleep(0)
            yield rows[0]
        await asyncio.Event().wait()

    def same() -> object:
        return rows

    return {
        "`render_stream`, the first chunk taken": Situation(plain, same, 1, False),
        f"`render_stream`, {GROWN} chunks taken": Situation(plain, same, GROWN, False),
        "async, the first chunk taken": Situation(coroutines, same, 1),
        f"async, {GROWN} chunks taken": Situation(coroutines, same, GROWN),
        "async, waiting for rows": Situation(coroutines, stopping, GROWN, waits=True),
        "async, of a template that is not": Situation(plain, same, 1),
    }


def text(found: Mapping[tuple[str, str], Rest]) -> str:
    """A table, a line for each text and situation."""
    rows = [
        [title, script, *(f"{size / 1024:.1f}" for size in (one.held, one.rendered, one.beside))]
        for (title, script), one in found.items()
    ]
    return "\n".join(
        [
            "KiB that one stream holds while nobody reads from it, and how much of it is text that",
            "it has rendered ahead. A character takes one byte in a Latin page, two in Cyrillic.",
            "",
            table(["stream", "text", "held", "text rendered", "beside the text"], rows, 2),
            "",
            f"Goal: at most {ALLOWED // 1024} KiB beside the text, and a quarter of the text more",
            f"where it waits in the middle of a chunk: {'met' if met(found) else 'MISSED'}.",
        ]
    )


def met(found: Mapping[tuple[str, str], Rest]) -> bool:
    """Whether no stream holds more than is allowed beside its text."""
    return all(one.beside <= one.allowed for one in found.values())


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the table; return 1 if the goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.at_rest", description=__doc__)
    parser.add_argument("--streams", type=count, default=STREAMS, help="default: %(default)s")
    return run(parser, _measure, arguments)


def _measure(chosen: argparse.Namespace) -> Findings:
    found = {
        (title, script): measure(situation, chosen.streams)
        for script, cell in TEXTS.items()
        for title, situation in situations(cell).items()
    }
    data = [
        {"stream": title, "text": script, **asdict(one)} for (title, script), one in found.items()
    ]
    command = f"python -m bench.at_rest --streams {chosen.streams}"
    return Findings(command, text(found), data, [], met(found))


if __name__ == "__main__":
    sys.exit(main())
