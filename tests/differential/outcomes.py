"""What a render came to: a text, or an exception with its template line; and the trace of both."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

from .values import Trace

ADDRESS = re.compile(r"0[xX][0-9a-fA-F]+")
# A template prints as its class, and ours is another class.
CLASS = re.compile(r"\bStreamTemplate(?= ['&])", re.IGNORECASE)
# What only tells how the generated Python looks: which of its lines, through which function.
GENERATED = (
    (re.compile(r"\s*\([^()]*, line \d+\)$"), ""),
    (re.compile(r"[\w.]+\.call\(\) argument after"), "call() argument after"),
)


def normalized(text: str) -> str:
    return CLASS.sub("Template", ADDRESS.sub("0x", text))


@dataclass(frozen=True)
class Rendered:
    text: str
    trace: Trace


@dataclass(frozen=True)
class Raised:
    kind: type[BaseException]
    message: str
    place: tuple[str, int] | None
    trace: Trace


Outcome = Rendered | Raised


def template_line(traceback: TracebackType | None) -> tuple[str, int] | None:
    """File name and line of the last frame that Jinja2 (or we) rewrote to a template's."""
    place = None
    while traceback is not None:
        if "__jinja_exception__" in traceback.tb_frame.f_globals:
            place = traceback.tb_frame.f_code.co_filename, traceback.tb_lineno
        traceback = traceback.tb_next
    return place


def told(error: BaseException) -> str:
    """The message, without what differs from one render to the next."""
    message = normalized(str(error))
    for pattern, instead in GENERATED:
        message = pattern.sub(instead, message)
    return message


def outcome(render: Callable[[], str], trace: Trace) -> Outcome:
    try:
        text = render()
    except (Exception, SystemExit) as error:
        return Raised(type(error), told(error), template_line(error.__traceback__), trace)
    return Rendered(normalized(text), trace)
