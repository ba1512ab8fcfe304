"""Hand-written templates come to what Jinja2 comes to, whichever way they are rendered."""

from __future__ import annotations

import pytest

from .corpus import CORPUS
from .laws import assert_same, assert_same_bytes
from .outcomes import Rendered
from .samples import Sample, by_kind

SAMPLES = by_kind(CORPUS)


@pytest.mark.parametrize(("sample", "kind"), SAMPLES.values(), ids=SAMPLES)
def test_same_output(sample: Sample, kind: str) -> None:
    outcome = assert_same(sample.case(kind))
    assert isinstance(outcome, Rendered), outcome


@pytest.mark.parametrize(("sample", "kind"), SAMPLES.values(), ids=SAMPLES)
def test_same_bytes(sample: Sample, kind: str) -> None:
    assert_same_bytes(sample.case(kind), "utf-16")
