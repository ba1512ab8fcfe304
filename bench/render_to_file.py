"""``python -m bench.render_to_file WAY CSV TARGET``: one render, in a process of its own.

It renders docs/examples/report.html from a CSV that is read row by row, as `streamtmpl render`
does, and writes each piece of text as soon as it is there. `bench.memory` measures the process.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import TextIO

from bench.peers.jinja2 import PEER as JINJA2
from bench.peers.streamtmpl import PEER as STREAMTMPL
from bench.ways import AsyncPieces, Pieces, Way, Whole
from bench.workloads import MAIN, Context, Workload
from streamtmpl.cli.rows import Rows

EXAMPLES = Path(__file__).resolve().parent.parent / "docs" / "examples"


def load(label: str) -> Way:
    """The report, loaded in the way that `bench.contest` calls `label`."""
    sources = {
        MAIN: (EXAMPLES / "report.html").read_text(encoding="utf-8"),
        "layout.html": (EXAMPLES / "layout.html").read_text(encoding="utf-8"),
    }
    report = Workload("report", "a report of sales", sources, lambda: dict)
    ways = {
        f"{peer.name} {name}": way
        for peer in (STREAMTMPL, JINJA2)
        for name, way in peer.ways.items()
    }
    return ways[label](report)


def write(way: Way, context: Context, target: TextIO) -> None:
    """Render `context` into `target`."""
    if isinstance(way, Whole):
        target.write(way.render(context))
    elif isinstance(way, Pieces):
        _write_all(way.render(context), target)
    else:
        assert isinstance(way, AsyncPieces)
        asyncio.run(_write_async(aiter(way.render(context)), target))


def _write_all(pieces: Iterable[str], target: TextIO) -> None:
    for piece in pieces:
        target.write(piece)


async def _write_async(pieces: AsyncIterator[str], target: TextIO) -> None:
    async for piece in pieces:
        target.write(piece)


def main() -> None:
    label, source, target = sys.argv[1:]
    way = load(label)
    with open(target, "w", encoding="utf-8", newline="") as file:
        write(way, {"sales": Rows(source)}, file)


if __name__ == "__main__":
    main()
