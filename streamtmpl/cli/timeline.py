"""``streamtmpl timeline``: renders a template, and draws what takes its time in that."""

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamtmpl import render_stream
from streamtmpl.chunks.options import Deferred
from streamtmpl.timeline import Timeline

from .arguments import (
    Command,
    RunOptions,
    add_data_arguments,
    add_run_arguments,
    add_template_arguments,
    file_argument,
)
from .destination import open_destination
from .inputs import load_template, open_rows, read_context, refuse_inputs
from .running import run_reported
from .undefined import Shown

if TYPE_CHECKING:
    from .arguments import Commands

_SUFFIXES = (".svg", ".html")
_DESCRIPTION = (
    "Render a Jinja2 template and draw how that goes: when each chunk leaves, where the template\n"
    "waits and for how long, and its deferred regions. What is rendered is thrown away."
)
_EPILOG = """\
exit status:
  0      all is rendered
  1      an error in a template or in the data; what was rendered before it is drawn
  2      wrong usage
  128+N  ended by signal N; what was rendered before it is drawn
"""


@dataclass(frozen=True, kw_only=True)
class TimelineOptions(RunOptions):
    """What ``streamtmpl timeline`` was asked to do; names are those of its arguments."""

    output: str | None
    deferred: Deferred

    def conflict(self) -> str | None:
        """What is wrong with the arguments together, if anything is."""
        if self.output is not None and _suffix(self.output) not in _SUFFIXES:
            return f"--output is a picture (.svg) or a page (.html), not {self.output!r}"
        return super().conflict()


def add_timeline(commands: "Commands") -> None:
    """Add the command to those that there are."""
    parser = commands.add_parser(
        "timeline",
        help="render a template, and draw when its chunks leave and what it waits for",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    parser.set_defaults(command=Command(parser, TimelineOptions, run))
    add_template_arguments(parser)
    add_data_arguments(parser)
    parser.add_argument(
        "--output",
        metavar="FILE",
        type=file_argument,
        help="draw into FILE, a picture (.svg) or a page (.html) (default: as text, to standard "
        "output)",
    )
    parser.add_argument(
        "--deferred",
        choices=("patch", "in-order"),
        default="patch",
        help="where deferred regions are rendered: behind the document, as for browsers (the "
        "default), or each in its place",
    )
    add_run_arguments(parser)


def run(options: TimelineOptions) -> int:
    """Render and draw, and report what goes wrong.

    :return: the exit status.
    """
    return run_reported(options, _render)


def _render(options: TimelineOptions, shown: Shown) -> None:
    refuse_inputs(options, options.output)
    rows = open_rows(options)
    template = load_template(options, shown, options.output)
    context = read_context(options, rows)
    timeline = Timeline(streams=1)
    stream = render_stream(
        template,
        context,
        chunk_size=options.chunk_size,
        encoding="utf-8",
        deferred=options.deferred,
        block=options.blocks,
        observe=timeline,
    )
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
        destination.write(drawn.encode())


def _suffix(file: str) -> str:
    return os.path.splitext(file)[1].lower()
