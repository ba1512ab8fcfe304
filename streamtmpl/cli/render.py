"""``streamtmpl render``: from arguments to written chunks and an exit status."""

import argparse
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from streamtmpl import render_stream

from .arguments import (
    EXIT_ERROR,
    EXIT_OK,
    EXIT_SIGNAL,
    Command,
    DataOptions,
    TemplateOptions,
    add_data_arguments,
    add_template_arguments,
    file_argument,
)
from .destination import Destination, open_destination, refuse_input
from .failure import logged_as_messages, report, write_message
from .inputs import load_template, open_rows, read_context
from .progress import ignore_progress, progress_bar
from .rows import Rows
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
class RenderOptions(TemplateOptions, DataOptions):
    """What ``streamtmpl render`` was asked to do; names and units are those of its arguments."""

    blocks: list[str] | None
    output: str | None
    chunk_size: int | None  # characters
    traceback: bool


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
    _add_block_argument(parser)
    add_data_arguments(parser)
    _add_output_arguments(parser)


def _add_block_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--block",
        dest="blocks",
        metavar="NAME",
        action="append",
        help="render this block of the page alone; may be repeated, in the order wanted",
    )


def _add_output_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--output",
        metavar="FILE",
        type=file_argument,
        help="write to FILE, which changes only once all is rendered (default: standard output)",
    )
    parser.add_argument(
        "--chunk-size",
        metavar="N",
        type=_chunk_size,
        help="characters to collect before a chunk is written (default: 16384); 0 writes "
        "whenever a statement block ends",
    )
    parser.add_argument(
        "--traceback", action="store_true", help="print Python's traceback before an error message"
    )


def run(options: RenderOptions) -> int:
    """Render, and report what goes wrong.

    :return: the exit status.
    """
    shown = Shown(options.template)
    try:
        with _exit_on_termination(), logged_as_messages(options.template, options.traceback):
            render(options, shown)
    except Exception as error:
        if isinstance(error, BrokenPipeError):
            raise
        _warn(options, shown)
        report(error, options.template, options.traceback)
        return EXIT_ERROR
    _warn(options, shown)
    return EXIT_OK


def _warn(options: RenderOptions, shown: Shown) -> None:
    """Report what was undefined, unless that is an error, which is reported as such."""
    if not options.strict:
        for message in shown.messages():
            write_message("warning", message)


def render(options: RenderOptions, shown: Shown) -> None:
    """Render as *options* say.

    :param shown: gets the undefined values that are shown.
    :raises FileError: a file cannot be read or written, or does not hold what it should.
    :raises Exception: what the template raises.
    """
    for file in options.data + [file for _, file in options.rows]:
        refuse_input(options.output, file)
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


@contextmanager
def _exit_on_termination() -> Iterator[None]:
    """Have SIGTERM unwind the ``with`` block, so that an unfinished output file is removed."""

    def leave(number: int, frame: FrameType | None) -> NoReturn:
        sys.exit(EXIT_SIGNAL + number)

    previous = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def _chunk_size(text: str) -> int:
    try:
        size = int(text)
    except ValueError:
        size = -1
    if size < 0:
        raise argparse.ArgumentTypeError(f"expected a number of characters from 0, found {text!r}")
    return size
