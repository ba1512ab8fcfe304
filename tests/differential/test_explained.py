"""Samples and random templates: what explains them writes the same code, and says all cuts."""

from __future__ import annotations

from typing import Any

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtmpl import StreamEnvironment
from tests.explaining.recorded import assert_cuts_are_said, assert_same_code, code

from .corpus import CORPUS
from .dice import examples
from .exact import Program, programs
from .interpreter import BoomError
from .samples import by_kind
from .test_exact_chunks import context_of, template_of
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


@examples(25)
@given(programs(), st.booleans())
def test_cuts_of_random_templates_are_said(program: Program, is_async: bool) -> None:
    template = template_of(program, StreamEnvironment, enable_async=is_async)
    for name in program.sources():
        assert_same_code(template.environment, name)
    try:
        assert_cuts_are_said(template, context_of(program))
    except BoomError:
        return  # where it was to fail
