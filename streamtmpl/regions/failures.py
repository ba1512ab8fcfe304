"""What is made of the error of a region or boundary: its traceback, the log, and what it shows."""

from __future__ import annotations

from sys import exc_info
from typing import TYPE_CHECKING, Any

from jinja2.exceptions import SecurityError

from streamtmpl.chunks.closing import open_iterators

if TYPE_CHECKING:
    from jinja2.runtime import Context


class ErrorInSandbox:
    """What a sandboxed template sees of an error: it must not reach what the error refers to.

    :ivar type: the name of the error's type.
    """

    def __init__(self, error: BaseException) -> None:
        """Stand for *error*; its text is that of this object."""
        self.type = type(error).__name__
        try:
            self._text = str(error)
        except Exception:  # noqa: BLE001 - as Python's own tracebacks have it
            self._text = f"<unprintable {self.type} object>"

    def __str__(self) -> str:
        return self._text


def shown(context: Context, error: BaseException) -> Any:
    """What the template of *context* sees as ``error``."""
    return ErrorInSandbox(error) if context.environment.sandboxed else error


def ends_render(error: BaseException | None) -> bool:
    """Whether *error* is none that a page may show instead of a part of it."""
    return error is not None and (
        not isinstance(error, Exception) or isinstance(error, SecurityError)
    )


def rewritten(context: Context, error: BaseException) -> BaseException:
    """*error* with the template's lines in its traceback, if it is being handled."""
    if isinstance(error, Exception) and exc_info()[1] is error:
        try:
            context.environment.handle_exception()
        except Exception as made:  # noqa: BLE001 - it is what was asked for
            return made
    return error


def log_failure(
    what: str, context: Context, line: int, error: BaseException, *, instead: str | None = None
) -> None:
    """Log that *what*, at *line* of the template of *context*, has failed.

    :param instead: the part that is shown in its place. Then it is a warning of the logger
        ``streamtmpl.handled``, which those who do not want it can disable; else an error.
    """
    import logging  # noqa: PLC0415 - it takes as long to import as all of this package

    place = (what, line, context.name or "<template>")
    if instead is None:
        logging.getLogger("streamtmpl").error(
            "the %s at line %s of template %r failed: nothing is shown in its place",
            *place,
            exc_info=error,
        )
    else:
        logging.getLogger("streamtmpl.handled").warning(
            "the %s at line %s of template %r failed: its %r part is shown",
            *(*place, instead),
            exc_info=error,
        )


def boundary_failed(
    context: Context,
    line: int,
    error: Exception,
    has_fallback: bool,
    what: str = "boundary",
    part: str = "fallback",
) -> Any:
    """Note the *error* that the body of a boundary at *line* has raised, while it is handled.

    :param what: what failed, if it is no boundary, and
    :param part: what its part for errors is called.

    :return: what the fallback sees as ``error``.
    :raises SecurityError: that is what it is.
    """
    try:
        raise error  # by which its traceback begins here: Jinja2 leaves the first frame out
    except Exception:  # noqa: BLE001 - it is the one
        rewritten(context, error)
    if isinstance(error, SecurityError):
        raise error
    instead = part if has_fallback else None
    log_failure(what, context, line, error, instead=instead)
    iterators = open_iterators.get()
    if iterators is not None and iterators.watch is not None:
        iterators.watch.boundary_failed(context.name, line, error)
    return shown(context, error)
