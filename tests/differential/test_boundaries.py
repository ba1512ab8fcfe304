"""Random templates whose runs are marked: chunks consist of whole runs, and of as many as asked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from .boundaries import DEFAULT, Asked, asked, chosen, chunks_of, regrouped, whole_runs
from .contexts import calm, mended
from .dice import examples
from .laws import Case, expected
from .outcomes import Rendered, normalized
from .templates import cases

SIZES = st.sampled_from([0, 1, 7, 40, 300, None])


def check_whole_runs(case: Case, chunk_size: int | None) -> None:
    chunks, _ = chunks_of(case, chunk_size=chunk_size)
    assert all(chunks), "an empty chunk"
    assert [chunk for chunk in chunks if not whole_runs(chunk)] == []


@examples(40)
@given(cases(is_async=False, marks=True), SIZES)
def test_chunks_are_whole_runs(case: Case, chunk_size: int | None) -> None:
    check_whole_runs(case, chunk_size)


@examples(30)
@given(cases(is_async=True, marks=True), SIZES)
def test_chunks_are_whole_runs_in_async_environments(case: Case, chunk_size: int | None) -> None:
    check_whole_runs(case, chunk_size)


def check_regrouped(case: Case, size: Asked) -> None:
    still = replace(case, context={name: calm(value) for name, value in case.context.items()})
    pieces, failure = chunks_of(still, chunk_size=0)
    chunk_size = chosen(size, pieces)
    chunks, error = chunks_of(still, chunk_size=chunk_size)
    assert type(error) is type(failure)
    had = [normalized(chunk) for chunk in chunks]
    wanted = [normalized(chunk) for chunk in regrouped(pieces, chunk_size)]
    # What had collected when an error was raised is dropped.
    assert had == (wanted if failure is None else wanted[: len(had)])


@examples(30)
@given(cases(is_async=False, marks=True), asked(1, 7, 40, 300, 2000, DEFAULT))
def test_any_chunk_size_follows_from_every_boundary(case: Case, size: Asked) -> None:
    check_regrouped(case, size)


@examples(20)
@given(cases(is_async=True, marks=True), asked(1, 7, 40, 300, 2000, DEFAULT))
def test_any_chunk_size_follows_in_async_environments(case: Case, size: Asked) -> None:
    check_regrouped(case, size)


@pytest.mark.parametrize("is_async", [False, True])
def test_text_before_an_error_is_what_would_have_been_rendered(is_async: bool) -> None:
    """Chunks handed over before an error are whole runs of the render without that error."""

    @examples(40)
    @given(cases(is_async=is_async, marks=True, failing=True))
    def check(case: Case) -> None:
        chunks, error = chunks_of(case, chunk_size=0)
        assert [chunk for chunk in chunks if not whole_runs(chunk)] == []
        whole = {name: mended(recipe) for name, recipe in case.context.items()}
        without_error = expected(replace(case, context=whole))
        if error is not None and isinstance(without_error, Rendered):
            assert without_error.text.startswith(normalized("".join(chunks)))

    check()
