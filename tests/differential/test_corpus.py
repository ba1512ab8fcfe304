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
    case = sample.case(kind)
    environment = case.setup.subject(case.templates)
    outcome = assert_same(case, environment)
    assert isinstance(outcome, Rendered), outcome
    assert_same_bytes(case, "utf-16", outcome, environment)
