"""Render Jinja2 templates incrementally: text leaves while the template is still running.

PYTEST_DONT_REWRITE: pytest takes this for the package of its plugin, and would warn where it is
imported before pytest starts.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .version import __version__

if TYPE_CHECKING:
    from .chunks.async_stream import AsyncChunkStream
    from .chunks.stream import ChunkStream
    from .compiler.tags import StreamExtension
    from .enabling import enable_streaming
    from .environment import StreamEnvironment, StreamTemplate
    from .exceptions import (
        NotStreamingError,
        ResponseSentError,
        RowError,
        StreamBusyError,
        StreamClosedError,
        StreamError,
        UnknownBlockError,
    )
    from .explaining import Explanation, explain
    from .rechunking import rechunk, rechunk_async
    from .regions.page_script import PAGE_SCRIPT, PAGE_SCRIPT_HASH
    from .regions.patch_script import PATCH_SCRIPT, PATCH_SCRIPT_HASH
    from .rendering import render_stream, render_stream_async
    from .responses.attachment import attachment
    from .rows import (
        csv_rows,
        csv_rows_async,
        json_array,
        json_array_async,
        json_lines,
        json_lines_async,
    )
    from .sandbox import SandboxedStreamEnvironment

__all__ = [
    "PAGE_SCRIPT",
    "PAGE_SCRIPT_HASH",
    "PATCH_SCRIPT",
    "PATCH_SCRIPT_HASH",
    "AsyncChunkStream",
    "ChunkStream",
    "Explanation",
    "NotStreamingError",
    "ResponseSentError",
    "RowError",
    "SandboxedStreamEnvironment",
    "StreamBusyError",
    "StreamClosedError",
    "StreamEnvironment",
    "StreamError",
    "StreamExtension",
    "StreamTemplate",
    "UnknownBlockError",
    "__version__",
    "attachment",
    "csv_rows",
    "csv_rows_async",
    "enable_streaming",
    "explain",
    "json_array",
    "json_array_async",
    "json_lines",
    "json_lines_async",
    "rechunk",
    "rechunk_async",
    "render_stream",
    "render_stream_async",
]

_PLACES = {
    "chunks.async_stream": ["AsyncChunkStream"],
    "chunks.stream": ["ChunkStream"],
    "compiler.tags": ["StreamExtension"],
    "enabling": ["enable_streaming"],
    "environment": ["StreamEnvironment", "StreamTemplate"],
    "exceptions": [
        "NotStreamingError",
        "ResponseSentError",
        "RowError",
        "StreamBusyError",
        "StreamClosedError",
        "StreamError",
        "UnknownBlockError",
    ],
    "explaining": ["Explanation", "explain"],
    "rechunking": ["rechunk", "rechunk_async"],
    "regions.page_script": ["PAGE_SCRIPT", "PAGE_SCRIPT_HASH"],
    "regions.patch_script": ["PATCH_SCRIPT", "PATCH_SCRIPT_HASH"],
    "rendering": ["render_stream", "render_stream_async"],
    "responses.attachment": ["attachment"],
    "rows": [
        "csv_rows",
        "csv_rows_async",
        "json_array",
        "json_array_async",
        "json_lines",
        "json_lines_async",
    ],
    "sandbox": ["SandboxedStreamEnvironment"],
}
"""Where names are, which are imported when they are first asked for.

The kit for tests and the plugin of pytest need none of them, nor Jinja2; and asyncio alone, which
few streams need, takes as long to import as Jinja2.
"""

_MODULES = {name: module for module, names in _PLACES.items() for name in names}


def __getattr__(name: str) -> Any:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
