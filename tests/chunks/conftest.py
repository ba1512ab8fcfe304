"""Many of these tests collect garbage: theirs, not that of all the tests before them."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.remembered import remembered


@pytest.fixture(scope="package", autouse=True)
def _remembered() -> Iterator[None]:
    with remembered():
        yield


@settings(max_examples=1, database=None)
@given(st.none())
def _hypothesis_has_begun(nothing: None) -> None:
    """The first time it looks for who refers to its random numbers, which must not be frozen."""


@pytest.fixture(scope="module", autouse=True)
def _what_is_there_already_is_not_looked_at() -> Iterator[None]:
    _hypothesis_has_begun()
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
