"""Imports: which globals an imported template's module sees, as in Jinja2."""

from __future__ import annotations

import asyncio
from typing import Any

import jinja2
import pytest

from streamtmpl import StreamEnvironment

SOURCES = {
    "macros": "{% macro m() %}{{ shared }}|{{ own }}{% endmacro %}",
    "page": "{% import 'macros' as macros %}{{ macros.m() }}",
    "from": "{% from 'macros' import m %}{{ m() }}",
    "block": "{% block b %}{% import 'macros' as macros %}{{ macros.m() }}{% endblock %}",
    "included": "{% include 'page' %}",
}


def rendered(kind: type[jinja2.Environment], steps: list[Any], *, is_async: bool) -> list[str]:
    environment = kind(loader=jinja2.DictLoader(SOURCES), enable_async=is_async)
    environment.globals["shared"] = "shared"
    texts = []
    for step in steps:
        if callable(step):
            step(environment)
            continue
        name, own = step
        # Jinja2 keeps the dict, and updates it with what is given next.
        template = environment.get_template(name, globals=None if own is None else dict(own))
        text = asyncio.run(template.render_async()) if is_async else template.render()
        texts.append(text)
    return texts


def change(environment: jinja2.Environment) -> None:
    environment.globals["shared"] = "changed"
    environment.globals["own"] = "late"


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("name", ["page", "from", "block", "included"])
@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([None, None], id="none of its own"),
        pytest.param([{"own": 1}, None], id="first the importer's own"),
        pytest.param([None, {"own": 1}], id="then the importer's own"),
        pytest.param([{"own": 1}, {"own": 2}], id="different ones"),
        pytest.param([{}, {"other": 2}], id="another name"),
        pytest.param([None, change, None], id="changed between"),
    ],
)
def test_globals_of_an_imported_template(name: str, steps: list[Any], is_async: bool) -> None:
    played = [step if callable(step) else (name, step) for step in steps]
    expected = rendered(jinja2.Environment, played, is_async=is_async)
    assert rendered(StreamEnvironment, played, is_async=is_async) == expected
    assert "shared" in expected[0]
