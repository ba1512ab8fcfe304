"""Tests of streams, also of applications without templates of ours: see docs/testing.

A test decides when sources go on, has a response before it is complete, and looks at the order of
events. It raises :exc:`AssertionError` where something is not as it was to be, and needs no test
runner; for pytest there are fixtures.

- ``gates``: sources that wait; ``moments``, ``order``: what came first; ``closing``: was it closed;
- ``clients``: those of ``asgi`` and ``wsgi`` applications, ``requests`` and ``responses``;
- ``readers``: of any stream, and of ``bodies``; ``regions``: the deferred ones of a page;
- ``running``, ``iterations``: where chunks are made; ``delivery``, ``monitor``: how they get to a
  reader.
"""

from .clients import AsyncStreamClient, StreamClient
from .closing import assert_closed, assert_closed_async, closed
from .gates import Gate, gate
from .moments import Moment, Recorder
from .order import assert_sent_before
from .readers import AsyncChunkReader, ChunkReader
from .regions import Region, regions
from .responses import AsyncStreamResponse, StreamResponse

__all__ = [
    "AsyncChunkReader",
    "AsyncStreamClient",
    "AsyncStreamResponse",
    "ChunkReader",
    "Gate",
    "Moment",
    "Recorder",
    "Region",
    "StreamClient",
    "StreamResponse",
    "assert_closed",
    "assert_closed_async",
    "assert_sent_before",
    "closed",
    "gate",
    "regions",
]
