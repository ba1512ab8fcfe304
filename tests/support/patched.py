"""What a browser makes of a page with deferred regions: its patches, applied in their order."""

from __future__ import annotations

import re
from typing import NamedTuple

START = re.compile(r'<\?start name="([\w-]{10})(\d+)">')
END = "<?end>"


class Page(NamedTuple):
    """A page as it was sent."""

    document: str
    """Everything but the patches, with the placeholders."""
    patches: list[tuple[str, str]]
    """The names of regions without the part they have in common, and what is patched in there."""
    script: str
    """What stands right before the first patch."""
    token: str

    @property
    def order(self) -> list[str]:
        """The names of the regions in the order of their patches."""
        return [name for name, _ in self.patches]

    @property
    def contents(self) -> list[str]:
        """What is patched in, in order."""
        return [content for _, content in self.patches]


_DATA = re.compile(r' data-k=[\w-]+ data-t=\d+ data-z="[^"]*"')


def without_data(text: str) -> str:
    """*text* without what the script is told by attributes of its element."""
    return _DATA.sub("", text)


def page(text: str) -> Page:
    """Take a page apart."""
    start = START.search(text)
    if start is None:
        assert "<template for=" not in text
        return Page(text, [], "", "")
    token = start[1]
    before, *patches = text.split(f'<template for="{token}')
    script = ""
    if (at := before.rfind("<script")) >= 0 and before.endswith("</script>"):
        before, script = before[:at], before[at:]
    found, tail = [], ""
    for patch in patches:
        assert not tail, "something stands between patches"
        number, _, content = patch.partition('">')
        content, end, tail = content.rpartition("</template>\f\n")
        assert end, f"a patch has no end: {patch!r}"
        found.append((number, content))
    return Page(before + tail, found, script, token)


def assembled(text: str) -> str:
    """The page with each patch in its place; each must have one when it comes."""
    parts = page(text)
    document = parts.document
    for number, content in parts.patches:
        start = f'<?start name="{parts.token}{number}">'
        assert document.count(start) == 1, f"region {number} has no place (any more): {document!r}"
        before, _, after = document.partition(start)
        document = before + content + _after_end(after)
    assert parts.token == "" or parts.token not in document, "a region has not been patched in"
    return document


def _after_end(text: str) -> str:
    depth = 1
    for mark in re.finditer(rf"{START.pattern}|{re.escape(END)}", text):
        depth += 1 if mark[0] != END else -1
        if not depth:
            return text[mark.end() :]
    raise AssertionError(f"a placeholder has no end: {text!r}")
