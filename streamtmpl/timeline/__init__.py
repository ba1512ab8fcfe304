"""A picture of a render: when its chunks left, what it waited for, and its regions as bars."""

from .observer import Timeline

__all__ = ["Timeline"]
