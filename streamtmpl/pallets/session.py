"""Warning of a session that is modified when its cookie has been sent."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING, Any

from streamtmpl.exceptions import LateSessionWarning

from .contexts import in_stream

if TYPE_CHECKING:
    from types import FrameType


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
