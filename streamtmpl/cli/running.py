"""What commands that render have in common: what goes wrong is reported, and ends the command."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn, TypeVar

from .arguments import EXIT_ERROR, EXIT_OK, EXIT_SIGNAL, RunOptions
from .failure import logged_as_messages, report, write_message
from .undefined import Shown

Options = TypeVar("Options", bound=RunOptions)


def run_reported(options: Options, render: Callable[[Options, Shown], None]) -> int:
    """Call *render*, and report what goes wrong.

    :param render: gets the undefined values that are shown.
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


def _warn(options: RunOptions, shown: Shown) -> None:
    """Report what was undefined, unless that is an error, which is reported as such."""
    if not options.strict:
        for message in shown.messages():
            write_message("warning", message)


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
