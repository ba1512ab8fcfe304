"""What comes too late in a page: changes that its head should have carried."""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING, Any

from django.contrib.sessions.backends.base import SessionBase

from streamtmpl.responses.late import warn_late

if TYPE_CHECKING:
    from django.http import HttpRequest


logger = logging.getLogger("streamtmpl")


class LateChanges:
    """Tells of what the rest of a page does that should have happened before the commit.

    The middleware that would have stored it, or sent a cookie for it, has run by then.
    """

    def __init__(self, request: HttpRequest, template: Any) -> None:
        self._request = request
        self._template = template
        self._before: list[str] | None = None
        self._session: Any = None
        self._kind: Any = None

    def committed(self) -> None:
        """The response's head is being sent: what has happened so far is on its way."""
        if self._before is None:
            self._before = self._pending()
            session: Any = getattr(self._request, "session", None)
            if isinstance(session, SessionBase) and not isinstance(session, _Saved):
                self._session, self._kind = session, type(session)
                session.__class__ = _saved(self._kind)

    def tell(self) -> None:
        """Log what has happened since, once; the page has ended."""
        if self._session is not None:
            self._session.__class__ = self._kind
            self._session = None
        if self._before is not None:
            pending = self._pending()
            for what in pending:
                if what not in self._before:
                    logger.warning(
                        "%r: %s after the first chunk had left. Do that in the view, or in a"
                        " block named by commit_after.",
                        self._template,
                        what,
                    )
            self._before = pending

    def _pending(self) -> list[str]:
        happened = []
        if "CSRF_COOKIE" in self._request.META:
            happened.append("a CSRF token was made, and its cookie not sent,")
        messages = getattr(self._request, "_messages", None)
        if messages is not None:
            if getattr(messages, "used", False):
                happened.append("messages were shown, and not discarded,")
            if getattr(messages, "added_new", False):
                happened.append("a message was added, and not stored,")
        return happened


class _Saved:
    """Put before the class of a session that has been saved: it warns of each further change."""

    @property
    def modified(self) -> bool:
        """No: not since then. Django's sessions ask this to leave it as it is."""
        return False

    @modified.setter
    def modified(self, value: bool) -> None:
        if value:
            vars(self)["modified"] = True
            warn_late("StreamTemplateResponse(..., commit_after=...)")


@cache
def _saved(kind: Any) -> Any:
    # Sessions are signed with the name of their class.
    names = {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
    return type(kind.__name__, (_Saved, kind), names)
