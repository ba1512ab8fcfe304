"""What generated code calls, under the names of the vocabulary.

- ``macros``, ``blocks``: macros, ``super()`` and ``self``, which stream at output positions;
- ``includes``: what renders a template where it is included;
- ``naming``: how templates' errors call them;
- ``loops``, ``sources``: the ``loop`` object, and what a loop runs over;
- ``filters``, ``lookups``, ``escaping``: values, and their text;
- ``attribute_filters``: the filters that look up an attribute of each item;
- ``tojson``: that filter;
- ``item_filters``: the filters that call another one, or a test, for each item;
- ``awaiting``: which values are awaited;
- ``translations``: what the i18n extension calls.
"""

from streamtmpl.vocabulary import fetching

# All of them: the first template loads the runtime, the next one has nothing left to load.
from . import escaping, filters, includes, lookups, sources
from .blocks import AsyncBlockReference, BlockReference
from .loops import AsyncLoopContext, AwaitedLoopContext, LoopContext
from .macros import AsyncMacro, Macro

__all__ = ["async_streamed", "escaping", "filters", "includes", "lookups", "sources", "streamed"]

streamed = frozenset({Macro, BlockReference, LoopContext})
"""The exact types of callables that can write straight into the stream (their ``_into``)."""

async_streamed = frozenset({AsyncMacro, AsyncBlockReference, AwaitedLoopContext, AsyncLoopContext})
"""Those in async environments."""

__getattr__ = fetching(__name__)
