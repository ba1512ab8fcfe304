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
from .destination import Destination, open_destination, refuse_input
from .failure import logged_as_messages, report, write_message
from .loader import FileLoader
from .progress import ignore_progress, progress_bar
from .rows import Rows
from .undefined import Shown, reporting_undefined

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
    shown = Shown(options.template)
    try:
        with _exit_on_termination(), logged_as_messages(options.template, options.traceback):
            render(options, shown)
    except KeyboardInterrupt:
        return EXIT_SIGNAL + signal.SIGINT
    except BrokenPipeError:
        return EXIT_BROKEN_PIPE
    except Exception as error:  # noqa: BLE001 - what a template calls may raise anything
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
    rows = {
        name: Rows(file, options.rows_format, options.delimiter, options.encoding)
        for name, file in options.rows
    }
    template = load_template(options, shown)
    context: dict[str, Any] = {}
    for file in options.data:
        context.update(read_data(file, options.encoding))
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
            block=options.blocks,
        ) as chunks,
        _progress(destination, list(rows.values())) as advance,
    ):
        for chunk in chunks:
            destination.write(chunk)
            advance(len(chunk))
        if options.strict:
            shown.refuse()  # what a boundary has caught


def load_template(options: RenderOptions, shown: Shown) -> jinja2.Template:
    """Compile the template that *options* name.

    :param shown: gets the undefined values that it shows.
    :raises jinja2.TemplateError: it is wrong.
    :raises FileError: it is missing or unreadable.
    """
    loader = FileLoader(options.template, options.search_path, options.output)
    environment = StreamEnvironment(
        loader=loader,
        autoescape=_escapes if options.autoescape is None else options.autoescape,
        trim_blocks=options.trim_blocks,
        lstrip_blocks=options.lstrip_blocks,
        extensions=options.extensions,
        undefined=reporting_undefined(shown, options.strict),
        auto_reload=False,
    )
    if "jinja2.ext.InternationalizationExtension" in environment.extensions:
        environment.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
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
