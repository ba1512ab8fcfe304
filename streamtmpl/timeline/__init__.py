"""A picture of a render: when its chunks left, what it waited for, and its regions as bars.

- ``observer``: what is given to ``observe=``; ``record``, ``series``: what it keeps of a stream;
- ``svg``, ``text``, ``page``: the picture; ``words``, ``labels``, ``style``: what it is made of.
"""

from .observer import Timeline

__all__ = ["Timeline"]
