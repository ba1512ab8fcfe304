"""What a response with deferred regions has in it, by its standard markup."""

from __future__ import annotations

import re
from collections.abc import Callable

_START = re.compile(r'<\?start name="([^"]+)">(.*?)<\?end>', re.DOTALL)
_PATCH = re.compile(r'<template for="([^"]+)">(.*?)</template>\f?', re.DOTALL)


def places(page: str) -> list[str]:
    """The placeholders, in their order."""
    return [placeholder for _, placeholder in _START.findall(page)]


def patches(page: str) -> list[tuple[int, str]]:
    """The patches, in their order: the number of the place each belongs to, and its content."""
    names = [name for name, _ in _START.findall(page)]
    return [(names.index(name), content) for name, content in _PATCH.findall(page)]


def patched(page: str) -> str:
    """The page as a browser shows it in the end, its script left out."""
    contents: dict[str, str] = dict(_PATCH.findall(page))
    document = re.sub(r"<script.*?</script>", "", _PATCH.sub("", page), flags=re.DOTALL)
    return _START.sub(lambda place: str(contents.get(place[1], place[2])), document)


def is_plain(page: str) -> bool:
    """Whether nothing of the markup of regions is in the page."""
    return not re.search(r"<\?|<template|<script", page)


def read_until(chunk: Callable[[], bytes], text: str) -> str:
    """What *chunk* gives until *text* has come; fails when the response ends before."""
    received = ""
    while text not in received:
        more = chunk().decode()
        assert more, f"the response ended without {text!r}: {received!r}"
        received += more
    return received
