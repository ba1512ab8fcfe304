"""What generated code calls, under the names of the vocabulary.

- ``macros``, ``blocks``: macros, ``super()`` and ``self``, which stream at output positions;
- ``callables``: which callables those are; ``naming``: how templates' errors call them;
- ``loops``, ``sources``: the ``loop`` object, and what a loop runs over;
- ``filters``, ``lookups``, ``escaping``: values, and their text.
"""

from streamtmpl.vocabulary import fetching

__getattr__ = fetching(__name__)
