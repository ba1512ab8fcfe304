"""Render Jinja2 templates incrementally: text leaves while the template is still running."""

from typing import TYPE_CHECKING, Any

from .environment import (
    SandboxedStreamEnvironment,
    StreamEnvironment,
    StreamTemplate,
    enable_streaming,
)
from .exceptions import (
    NotStreamingError,
    StreamBusyError,
    StreamClosedError,
    StreamError,
    UnknownBlockError,
)
from .rechunk import rechunk, rechunk_async
from .rendering import render_stream, render_stream_async
from .stream import ChunkStream
from .version import __version__

if TYPE_CHECKING:
    from .async_stream import AsyncChunkStream

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
    "UnknownBlockError",
    "__version__",
    "enable_streaming",
    "rechunk",
    "rechunk_async",
    "render_stream",
    "render_stream_async",
]


def __getattr__(name: str) -> Any:
    if name == "AsyncChunkStream":
        # asyncio takes as long to import as Jinja2: only those who use it pay for it.
        from .async_stream import AsyncChunkStream  # noqa: PLC0415

        return AsyncChunkStream
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
