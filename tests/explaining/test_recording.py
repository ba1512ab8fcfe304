"""What explains is the compiler: the same code, and each cut of a render is one that it noted."""

from __future__ import annotations

from typing import Any

import jinja2
import pytest

from streamtmpl import StreamEnvironment
from streamtmpl.explaining import explain
from tests.chunks.constructs import BODIES, ROWS, WRAPS, nested
from tests.differential.corpus import CORPUS
from tests.differential.samples import by_kind
from tests.differential.values import Workshop, build
from tests.golden.test_golden import REGIONS, TEMPLATES, Environments, context

from .recorded import code, observed, recorded

KINDS = pytest.mark.parametrize("kind", ["sync", "async"])
SAYING = {"cut", "flush", "wait", "ahead", "region"}
SAMPLES = by_kind(CORPUS)


def assert_same_code(environment: jinja2.Environment, name: str) -> None:
    said = recorded(environment, name)
    assert said.stream.getvalue() == code(environment, name)  # type: ignore[attr-defined]


def assert_cuts_are_said(template: jinja2.Template, variables: dict[str, Any]) -> int:
    """Each cut is at a place that was noted, and each of its lines has a statement about it."""
    environment, known, explained = template.environment, {}, {}
    explained[template.name] = explain(template).page
    number = 0
    for (name, code_line), _ in observed(template, variables):
        if name not in known:
            known[name] = {cut.code_line: cut.lines for cut in recorded(environment, name).cuts}
            explained[name] = explain(environment.get_template(name)).page
        assert code_line in known[name]
        lines = known[name][code_line]
        assert lines
        for line in lines:
            kinds = {each.kind for each in explained[name].lines[line - 1].statements}
            assert kinds & SAYING, (name, line, explained[name].lines[line - 1])
        number += 1
    return number


@KINDS
@pytest.mark.parametrize("name", [*TEMPLATES, *REGIONS])
def test_golden_templates_become_the_same_code(name: str, kind: str) -> None:
    assert_same_code(Environments(kind).ours, f"{name}.html")


@KINDS
@pytest.mark.parametrize("name", TEMPLATES)
def test_cuts_of_golden_templates_are_said(name: str, kind: str) -> None:
    template = Environments(kind).ours.get_template(f"{name}.html")
    assert assert_cuts_are_said(template, context())


@KINDS
@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)
def test_cuts_of_constructs_are_said(wrap: Any, kind: str) -> None:
    for body in BODIES.values():
        files = nested([wrap], body)
        loader = jinja2.DictLoader(files)
        environment = StreamEnvironment(loader=loader, enable_async=kind == "async")
        for name in files:
            assert_same_code(environment, name)
        variables = {"rows": iter(ROWS), "word": "&"}
        assert assert_cuts_are_said(environment.get_template("main"), variables)


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
