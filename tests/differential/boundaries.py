"""Where chunks may end, from the definitions alone.

* A chunk is one or more whole runs: the marks around runs are in balance in every chunk.
* A chunk is cut at the first boundary at which enough characters had collected. So the chunks of
  any chunk size follow from those of chunk size 0, which are cut at every boundary that has text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from hypothesis import strategies as st

from streamtmpl import render_stream, render_stream_async
from tests.support.loops import run

from .laws import Case
from .syntax import CLOSE, OPEN
from .values import Workshop, build

FIRST = 1024
DEFAULT = 16384


def whole_runs(chunk: str) -> bool:
    """No run begins in the chunk without ending in it, or the other way round."""
    depth = 0
    for character in chunk:
        depth += (character == OPEN) - (character == CLOSE)
        if depth < 0:
            return False
    return depth == 0


class Cutter:
    """Cuts chunks: the first at 1024 characters, then four times as long, up to the chunk size."""

    def __init__(self, chunk_size: int) -> None:
        self.chunk_size = chunk_size
        self.enough = min(FIRST, chunk_size)
        self.chunks: list[str] = []
        self.pending = ""

    def write(self, text: str) -> None:
        self.pending += text

    def boundary(self) -> None:
        if self.pending and len(self.pending) >= self.enough:
            self.chunks.append(self.pending)
            self.pending = ""
            self.enough = min(4 * self.enough, self.chunk_size)

    def finish(self) -> list[str]:
        return self.chunks + [self.pending] * bool(self.pending)


def regrouped(pieces: Iterable[str], chunk_size: int) -> list[str]:
    """What the chunks of this size are, given those of chunk size 0."""
    cutter = Cutter(chunk_size)
    for piece in pieces:
        cutter.write(piece)
        cutter.boundary()
    return cutter.finish()


# A chunk size, or one near what the first so many pieces come to: there mistakes are by one.
Asked = int | tuple[int, int]


def asked(*sizes: int) -> st.SearchStrategy[Asked]:
    return st.one_of(
        st.sampled_from(sizes), st.tuples(st.integers(1, 5), st.sampled_from([0, 1, -1]))
    )


def chosen(size: Asked, pieces: Sequence[str]) -> int:
    if isinstance(size, int):
        return size
    count, difference = size
    return max(0, sum(map(len, pieces[:count])) + difference)


Taken = tuple[list[str], Exception | None]


def taken(chunks: Iterable[str]) -> Taken:
    """The chunks that were handed over, and the error that ended them."""
    had: list[str] = []
    try:
        for chunk in chunks:
            had.append(chunk)
    except Exception as error:
        return had, error
    return had, None


def chunks_of(case: Case, **options: Any) -> Taken:
    """What the environment's own kind of stream hands over."""
    environment = case.setup.subject(case.templates)

    def given() -> tuple[Any, dict[str, Any]]:
        return environment.get_template(case.name), build(case.context, Workshop(environment))

    def lazily() -> Iterator[str]:
        yield from render_stream(*given(), **options)

    async def collect() -> Taken:
        had: list[str] = []
        try:
            async for chunk in render_stream_async(*given(), **options):
                had.append(chunk)
        except Exception as error:
            return had, error
        return had, None

    return run(collect()) if case.setup.is_async else taken(lazily())
