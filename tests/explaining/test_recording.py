"""What explains is the compiler: the same code, and each cut of a render is one that it noted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jinja2
import pytest
from _pytest.mark import ParameterSet

from streamtmpl import StreamEnvironment, explain
from tests.chunks.constructs import BODIES, ROWS, WRAPS, nested
from tests.golden.test_golden import REGIONS, TEMPLATES, Environments, context
from tests.support.compact import compiled_to

from .recorded import assert_cuts_are_said, assert_same_code

KINDS = pytest.mark.parametrize("kind", ["sync", "async"])


@KINDS
@pytest.mark.parametrize("name", [*TEMPLATES, *REGIONS])
def test_golden_templates_become_the_same_code(name: str, kind: str) -> None:
    assert_same_code(Environments(kind).ours, f"{name}.html")


@KINDS
@pytest.mark.parametrize("name", TEMPLATES)
def test_cuts_of_golden_templates_are_said(name: str, kind: str) -> None:
    template = Environments(kind).ours.get_template(f"{name}.html")
    assert assert_cuts_are_said(template, context())


def bodies_in_wraps() -> Iterator[ParameterSet]:
    """All bodies in all constructs, which is a long comparison, but for one body in each."""
    for number, wrap in enumerate(WRAPS):
        for other, body in enumerate(BODIES):
            marks = [] if other == number % len(BODIES) else [pytest.mark.comparison]
            yield pytest.param(WRAPS[wrap], BODIES[body], marks=marks, id=f"{body} in {wrap}")


@KINDS
@pytest.mark.parametrize(("wrap", "body"), [*bodies_in_wraps()])
def test_cuts_of_constructs_are_said(wrap: Any, body: str, kind: str) -> None:
    files = nested([wrap], body)
    loader = jinja2.DictLoader(files)
    environment = StreamEnvironment(loader=loader, enable_async=kind == "async")
    for name in files:
        assert_same_code(environment, name)
    variables = {"rows": iter(ROWS), "word": "&"}
    template = environment.get_template("main")
    assert assert_cuts_are_said(template, variables)
    explanation = explain(template)  # of what streams, as its own tests show
    said = [each for other in explanation.templates for each in other.statements]
    assert not [each for each in said if each.kind == "capture"]
    assert explanation.held == ()


@KINDS
@pytest.mark.parametrize("name", TEMPLATES)
def test_cuts_of_compact_code_are_said(
    name: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled_to(monkeypatch, "compact")
    environment = Environments(kind).ours
    assert_same_code(environment, f"{name}.html")
    assert assert_cuts_are_said(environment.get_template(f"{name}.html"), context())
