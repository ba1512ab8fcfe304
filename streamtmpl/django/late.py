"""What comes too late in a page: changes that its head should have carried."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

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

    def committed(self) -> None:
        """The response's head is being sent: what has happened so far is on its way."""
        if self._before is None:
            self._before = self._pending()

    def tell(self) -> None:
        """Log what has happened since, once."""
        if self._before is not None:
            for what in self._pending():
                if what not in self._before:
                    logger.warning(
                        "%r: %s after the first chunk had left. Do that in the view, or in a"
                        " block named by commit_after.",
                        self._template,
                        what,
                    )
            self._before = self._pending()

    def _pending(self) -> list[str]:
        session = getattr(self._request, "session", None)
        messages = getattr(self._request, "_messages", None)
        happened = {
            "the session was modified, and not saved,": getattr(session, "modified", False),
            "a CSRF token was made, and its cookie not sent,": "CSRF_COOKIE" in self._request.META,
            "messages were shown, and not discarded,": getattr(messages, "used", False),
            "a message was added, and not stored,": getattr(messages, "added_new", False),
        }
        return [what for what, whether in happened.items() if whether]
