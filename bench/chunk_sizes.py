"""``python -m bench.chunk_sizes``: what the size of chunks does to time and to the wire.

One page of 20,000 rows, streamed at several chunk sizes, rendered whole, and as the pieces of
Jinja2's ``generate()``. Bytes on the wire are those of the body in HTTP/1.1's chunked coding, as it
is and compressed with gzip in such a way that each chunk can be shown on arrival (a flush after
each). They are computed, not sent. Times are CPU times of rendering and encoding as UTF-8, and of
compressing; what a server adds for each chunk is not in them.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from random import Random

from jinja2 import Environment

from bench.command import count, run
from bench.contest import OutputsDiffer
from bench.findings import Findings, Panel, exact, point, table
from bench.report import duration
from bench.rounds import Spread, interleaved
from bench.wire import compressed, framing_size
from bench.workloads import MAIN, WORKLOADS, Context, generated_rows
from streamtmpl import StreamEnvironment, render_stream

SIZES = [0, 256, 1024, 4096, 16384, 65536]
ROWS = 20_000
SOURCE = next(each.sources[MAIN] for each in WORKLOADS if each.name == "rows from a generator")

PIECES, WHOLE = "Jinja2 generate", "streamtmpl render"
STREAM = "streamtmpl stream"

Start = Callable[[], Iterable[bytes]]
"""Begin to render; gives the encoded chunks."""


@dataclass(frozen=True)
class Wire:
    """The chunks of one page and what becomes of them."""

    chunks: int
    body: int
    framing: int
    compressed: int
    """Bytes of the compressed body, with its framing."""

    @classmethod
    def of(cls, chunks: Sequence[bytes]) -> Wire:
        """Measure encoded chunks; empty ones are not sent."""
        small = list(compressed(chunks))
        return cls(
            chunks=sum(map(bool, chunks)),
            body=sum(map(len, chunks)),
            framing=framing_size(chunks),
            compressed=sum(map(len, small)) + framing_size(small),
        )


@dataclass(frozen=True)
class Times:
    """CPU seconds of one render and of compressing what it gave."""

    rendering: float
    compressing: float


def starts(sizes: Sequence[int], context: Context) -> dict[str, Start]:
    """How the page is rendered, by label: at all chunk sizes, whole, and in Jinja2's pieces."""
    streaming = StreamEnvironment(autoescape=True).from_string(SOURCE)
    plain = Environment(autoescape=True).from_string(SOURCE)

    def stream(size: int) -> Iterable[bytes]:
        return render_stream(streaming, context, chunk_size=size, encoding="utf-8")

    return {
        PIECES: lambda: (piece.encode() for piece in plain.generate(context)),
        **{_title(size): partial(stream, size) for size in sizes},
        WHOLE: lambda: [streaming.render(context).encode()],
    }


def _title(size: int) -> str:
    return f"{STREAM}, {_short(size)}"


def _short(size: int) -> str:
    if size == 0:
        return "every boundary"
    return f"{size // 1024} Ki" if size % 1024 == 0 else str(size)


def check_equal(pages: Mapping[str, Sequence[bytes]]) -> None:
    """Raise `OutputsDiffer` unless all chunks join to the same page."""
    joined = {label: b"".join(chunks) for label, chunks in pages.items()}
    for label, page in joined.items():
        if page != joined[PIECES]:
            raise OutputsDiffer(f"{label} gives another page than {PIECES}")


def timed(start: Start) -> Times:
    """Render once, dropping the chunks; render again to compress them."""
    begin = time.process_time()
    _drop(start())
    rendered = time.process_time() - begin
    chunks = list(start())
    begin = time.process_time()
    _drop(compressed(chunks))
    return Times(rendered, time.process_time() - begin)


def _drop(chunks: Iterable[bytes]) -> None:
    deque(chunks, maxlen=0)


@dataclass(frozen=True)
class Sizes:
    """Everything measured, by label."""

    sizes: Sequence[int]
    wires: Mapping[str, Wire]
    times: Mapping[str, Sequence[Times]]

    def rendering(self, label: str) -> Spread:
        return Spread.of([each.rendering for each in self.times[label]])

    def compressing(self, label: str) -> Spread:
        return Spread.of([each.compressing for each in self.times[label]])


def measure(sizes: Sequence[int], rows: int, rounds: int, random: Random) -> Sizes:
    """Render in all ways, check that the pages are equal, and time it."""
    renders = starts(sizes, {"rows": list(generated_rows(rows))})
    pages = {label: list(start()) for label, start in renders.items()}
    check_equal(pages)
    wires = {label: Wire.of(chunks) for label, chunks in pages.items()}
    pages.clear()
    tasks = {label: partial(timed, start) for label, start in renders.items()}
    return Sizes(sizes, wires, interleaved(tasks, rounds, random))


def text(found: Sizes) -> str:
    """A table, one line for each way to render."""
    head = ["", "chunks", "framing", "on the wire", "with gzip", "rendering", "gzip"]
    rows = [
        [
            label,
            f"{wire.chunks:,}",
            f"{wire.framing:,} ({wire.framing / wire.body:.2%})",
            f"{wire.body + wire.framing:,}",
            f"{wire.compressed:,}",
            duration(found.rendering(label).middle),
            duration(found.compressing(label).middle),
        ]
        for label, wire in found.wires.items()
    ]
    body = found.wires[WHOLE].body
    return "\n".join(
        [
            f"One page of {body:,} bytes: chunks, bytes that HTTP/1.1's chunk framing adds (in",
            "proportion to the page), bytes on the wire as it is and compressed with a flush after",
            "each chunk, median CPU time of rendering and of compressing.",
            "",
            table(head, rows),
        ]
    )


def panels(found: Sizes) -> list[Panel]:
    """Chunks, bytes and time against the chunk size."""
    names = [*map(_short, found.sizes), "whole page"]
    labels = [*map(_title, found.sizes), WHOLE]
    wires = [found.wires[label] for label in labels]
    pieces = found.wires[PIECES]
    size = "chunk size in characters"
    return [
        Panel(
            "How many chunks there are",
            size,
            "chunks (log scale)",
            {STREAM: [exact(place, wire.chunks) for place, wire in enumerate(wires)]},
            names=names,
            levels={PIECES: pieces.chunks},
            log_y=True,
        ),
        Panel(
            "Bytes on the wire, compressed with gzip and a flush after each chunk",
            size,
            "bytes (log scale)",
            {STREAM: [exact(place, wire.compressed) for place, wire in enumerate(wires)]},
            names=names,
            levels={PIECES: pieces.compressed},
            log_y=True,
            unit="B",
        ),
        Panel(
            "Time to render and encode the page",
            size,
            "CPU time",
            {STREAM: [point(place, found.rendering(label)) for place, label in enumerate(labels)]},
            names=names,
            levels={PIECES: found.rendering(PIECES).middle},
            unit="s",
        ),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.chunk_sizes", description=__doc__)
    parser.add_argument("--rows", type=count, default=ROWS, help="default: %(default)s")
    parser.add_argument("--rounds", type=count, default=10, help="default: %(default)s")
    return run(parser, _measure, arguments)


def _measure(chosen: argparse.Namespace) -> Findings:
    found = measure(SIZES, chosen.rows, chosen.rounds, Random())
    data = {
        label: {"wire": asdict(wire), "times": [asdict(each) for each in found.times[label]]}
        for label, wire in found.wires.items()
    }
    command = f"python -m bench.chunk_sizes --rows {chosen.rows} --rounds {chosen.rounds}"
    return Findings(command, text(found), data, panels(found))


if __name__ == "__main__":
    sys.exit(main())
