"""What becomes of an event that fails: nothing of it is sent, and it is logged."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from jinja2 import TemplateSyntaxError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from .event import Event


@contextmanager
def failures_of(event: Event, stop_on_error: bool) -> Iterator[None]:
    """Around what makes the text of *event*: its error is logged, or raised with *stop_on_error*.

    The logger is ``streamtmpl.events``.
    """
    try:
        yield
    except Exception as error:
        if stop_on_error:
            raise
        import logging  # noqa: PLC0415 - it takes as long to import as all of this package

        logging.getLogger("streamtmpl.events").error(
            "an event%s failed%s: it is not sent", _named(event), _place(error), exc_info=error
        )


def _named(event: Event) -> str:
    names = [
        f" {what}={value!r}"
        for what, value in (("name", event.name), ("id", event.id))
        if value is not None
    ]
    part = event.part
    if part is not None:
        block = "" if part.block is None else f", block {part.block!r}"
        names.append(f" of template {part.template.name or '<template>'!r}{block}")
    return "".join(names)


def _place(error: Exception) -> str:
    """Where in a template it happened: Jinja2 has put its lines into the traceback."""
    place = None
    if isinstance(error, TemplateSyntaxError):
        place = error.lineno, error.filename or error.name or "<template>"
    frame: TracebackType | None = error.__traceback__
    while frame is not None:
        if "__jinja_exception__" in frame.tb_frame.f_globals:
            place = frame.tb_lineno, frame.tb_frame.f_code.co_filename
        frame = frame.tb_next
    return "" if place is None else f" at line {place[0]} of {place[1]!r}"
