"""Hand-written samples: what explains them writes the same code, and says where they are cut."""

from __future__ import annotations

from typing import Any

import jinja2
import pytest

from tests.explaining.recorded import assert_cuts_are_said, assert_same_code, code

from .corpus import CORPUS
from .samples import by_kind
from .values import Workshop, build

SAMPLES = by_kind(CORPUS)


@pytest.mark.parametrize(("sample", "kind"), SAMPLES.values(), ids=SAMPLES)
def test_cuts_of_samples_are_said(sample: Any, kind: str) -> None:
    case = sample.case(kind)
    environment = case.setup.subject(case.templates)
    for name in case.templates:
        try:
            code(environment, name)
        except jinja2.TemplateError:
            return  # one that is wrong: nothing is rendered
        assert_same_code(environment, name)
    template = environment.get_template(case.name)
    try:
        assert_cuts_are_said(template, build(case.context, Workshop(environment)))
    except AssertionError:
        raise
    except Exception:
        return  # samples may fail while they are rendered
