"""What is made of the error of a region or boundary: its traceback, and the log."""

from __future__ import annotations

from sys import exc_info
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2.runtime import Context


def rewritten(context: Context, error: BaseException) -> BaseException:
    """*error* with the template's lines in its traceback, if it is being handled."""
    if isinstance(error, Exception) and exc_info()[1] is error:
        try:
            context.environment.handle_exception()
        except Exception as made:  # noqa: BLE001 - it is what was asked for
            return made
    return error


def log_failure(what: str, context: Context, line: int, error: BaseException) -> None:
    """Log that *what*, at *line* of the template of *context*, failed and shows nothing."""
    import logging  # noqa: PLC0415 - it takes as long to import as all of this package

    logging.getLogger("streamtmpl").error(
        "the %s at line %s of template %r failed: nothing is shown in its place",
        *(what, line, context.name or "<template>"),
        exc_info=error,
    )
