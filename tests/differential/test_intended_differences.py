"""``include ... without context`` where the sync code of Jinja2 loses the text.

Inside a macro Jinja2's sync code prints a generator's repr, inside what it captures the text
bypasses the capture. What is meant is what its async code does: that is the oracle here.
"""

from __future__ import annotations

import pytest

from .engines import Setup
from .laws import ASYNC_WAYS, SYNC_WAYS, Case, expected
from .outcomes import Rendered
from .samples import KINDS
from .values import Plain

PART = "{% include 'part.html' without context %}"
CAPTURED = {
    "macro": "{% macro m() %}a" + PART + "b{% endmacro %}{{ m() }}{{ m()|upper }}",
    "call": "{% macro m() %}({{ caller() }}){% endmacro %}{% call m() %}a" + PART + "{% endcall %}",
    "filter": "a{% filter upper %}b" + PART + "c{% endfilter %}d",
    "set": "{% set x %}a" + PART + "b{% endset %}[{{ x }}]{{ x|upper }}",
    "recursive for": "{% for x in rows recursive %}" + PART + "{{ loop([]) }};{% endfor %}",
    "loop in a macro": "{% macro m() %}{% for x in rows %}" + PART + "{% endfor %}{% endmacro %}"
        "{{ m() }}",
    "block in a filter": "{% filter upper %}{% block b %}" + PART + "{% endblock %}{% endfilter %}",
    "twice": "{% filter upper %}" + PART + "{% filter lower %}" + PART + "{% endfilter %}"
        "{% endfilter %}",
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("page", CAPTURED.values(), ids=CAPTURED)
def test_include_without_context(page: str, kind: str) -> None:
    templates = {"page.html": page, "part.html": "Part<{{ rows }}{{ '<' }}>"}
    context = {"rows": Plain(["a", "b"])}
    wanted = expected(Case(templates, context, Setup(autoescape="on", is_async=True)))
    assert isinstance(wanted, Rendered)
    case = Case(templates, context, Setup(autoescape="on", is_async=kind == "async"))
    environment = case.setup.subject(templates)
    for label, way in (ASYNC_WAYS if kind == "async" else SYNC_WAYS).items():
        assert case.come_to(environment, way) == wanted, label
