"""``Server-Timing`` (W3C): what is known of a stream when the head of its response is sent.

That is how long the first chunk has taken, and what it has waited for. What comes later is known
when no header can be sent any more.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from streamtmpl.observing import FirstChunk, StreamStarted, Waited

if TYPE_CHECKING:
    from streamtmpl.chunks.options import StreamOptions
    from streamtmpl.observing import Observer, StreamEvent

HEADER = "Server-Timing"

MOST = 8
"""The longest waits that are told at most: servers and proxies limit headers."""

_UNQUOTED = re.compile(r"[^\t -~]")


class ServerTiming:
    """An observer that notes what goes into the header, and hands the events on."""

    def __init__(self, observe: Observer | None = None) -> None:
        """Note what a stream tells, and call *observe* with it as well."""
        self._observe = observe
        self._began = 0.0
        self._first: float | None = None
        self._waits: Counter[tuple[str, str]] = Counter()

    def __call__(self, event: StreamEvent) -> None:
        """Note the event, if it is before the first chunk."""
        if self._first is None:
            if isinstance(event, StreamStarted):
                self._began = event.at
            elif isinstance(event, FirstChunk):
                self._first = event.at - self._began
            elif isinstance(event, Waited) and event.region is None:
                name = event.template or "<template>"
                place = name if event.line is None else f"{name}:{event.line}"
                self._waits[event.kind, place] += event.seconds  # type: ignore[assignment] # as well
        if self._observe is not None:
            self._observe(event)

    def add_to(self, headers: Any) -> None:
        """Give *headers*, of any framework's, what is known, if the first chunk is there."""
        if self._first is None:
            return
        metrics = [f"first-chunk;dur={_milliseconds(self._first)}"]
        for (kind, place), seconds in self._waits.most_common(MOST):
            metrics.append(f"{kind};dur={_milliseconds(seconds)};desc={_quoted(place)}")
        known = headers.get(HEADER)
        headers[HEADER] = ", ".join([known, *metrics] if known else metrics)


def timed(options: StreamOptions, environment: Any) -> ServerTiming | None:
    """What observes a stream with these *options*, if *environment* wants the header.

    The options have it as their observer from then on.
    """
    if not getattr(environment, "server_timing", False):
        return None
    timing = ServerTiming(options.observe or getattr(environment, "observe", None))
    options.observe = timing
    return timing


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.1f}"


def _quoted(text: str) -> str:
    """*text* as a quoted string (RFC 9110, section 5.6.4)."""
    text = _UNQUOTED.sub("?", text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
