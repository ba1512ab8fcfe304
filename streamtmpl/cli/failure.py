"""What the command line says about an error: one line, with file and line where they are known."""

import sys
import traceback
from types import TracebackType

import jinja2

from .arguments import PROGRAM
from .data import DataError
from .destination import OutputError


def report(error: Exception, with_traceback: bool) -> None:
    """Write *error* to standard error as one line, below its traceback if that is wanted."""
    if sys.stderr is None:  # closed when the process started
        return
    if with_traceback:
        traceback.print_exception(error)
    sys.stderr.write(f"{PROGRAM}: error: {' '.join(describe(error).splitlines())}\n")


def describe(error: Exception) -> str:
    """What happened and where: in a file of data, in the output or in a template."""
    if isinstance(error, (DataError, OutputError)):
        return str(error)
    if isinstance(error, jinja2.TemplateSyntaxError):
        return f"{error.filename or error.name}:{error.lineno}: {error.message}"
    place = template_place(error.__traceback__)
    if place is None:
        return _without_place(error)
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
