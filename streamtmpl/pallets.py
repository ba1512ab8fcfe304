"""What the adapters of Flask and Quart have in common. Neither is imported here."""

from __future__ import annotations

import sys
import warnings
from contextvars import Context, ContextVar, copy_context
from threading import RLock
from typing import TYPE_CHECKING, Any

from .buffer import DEFAULT_CHUNK_SIZE, check_chunk_size
from .environment import Streaming, enable_streaming
from .exceptions import LateSessionWarning

if TYPE_CHECKING:
    from types import FrameType

    from jinja2 import Environment

NAME = "streamtmpl"
"""The key of the extension in ``app.extensions``."""

CHUNK_SIZE = "STREAMTMPL_CHUNK_SIZE"
"""The configuration key of the chunk size."""

in_stream: ContextVar[bool] = ContextVar("streamtmpl_in_stream", default=False)
"""Whether the code that runs is that of a stream in a request, not of a view or a teardown."""

ACCEL = "X-Accel-Buffering"
"""The header that tells nginx whether to hold chunks back."""

setting_up = RLock()
"""Held while an application is set up, which its first streams may do."""


def configure(app: Any) -> None:
    """Give the configuration of *app* its defaults, and check what it has.

    :raises ValueError: the chunk size is negative or no integer.
    """
    app.config.setdefault(CHUNK_SIZE, DEFAULT_CHUNK_SIZE)
    check_chunk_size(app.config[CHUNK_SIZE])


def make_streaming(app: Any) -> None:
    """Have the template environment of *app* stream, now or when it is made.

    It is made at its first use, with options that the application may set until then.
    """
    if "jinja_env" in vars(app):
        streaming_environment(app)
        return
    kind: Any = app.jinja_environment
    if not getattr(kind, "enables_streaming", False):
        app.jinja_environment = type(kind.__name__, (_Enabling, kind), {"__doc__": kind.__doc__})


class _Enabling:
    """Put before a class of environments: its instances stream."""

    enables_streaming = True

    def __init__(self, app: Any, **options: Any) -> None:
        super().__init__(app, **options)  # type: ignore[call-arg] # the environment's arguments
        enable_streaming(self, chunk_size=app.config.get(CHUNK_SIZE))  # type: ignore[arg-type] # it is


def streaming_environment(app: Any) -> Environment:
    """The template environment of *app*, streaming."""
    environment: Environment = app.jinja_env
    if not isinstance(environment, Streaming):
        with setting_up:
            enable_streaming(environment, chunk_size=app.config.get(CHUNK_SIZE))
    return environment


def context_without(*variables: ContextVar[Any]) -> Context:
    """A copy of the current context in which *variables* are not set.

    Once what is pushed in it has been popped, there is no request in it any more.
    """
    context = Context()
    for variable, value in copy_context().items():
        if variable not in variables:
            context.run(variable.set, value)
    return context


def to_end(tokens: list[Any], token: Any) -> None:
    """Make *token* the one among the *tokens* of a context that its next pop takes."""
    tokens.remove(token)
    tokens.append(token)


def guard_session(session: Any) -> None:
    """Warn from now on when a stream modifies *session*, whose cookie has been written.

    Sessions without ``on_update``, which Flask's own have, cannot be watched.
    """
    if not hasattr(session, "on_update"):
        return
    original = session.on_update

    def on_update(changed: Any) -> None:
        if original is not None:
            original(changed)
        if in_stream.get():
            _warn_late()

    session.on_update = on_update


def _warn_late() -> None:
    frame = _template_frame(sys._getframe(1))
    advice = (
        "after the headers of the response, and with them the session's cookie, had been sent: the"
        " change is lost. Modify it in the view, or hold the first chunk back up to the block that"
        " modifies it: stream_response(..., commit_after=...)"
    )
    if frame is None:
        warnings.warn(f"the session was modified {advice}", LateSessionWarning, stacklevel=4)
        return
    template = frame.f_globals["__jinja_template__"]
    line = template.get_corresponding_lineno(frame.f_lineno)
    name = template.name or "a template from a string"
    warnings.warn_explicit(
        f"{name}, line {line}: the session was modified {advice}",
        LateSessionWarning,
        template.filename or "<template>",
        line,
    )


def _template_frame(frame: FrameType | None) -> FrameType | None:
    """The innermost frame of a template from *frame* on outwards."""
    while frame is not None and frame.f_globals.get("__jinja_template__") is None:
        frame = frame.f_back
    return frame
