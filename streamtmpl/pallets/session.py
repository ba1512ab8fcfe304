"""Sessions that the rest of a page reads, or modifies when their cookie has been sent."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from streamtmpl.responses.late import warn_late

from .contexts import in_stream


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
            warn_late("stream_response(..., commit_after=...)")

    session.on_update = on_update


def vary_on(response: Any, app: Any, session: Any, names: Collection[str]) -> None:
    """Have shared caches keep *response*, a stream, apart for these headers and for each cookie.

    The framework itself says so for a session that has been read; nobody knows yet whether the rest
    of the page will read it.
    """
    is_read = getattr(session, "accessed", True)
    if not is_read and not app.session_interface.is_null_session(session):
        names = [*names, "Cookie"]
    add_vary(response, names)


def add_vary(response: Any, names: Collection[str]) -> None:
    """Have shared caches keep *response* apart for these headers of the request."""
    if "Vary" in response.headers:
        response.vary.update(names)
    elif names:  # to have it parsed takes longer
        response.headers["Vary"] = ", ".join(names)
