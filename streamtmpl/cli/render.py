"""``streamtmpl render``: from arguments to written chunks and an exit status."""

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamtmpl import render_stream

from .arguments import (
    Command,
    RunOptions,
    add_data_arguments,
    add_run_arguments,
    add_template_arguments,
    file_argument,
)
from .destination import Destination, open_destination
from .inputs import load_template, open_rows, read_context, refuse_inputs
from .progress import ignore_progress, progress_bar
from .rows import Rows
from .running import run_reported
from .undefined import Shown

if TYPE_CHECKING:
    from .arguments import Commands

_DESCRIPTION = "Render a Jinja2 template, writing its text in chunks while it is still running."
_EPILOG = """\
exit status:
  0      all is rendered
  1      an error in a template, in the data or while writing; the message says where
  2      wrong usage
  128+N  ended by signal N: 130 interrupted, 141 the reader of the output left
"""


@dataclass(frozen=True, kw_only=True)
class RenderOptions(RunOptions):
    """What ``streamtmpl render`` was asked to do; names and units are those of its arguments."""

    output: str | None


def add_render(commands: "Commands") -> None:
    """Add the command to those that there are."""
    parser = commands.add_parser(
        "render",
        help="render a template to standard output or to a file",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    parser.set_defaults(command=Command(parser, RenderOptions, run))
    add_template_arguments(parser)
    add_data_arguments(parser)
    parser.add_argument(
        "--output",
        metavar="FILE",
        type=file_argument,
        help="write to FILE, which changes only once all is rendered (default: standard output)",
    )
    add_run_arguments(parser)


def run(options: RenderOptions) -> int:
    """Render, and report what goes wrong.

    :return: the exit status.
    """
    return run_reported(options, render)


def render(options: RenderOptions, shown: Shown) -> None:
    """Render as *options* say.

    :param shown: gets the undefined values that are shown.
    :raises FileError: a file cannot be read or written, or does not hold what it should.
    :raises Exception: what the template raises.
    """
    refuse_inputs(options, options.output)
    rows = open_rows(options)
    template = load_template(options, shown, options.output)
    context = read_context(options, rows)
    with (
        open_destination(options.output) as destination,
        render_stream(
            template,
            context,
            chunk_size=options.chunk_size,
            encoding="utf-8",
            deferred="in-order",  # a file has nobody who would wait for its regions
            block=options.blocks,
        ) as chunks,
        _progress(destination, list(rows.values())) as advance,
    ):
        for chunk in chunks:
            destination.write(chunk)
            advance(len(chunk))
        if options.strict:
            shown.refuse()  # what a boundary has caught


def _progress(
    destination: Destination, rows: Sequence[Rows]
) -> AbstractContextManager[Callable[[int], None]]:
    """A bar for a user who sees standard error but not the output, else nothing to see."""
    if sys.stderr is None or not sys.stderr.isatty() or destination.is_terminal:
        return nullcontext(ignore_progress)
    return progress_bar(rows)
