"""What the command line says about an error: one line, with file and line where they are known."""

import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

import jinja2

from .arguments import PROGRAM
from .files import FileError


def report(error: Exception, template: str, with_traceback: bool) -> None:
    """Write *error* to standard error as one line, below its traceback if that is wanted.

    :param template: the file that was rendered, for errors that happen in none.
    """
    _write_traceback(error, with_traceback)
    write_message("error", describe(error, template))


def write_message(kind: str, text: str) -> None:
    """Write one line to standard error, if it is open: ``file:line: problem`` and what it is."""
    if sys.stderr is not None:  # closed when the process started
        sys.stderr.write(f"{PROGRAM}: {kind}: {' '.join(text.splitlines())}\n")


@contextmanager
def logged_as_messages(template: str, with_traceback: bool) -> Iterator[None]:
    """Write what streamtmpl logs, as of a region that has failed, like all other messages."""
    handler = _MessageHandler(template, with_traceback)
    logger = logging.getLogger("streamtmpl")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


class _MessageHandler(logging.Handler):
    def __init__(self, template: str, with_traceback: bool) -> None:
        super().__init__(logging.WARNING)
        self._template = template
        self._with_traceback = with_traceback

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, Exception):
            _write_traceback(error, self._with_traceback)
            text = f"{describe(error, self._template)} ({record.getMessage()})"
        else:
            text = f"{self._template}: {record.getMessage()}"
        write_message(record.levelname.lower(), text)


def _write_traceback(error: Exception, wanted: bool) -> None:
    if wanted and sys.stderr is not None:
        traceback.print_exception(error)


def describe(error: Exception, template: str) -> str:
    """Where and what: ``file:line: problem``, without the line where there is none.

    The file is one of data, the output or the innermost template; without any it is *template*.
    """
    if isinstance(error, FileError):
        return str(error)
    if isinstance(error, jinja2.TemplateSyntaxError):
        return f"{error.filename or error.name or template}:{error.lineno}: {error.message}"
    place = template_place(error.__traceback__)
    if place is None:
        return f"{template}: {_without_place(error)}"
    return f"{place[0]}:{place[1]}: {_problem(error)}"


def template_place(frame: TracebackType | None) -> tuple[str, int] | None:
    """File and line of the innermost template in a traceback, ``None`` without templates.

    Jinja2 rewrites the tracebacks of templates: the frames have the template's file and line.
    """
    place = None
    while frame is not None:
        if "__jinja_exception__" in frame.tb_frame.f_globals:
            place = (frame.tb_frame.f_code.co_filename, frame.tb_lineno)
        frame = frame.tb_next
    return place


def _problem(error: Exception) -> str:
    if isinstance(error, jinja2.TemplateError):
        return str(error)
    return f"{type(error).__name__}: {error}".removesuffix(": ")


def _without_place(error: Exception) -> str:
    if isinstance(error, UnicodeEncodeError):
        character = ascii(error.object[error.start])
        return f"the output cannot be encoded as {error.encoding}: it has the character {character}"
    if isinstance(error, jinja2.TemplateError):
        return _problem(error)
    return f"{_problem(error)} (--traceback shows where)"
