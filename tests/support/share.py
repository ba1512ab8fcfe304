"""A share of the long comparisons, for one Python of several: ``STREAMTMPL_SHARE=2/3``.

Shares leave out nothing between them. Of a product, of templates and kinds of environment say, each
has another part; of random templates each has as many others. A test without parameters is in all;
what is not of the engine is in the first third of them or, where that is some, in every second one.
"""

from __future__ import annotations

import os
from collections import defaultdict
from typing import Any
from zlib import crc32

import pytest

NUMBER, OF = map(int, os.environ.get("STREAMTMPL_SHARE", "1/1").split("/"))
if not 1 <= NUMBER <= OF:
    raise ValueError(f"STREAMTMPL_SHARE is {NUMBER}/{OF}: it is to be 1/{OF} to {OF}/{OF}")


WHOLE = ("adapters", "bench", "rows")
"""The folders that are not shared."""

_positions: dict[tuple[str, int], dict[str, int]] = defaultdict(dict)
"""Of a test's function and one of its dimensions: the values in the order that they come in."""


def has(item: pytest.Item) -> bool:
    """Whether a comparison is in the share. What stands next to each other is in different ones."""
    function: Any = item
    if item.path.parent.name in WHOLE:
        turn = crc32(item.nodeid.encode()) % 2 if OF >= 6 else NUMBER % 2
        return max(1, OF // 3) >= NUMBER and turn == NUMBER % 2
    if OF == 1 or not hasattr(item, "callspec"):
        return True
    if getattr(function.obj, "is_hypothesis_test", False):
        return True  # it has a share of its examples
    # Tests of the same templates begin with different ones.
    place = crc32(item.nodeid.partition("[")[0].encode())
    for dimension, value in enumerate(function.callspec._idlist):
        known = _positions[item.nodeid.partition("[")[0], dimension]
        position = known.setdefault(value, len(known))
        # A dimension may be templates and kinds in one: not all of a kind are to be in one share.
        place += position + position // OF
    return place % OF == NUMBER - 1
