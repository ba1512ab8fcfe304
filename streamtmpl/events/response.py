"""What a response of events is sent with, and what a client says that connects again."""

from __future__ import annotations

from typing import Final

EVENT_HEADERS: Final = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-cache",
    "X-Accel-Buffering": "no",
}
"""The headers of an event stream. The last one has nginx pass each event on."""


def headers_with(given: dict[str, str]) -> dict[str, str]:
    """The headers of an event stream, where *given* ones come first, whatever their case."""
    names = {name.lower() for name in given}
    return {
        **given,
        **{name: EVENT_HEADERS[name] for name in EVENT_HEADERS if name.lower() not in names},
    }


def last_event_id(header: str | None) -> str | None:
    """The id of the last event that a client has seen, by its header ``Last-Event-ID``.

    :param header: the header's text as servers give it, one character a byte; ``None``: there is
        none.
    :return: ``None``: it has seen none with an id.
    """
    if not header:
        return None
    return header.encode("latin-1", "replace").decode("utf-8", "replace")
