"""``streamtmpl render``: from arguments to written chunks and an exit status."""

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import FrameType
from typing import Any, NoReturn

import jinja2

from streamtmpl import StreamEnvironment, render_stream

from .arguments import RenderOptions, parse_arguments
from .data import read_data
from .destination import Destination, open_destination
from .failure import report
from .loader import FileLoader
from .progress import ignore_progress, progress_bar
from .rows import Rows

EXIT_OK = 0
EXIT_ERROR = 1
EXIT_SIGNAL = 128  # plus the signal's number, as shells report it
EXIT_BROKEN_PIPE = EXIT_SIGNAL + 13  # the number of SIGPIPE, which Windows does not define

_ESCAPED = ("html", "htm", "xml")
_ESCAPED_BEFORE = ("j2", "jinja", "jinja2")  # page.html.j2 is HTML too


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with *arguments*, ``None`` for the process's own, in the main thread.

    :return: the exit status.
    :raises SystemExit: wrong usage, ``--help`` and ``--version``, as argparse does.
    """
    options = parse_arguments(arguments)
    try:
        with _exit_on_termination():
            render(options)
    except KeyboardInterrupt:
        return EXIT_SIGNAL + signal.SIGINT
    except BrokenPipeError:
        return EXIT_BROKEN_PIPE
    except Exception as error:  # noqa: BLE001 - what a template calls may raise anything
        report(error, options.traceback)
        return EXIT_ERROR
    return EXIT_OK


def render(options: RenderOptions) -> None:
    """Render as *options* say.

    :raises DataError: a file of data cannot be read or does not hold what it should.
    :raises OutputError: the output cannot be written.
    :raises Exception: what the template raises.
    """
    rows = {name: Rows(file, options.rows_format) for name, file in options.rows}
    template = load_template(options)
    context: dict[str, Any] = {}
    for file in options.data:
        context.update(read_data(file))
    context.update(options.definitions)
    context.update(rows)
    with (
        open_destination(options.output) as destination,
        render_stream(
            template,
            context,
            chunk_size=options.chunk_size,
            encoding="utf-8",
            deferred="in-order",  # a file has nobody who would wait for its regions
        ) as chunks,
        _progress(destination, list(rows.values())) as advance,
    ):
        for chunk in chunks:
            destination.write(chunk)
            advance(len(chunk))


def load_template(options: RenderOptions) -> jinja2.Template:
    """Compile the template that *options* name.

    :raises jinja2.TemplateError: it is missing, unreadable or wrong.
    """
    loader = FileLoader(options.template, options.search_path)
    environment = StreamEnvironment(
        loader=loader,
        autoescape=_escapes if options.autoescape is None else options.autoescape,
        auto_reload=False,
    )
    return environment.get_template(loader.main)


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


_escapes = jinja2.select_autoescape(
    [*_ESCAPED, *(f"{kind}.{suffix}" for kind in _ESCAPED for suffix in _ESCAPED_BEFORE)]
)
