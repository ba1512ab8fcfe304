"""Server-sent events whose data are parts of pages: templates, or single blocks of them."""

from .clients import datastar_patch, htmx_oob, turbo_stream
from .event import Event, Part
from .response import EVENT_HEADERS
from .streams import event_stream, event_stream_async

__all__ = [
    "EVENT_HEADERS",
    "Event",
    "Part",
    "datastar_patch",
    "event_stream",
    "event_stream_async",
    "htmx_oob",
    "turbo_stream",
]
