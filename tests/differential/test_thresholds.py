"""How much has to collect before a boundary cuts: at the limit, and one character beside it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from streamtmpl import StreamEnvironment, render_stream, render_stream_async

from .boundaries import DEFAULT, regrouped

PAGE = "{% for piece in pieces %}{{ piece }}{% endfor %}"
# Chunk size, what each iteration writes, and what the chunks are.
THRESHOLDS = [
    (0, [0, 1, 0, 2, 3000], [1, 2, 3000]),
    (1, [1, 1, 0, 1], [1, 1, 1]),
    (2, [1, 1, 1, 1, 1], [2, 2, 1]),
    (10, [9, 1, 10, 5, 5, 11, 3], [10, 10, 10, 11, 3]),
    (1023, [1022, 1, 1023], [1023, 1023]),
    (1024, [1023, 1, 1024, 1025], [1024, 1024, 1025]),
    (1025, [1023, 1, 1024, 1, 1025, 5], [1024, 1025, 1025, 5]),
    (2048, [5000, 1024, 1023, 1, 2048], [5000, 2048, 2048]),
    (5000, [1024, 4095, 1, 4999, 1], [1024, 4096, 5000]),
    (3000, [1024, 2999, 1, 3000], [1024, 3000, 3000]),
    (DEFAULT, [1023] + [1] * 8, [1024, 7]),
    (DEFAULT, [1024] * 80, [1024, 4096, *[16384] * 4, 11264]),
]
# Told once by hand and once by the model that the random tests use.
CASES = [(size, [n * "x" for n in pieces], chunks) for size, pieces, chunks in THRESHOLDS]


@pytest.mark.parametrize(("size", "pieces", "wanted"), CASES)
def test_model(size: int, pieces: list[str], wanted: list[int]) -> None:
    assert [len(chunk) for chunk in regrouped(pieces, size)] == wanted


@pytest.mark.parametrize(("size", "pieces", "wanted"), CASES)
def test_stream(size: int, pieces: list[str], wanted: list[int]) -> None:
    template: Any = StreamEnvironment().from_string(PAGE)
    stream = render_stream(template, {"pieces": pieces}, chunk_size=size)
    assert [len(chunk) for chunk in stream] == wanted


@pytest.mark.parametrize("is_async", [True, False])
@pytest.mark.parametrize(("size", "pieces", "wanted"), CASES)
def test_async_stream(size: int, pieces: list[str], wanted: list[int], is_async: bool) -> None:
    async def collect() -> list[int]:
        template: Any = StreamEnvironment(enable_async=is_async).from_string(PAGE)
        stream = render_stream_async(template, {"pieces": pieces}, chunk_size=size)
        return [len(chunk) async for chunk in stream]

    assert asyncio.run(collect()) == wanted
