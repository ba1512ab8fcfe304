"""Server-sent events whose data are parts of pages: templates, or single blocks of them.

- ``event``: one of them, and its lines; ``clients``: in the form of a client-side library;
- ``streams``, ``async_streams``: streams of them; ``source``: the texts of a source, ``thread``: in
  a thread of its own; ``failing``: an event that fails;
- ``response``: what they are sent with.
"""

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
