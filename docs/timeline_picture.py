"""Writes the pictures of the documentation's page on timelines.

    python -m docs.timeline_picture

It renders the page of docs/examples/timeline, as the application does, in an event loop whose time
passes only while nothing else is to do. So the pictures are the same each time.
"""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from streamtmpl import render_stream_async
from streamtmpl.timeline import Timeline, observer
from tests.support.clocks import Loop, replaced_clock

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "_static" / "timeline"
EXAMPLE = ROOT / "docs" / "examples" / "timeline" / "app.py"


def drawn() -> dict[str, str]:
    """The pictures by the names of their files."""
    timeline = Timeline()
    with pytest.MonkeyPatch.context() as patch:
        clock = replaced_clock(patch)
        patch.setattr(observer, "perf_counter", clock)
        loop = Loop(clock)
        try:
            loop.run_until_complete(_render(timeline))
        finally:
            loop.close()
    return {"shop.svg": timeline.svg(), "shop.txt": timeline.text()}


async def _render(timeline: Timeline) -> None:
    spec = spec_from_file_location("timeline_example", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    example = module_from_spec(spec)
    spec.loader.exec_module(example)
    template = example.environment.get_template("shop.html")
    stream = render_stream_async(
        template, example.DATA, chunk_size=1024, encoding="utf-8", observe=timeline
    )
    async with stream as chunks:
        async for _ in chunks:
            pass


def main() -> None:
    for name, text in drawn().items():
        (FOLDER / name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
