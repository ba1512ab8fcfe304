"""The callables of templates that can write straight into the stream."""

from __future__ import annotations

from .blocks import AsyncBlockReference, BlockReference
from .loops import AsyncLoopContext, AwaitedLoopContext, LoopContext
from .macros import AsyncMacro, Macro

streamed = frozenset({Macro, BlockReference, LoopContext})
"""Their exact types in sync environments."""

async_streamed = frozenset({AsyncMacro, AsyncBlockReference, AwaitedLoopContext, AsyncLoopContext})
"""Those in async environments."""
