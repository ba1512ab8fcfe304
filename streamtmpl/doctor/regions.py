"""When the places of deferred regions came, and when their patches: see docs on regions.

That is standard HTML, which others than streamtmpl may send.
"""

from __future__ import annotations

import re

from .exchange import Region

_MARKS = re.compile(r"<\?start name=\"([^\"<>]{1,200})\"|<template for=\"([^\"<>]{1,200})\"")
_LONGEST_MARK = 220
_MOST = 1000


class RegionMarks:
    """Looks for the marks of regions in text that comes in pieces."""

    def __init__(self) -> None:
        self._rest = ""
        self._places: dict[str, float] = {}
        self._patches: dict[str, float] = {}

    def feed(self, text: str, at: float) -> None:
        """Take text that could be read at a time (seconds)."""
        text = self._rest + text
        end = 0
        for found in _MARKS.finditer(text):
            place, patch = found.groups()
            marks = self._places if place else self._patches
            if len(marks) < _MOST:
                marks.setdefault(place or patch, at)
            end = found.end()
        self._rest = text[max(end, len(text) - _LONGEST_MARK) :]

    def regions(self) -> tuple[Region, ...]:
        """The regions whose places have come, in their order."""
        return tuple(Region(name, at, self._patches.get(name)) for name, at in self._places.items())
