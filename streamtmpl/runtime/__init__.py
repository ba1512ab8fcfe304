"""What generated code calls, under the names of the vocabulary.

- ``macros``, ``blocks``: macros, ``super()`` and ``self``, which stream at output positions;
- ``callables``: which callables those are; ``naming``: how templates' errors call them;
- ``loops``, ``sources``: the ``loop`` object, and what a loop runs over;
- ``filters``, ``lookups``, ``escaping``: values, and their text.
"""

from streamtmpl.vocabulary import fetching

# All of them, so that the first template has nothing left to load.
from . import blocks, callables, escaping, filters, lookups, loops, macros, sources

__all__ = ["blocks", "callables", "escaping", "filters", "lookups", "loops", "macros", "sources"]


__getattr__ = fetching(__name__)
