"""What a response of events is sent with, and what a client says that connects again."""

from __future__ import annotations

from typing import Any, Final

EVENT_HEADERS: Final = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-cache",
    "X-Accel-Buffering": "no",
}
"""The headers of an event stream. By the last one nginx passes each event on."""


def add_event_headers(headers: Any) -> None:
    """Give *headers*, of any framework's, those of an event stream; all but the type may differ."""
    for name, value in EVENT_HEADERS.items():
        if name == "Content-Type":
            headers[name] = value
        else:
            headers.setdefault(name, value)


def decoded_id(header: str | None) -> str | None:
    """The id that a header ``Last-Event-ID`` has: clients send it as UTF-8.

    :param header: its text as servers give it, a character for each byte; ``None``: there is none.
    """
    if not header:
        return None
    return header.encode("latin-1", "replace").decode("utf-8", "replace")
