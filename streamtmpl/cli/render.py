"""``streamtmpl render``: from arguments to written chunks and an exit status."""

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

from .arguments import Command, RunOptions, add_run_arguments
from .destination import Destination, open_destination
from .inputs import start_stream
from .progress import ignore_progress, progress_bar
from .rows import Rows
from .running import run_reported
from .undefined import Shown

_EPILOG = """\
exit status:
  0      all is rendered
  1      an error in a template, in the data or while writing; the message says where
  2      wrong usage
  128+N  ended by signal N: 130 interrupted, 141 the reader of the output left
"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_run_arguments(
        parser,
        "write to FILE, which changes only once all is rendered (default: standard output)",
    )


def _run(options: RunOptions) -> int:
    return run_reported(options, _render)


def _render(options: RunOptions, shown: Shown) -> None:
    # A file has nobody who would wait for its regions.
    stream, rows = start_stream(options, shown, deferred="in-order")
    with (
        stream as chunks,
        open_destination(options.output) as destination,
        _progress(destination, rows) as advance,
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


COMMAND = Command(
    name="render",
    help="render a template to standard output or to a file",
    description="Render a Jinja2 template, writing its text in chunks while it is still running.",
    epilog=_EPILOG,
    add_arguments=_add_arguments,
    options=RunOptions,
    run=_run,
)
