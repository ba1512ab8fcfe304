"""Where Jinja2 raises, the same exception with the same template and line is raised."""

from __future__ import annotations

import pytest
from hypothesis import given

from .corpus.errors import ERRORS, NO_TEXT
from .dice import examples
from .laws import ASYNC_WAYS, SYNC_WAYS, Case, assert_same, expected
from .outcomes import Raised
from .samples import Sample, by_kind
from .templates import cases

SAMPLES = by_kind(ERRORS)
NO_TEXT_SAMPLES = by_kind(NO_TEXT)


@pytest.mark.parametrize(("sample", "kind"), SAMPLES.values(), ids=SAMPLES)
def test_same_error(sample: Sample, kind: str) -> None:
    assert isinstance(assert_same(sample.case(kind)), Raised)


@pytest.mark.parametrize(("sample", "kind"), NO_TEXT_SAMPLES.values(), ids=NO_TEXT_SAMPLES)
def test_what_is_no_text(sample: Sample, kind: str) -> None:
    case = sample.case(kind)
    environment = case.setup.subject(case.templates)
    wanted = expected(case)
    assert isinstance(wanted, Raised)
    for way in ASYNC_WAYS.values() if kind == "async" else SYNC_WAYS.values():
        had = case.come_to(environment, way)
        assert isinstance(had, Raised)
        assert had.kind is wanted.kind


@examples(60)
@given(cases(is_async=False, failing=True, wild=6))
def test_sync_environment(case: Case) -> None:
    assert_same(case)


@examples(40)
@given(cases(is_async=True, failing=True, wild=6))
def test_async_environment(case: Case) -> None:
    assert_same(case)
