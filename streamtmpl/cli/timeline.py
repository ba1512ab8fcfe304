"""``streamtmpl timeline``: renders a template, and draws what takes its time in that."""

import argparse
import os
import shutil
from dataclasses import dataclass

from streamtmpl.chunks.options import Deferred
from streamtmpl.timeline import Timeline

from .arguments import Command, RunOptions, add_run_arguments
from .destination import open_destination
from .inputs import start_stream
from .running import run_reported
from .undefined import Shown

_SUFFIXES = (".svg", ".html")
_DESCRIPTION = (
    "Render a Jinja2 template and draw how that goes: when each chunk leaves, where the template\n"
    "waits and for how long, and its deferred regions. What is rendered is thrown away."
)
_EPILOG = """\
exit status:
  0      all is rendered
  1      an error in a template, in the data or while writing; what was rendered before it is drawn
  2      wrong usage
  128+N  ended by signal N; what was rendered before it is drawn
"""


@dataclass(frozen=True, kw_only=True)
class TimelineOptions(RunOptions):
    """What ``streamtmpl timeline`` was asked to do; names are those of its arguments."""

    deferred: Deferred

    def conflict(self) -> str | None:
        """What is wrong with the arguments together, if anything is."""
        if self.output is not None and _suffix(self.output) not in _SUFFIXES:
            return f"--output is a picture (.svg) or a page (.html), not {self.output!r}"
        return super().conflict()


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_run_arguments(
        parser,
        "draw into FILE, a picture (.svg) or a page (.html) (default: as text, to standard output)",
    )
    parser.add_argument(
        "--deferred",
        choices=("patch", "in-order"),
        default="patch",
        help="where deferred regions are rendered: behind the document, as for browsers (the "
        "default), or each in its place",
    )


def _run(options: TimelineOptions) -> int:
    return run_reported(options, _render)


def _render(options: TimelineOptions, shown: Shown) -> None:
    timeline = Timeline(streams=1)
    stream, _ = start_stream(options, shown, deferred=options.deferred, observe=timeline)
    try:
        with stream as chunks:
            for _ in chunks:
                pass
            if options.strict:
                shown.refuse()  # what a boundary has caught
    finally:
        _draw(timeline, options.output)  # up to an error as well, or to where somebody gave it up


def _draw(timeline: Timeline, output: str | None) -> None:
    with open_destination(output) as destination:
        if output is None:
            width = shutil.get_terminal_size().columns if destination.is_terminal else 80
            drawn = timeline.text(width, colour=destination.has_colour)
        elif _suffix(output) == ".svg":
            drawn = timeline.svg()
        else:
            drawn = timeline.html()
        destination.write_text(drawn)


def _suffix(file: str) -> str:
    return os.path.splitext(file)[1].lower()


COMMAND = Command(
    name="timeline",
    help="render a template, and draw when its chunks leave and what it waits for",
    description=_DESCRIPTION,
    epilog=_EPILOG,
    add_arguments=_add_arguments,
    options=TimelineOptions,
    run=_run,
)
