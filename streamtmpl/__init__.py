"""Render Jinja2 templates incrementally: text leaves while the template is still running."""

from .async_stream import AsyncChunkStream
from .environment import (
    SandboxedStreamEnvironment,
    StreamEnvironment,
    StreamTemplate,
    enable_streaming,
)
from .exceptions import NotStreamingError, StreamBusyError, StreamClosedError, StreamError
from .rechunk import rechunk, rechunk_async
from .rendering import render_stream, render_stream_async
from .stream import ChunkStream
from .version import __version__

__all__ = [
    "AsyncChunkStream",
    "ChunkStream",
    "NotStreamingError",
    "SandboxedStreamEnvironment",
    "StreamBusyError",
    "StreamClosedError",
    "StreamEnvironment",
    "StreamError",
    "StreamTemplate",
    "__version__",
    "enable_streaming",
    "rechunk",
    "rechunk_async",
    "render_stream",
    "render_stream_async",
]
