"""Spans of OpenTelemetry for streams and their deferred regions."""

from __future__ import annotations

from time import perf_counter, time_ns
from typing import TYPE_CHECKING, Any

from .extras import missing

try:
    from opentelemetry import context as contexts
    from opentelemetry import trace
except ModuleNotFoundError as error:
    raise missing(error, "opentelemetry", "opentelemetry") from None

from .observing import (
    BoundaryFailed,
    Chunk,
    FirstChunk,
    LateSession,
    RegionDropped,
    RegionEvent,
    RegionFailed,
    RegionReady,
    RegionStarted,
    RegionTimedOut,
    StreamClosed,
    StreamEvent,
    StreamStarted,
    Waited,
)
from .version import __version__

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, TracerProvider


class _Stream:
    """The span of a stream, and those of its regions that have not ended, with what is around."""

    def __init__(self, span: Span) -> None:
        self.span = span
        self.chunks = self.characters = 0
        self.regions: dict[str, tuple[Span, Context]] = {}


class OpenTelemetryObserver:
    """An observer that makes a span of each stream, and one of each deferred region in it.

    The span of a stream is a child of the span that was current where the stream was made, as a
    rule that of the request. While the template runs it is the current one, and in a region, in
    whatever thread, the span of the region is.
    """

    def __init__(self, tracer_provider: TracerProvider | None = None) -> None:
        """Make spans with *tracer_provider*, or with the global one."""
        self._tracer = trace.get_tracer("streamtmpl", __version__, tracer_provider)
        self._streams: dict[int, _Stream] = {}

    def __call__(self, event: StreamEvent) -> None:
        """Note an event of a stream."""
        if isinstance(event, StreamStarted):
            self._start(event)
            return
        stream = self._streams.get(event.stream)
        if stream is None:  # its regions' threads may go on for a while
            return
        if isinstance(event, RegionEvent):
            self._region(event, stream)
        elif isinstance(event, StreamClosed):
            self._close(event, stream)
        else:
            _note(event, stream)

    def _start(self, event: StreamStarted) -> None:
        attributes: dict[str, Any] = {"streamtmpl.template": event.template or "<template>"}
        if event.blocks:
            attributes["streamtmpl.blocks"] = event.blocks
        span = self._tracer.start_span(
            f"stream {event.template or '<template>'}",
            attributes=attributes,
        )
        self._streams[event.stream] = _Stream(span)
        # Nobody but the stream has its context: there is nothing to put back at its end.
        contexts.attach(trace.set_span_in_context(span))

    def _close(self, event: StreamClosed, stream: _Stream) -> None:
        del self._streams[event.stream]
        for region, _ in list(stream.regions.values()):
            region.end()
        span = stream.span
        span.set_attributes(
            {
                "streamtmpl.outcome": event.outcome,
                "streamtmpl.chunks": stream.chunks,
                "streamtmpl.characters": stream.characters,
            }
        )
        if event.error is not None:
            _fail(span, event.error)
        span.end()

    def _region(self, event: RegionEvent, stream: _Stream) -> None:
        if isinstance(event, RegionStarted):
            place = f"{event.template or '<template>'}:{event.line}"
            span = self._tracer.start_span(
                f"defer {place}",
                attributes={
                    "streamtmpl.template": event.template or "<template>",
                    "streamtmpl.line": event.line,
                    "streamtmpl.region": event.region,
                },
            )
            stream.regions[event.region] = span, contexts.get_current()
            contexts.attach(trace.set_span_in_context(span))
            return
        found = stream.regions.get(event.region)
        if found is None:  # it is dropped before it has begun, or has ended
            return
        span, around = found
        if isinstance(event, RegionFailed):
            _fail(span, event.error)
        elif isinstance(event, RegionTimedOut):
            span.set_status(trace.StatusCode.ERROR, "the region has taken too long")
        elif isinstance(event, (RegionReady, RegionDropped)):
            if isinstance(event, RegionReady):
                span.set_attribute("streamtmpl.characters", event.characters)
            else:
                span.set_attribute("streamtmpl.dropped", True)
            stream.regions.pop(event.region, None)
            span.end()
            if trace.get_current_span() is span:  # where a region is rendered in the stream's task
                contexts.attach(around)


def _note(event: StreamEvent, stream: _Stream) -> None:
    """What is no span of its own."""
    if isinstance(event, Chunk):
        stream.chunks += 1
        stream.characters += event.characters
        if isinstance(event, FirstChunk):
            about = {"streamtmpl.characters": event.characters, "streamtmpl.reason": event.reason}
            stream.span.add_event("first chunk", about)
    elif isinstance(event, Waited):
        region = stream.regions.get(event.region or "")
        span = stream.span if region is None else region[0]
        seconds = {"streamtmpl.seconds": event.seconds}
        # It is told when the render goes on to something else.
        ended = time_ns() - int((perf_counter() - event.at) * 1e9)
        span.add_event(f"waited for {event.kind}", {**_place(event), **seconds}, ended)
    elif isinstance(event, BoundaryFailed):
        trace.get_current_span().record_exception(
            event.error, {**_place(event), "streamtmpl.handled": True}
        )
    elif isinstance(event, LateSession):
        stream.span.add_event("session changed too late", _place(event))


def _place(event: Waited | BoundaryFailed | LateSession) -> dict[str, Any]:
    place: dict[str, Any] = {"streamtmpl.template": event.template or "<template>"}
    if event.line is not None:
        place["streamtmpl.line"] = event.line
    return place


def _fail(span: Span, error: BaseException) -> None:
    if isinstance(error, Exception):
        span.record_exception(error)
    span.set_status(trace.StatusCode.ERROR, f"{type(error).__name__}: {error}")
