"""The buffer, by itself: what it collects and when a boundary cuts."""

from __future__ import annotations

import pytest

from streamtmpl.chunks.buffer import NEVER, Buffer
from streamtmpl.chunks.cuts import DEFAULT_CHUNK_SIZE, FIRST_CHUNK_SIZE, check_chunk_size


def cuts(out: Buffer) -> bool:
    """What generated code asks at a boundary."""
    return out.tell() > out.limit


def smallest_cut(out: Buffer) -> int:
    """How many characters it takes until a boundary cuts."""
    out.take()
    count = 0
    while not cuts(out):
        out.write("x")
        count += 1
    return count


def test_it_collects_text() -> None:
    out = Buffer(0)
    out.write("a\r\n")
    out.write("")
    out.write("\U0001f600<")
    assert out.tell() == 5
    assert out.getvalue() == "a\r\n\U0001f600<"
    assert out.tell() == 5
    assert out.take() == "a\r\n\U0001f600<"
    assert (out.tell(), out.getvalue(), out.take()) == (0, "", "")
    out.write("b")
    assert out.take() == "b"


def test_it_refuses_what_is_no_text() -> None:
    with pytest.raises(TypeError):
        Buffer(0).write(3)  # type: ignore[arg-type]


def test_size_0_cuts_wherever_there_is_text() -> None:
    out = Buffer(0)
    assert not cuts(out)
    for _ in range(3):
        out.write("x")
        assert cuts(out)
        out.take()
        assert not cuts(out)


@pytest.mark.parametrize("size", [1, 2, 100, FIRST_CHUNK_SIZE])
def test_small_sizes_are_kept_from_the_first_chunk_on(size: int) -> None:
    out = Buffer(size)
    out.write("x" * (size - 1))
    assert not cuts(out)
    out.write("x")
    assert cuts(out)
    out.take()
    for _ in range(3):
        out.write("x" * (size - 1))
        assert not cuts(out)
        out.write("x")
        assert cuts(out)
        out.take()


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (1500, [1024, 1500, 1500]),
        (4096, [1024, 4096, 4096]),
        (5000, [1024, 4096, 5000, 5000]),
        (DEFAULT_CHUNK_SIZE, [1024, 4096, 16384, 16384]),
    ],
)
def test_the_first_chunk_is_small_and_others_grow_fourfold(size: int, expected: list[int]) -> None:
    out = Buffer(size)
    assert [smallest_cut(out) for _ in expected] == expected


def test_taking_nothing_is_no_chunk() -> None:
    out = Buffer(8192)
    out.take()
    out.take()
    assert not out.taken
    assert smallest_cut(out) == 1024
    assert out.take()
    assert out.taken
    assert smallest_cut(out) == 4096


def test_without_a_size_it_never_cuts() -> None:
    out = Buffer()
    out.write("x" * 100_000)
    assert not cuts(out)
    assert (out.limit, out.flush_limit) == (NEVER, NEVER)
    assert out.take() == "x" * 100_000
    assert out.limit < NEVER or not cuts(out)


def test_flush_cuts_with_any_text() -> None:
    out = Buffer(1000)
    assert not out.tell() > out.flush_limit
    out.write("x")
    assert out.tell() > out.flush_limit
    assert not cuts(out)


def test_capturing() -> None:
    out = Buffer(0)
    out.write("outside")
    inner = out.capture()
    inner.write("inside")
    deeper = inner.capture()
    deeper.write("deeper")
    assert not cuts(inner)
    assert not cuts(deeper)
    assert not deeper.tell() > deeper.flush_limit
    assert inner.main is deeper.main is out.main is out
    assert list(inner) == ["inside"]
    assert "".join(deeper) == "deeper"
    assert out.getvalue() == "outside"


def test_captured_buffers_know_the_same_sources() -> None:
    assert Buffer(0).capture().sources is None


@pytest.mark.parametrize("size", [0, 1, 10**9])
def test_chunk_sizes(size: int) -> None:
    assert check_chunk_size(size) == size


@pytest.mark.parametrize(
    ("size", "error"),
    [(-1, ValueError), (1.0, TypeError), ("8", TypeError), (True, TypeError), (None, TypeError)],
)
def test_what_is_no_chunk_size(size: object, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"chunk_size must be .* Use 0 to cut at every boundary\."):
        check_chunk_size(size)
