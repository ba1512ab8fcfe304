"""Random templates come to the same text, whichever way they are rendered."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from .dice import examples
from .laws import Case, assert_same, assert_same_bytes, expected
from .outcomes import Rendered
from .templates import cases

ENCODINGS = st.sampled_from(["utf-8", "utf-16", "utf-32", "utf-8-sig"])


@examples(60)
@given(cases(is_async=False))
def test_sync_environment(case: Case) -> None:
    assert_same(case)


@examples(40)
@given(cases(is_async=True))
def test_async_environment(case: Case) -> None:
    assert_same(case)


def check_bytes(case: Case, encoding: str) -> None:
    oracle = expected(case)
    if isinstance(oracle, Rendered):
        assert_same_bytes(case, encoding, oracle, case.setup.subject(case.templates))


@examples(15)
@given(cases(is_async=False), ENCODINGS)
def test_bytes(case: Case, encoding: str) -> None:
    check_bytes(case, encoding)


@examples(10)
@given(cases(is_async=True), ENCODINGS)
def test_bytes_of_an_async_environment(case: Case, encoding: str) -> None:
    check_bytes(case, encoding)
