"""Includes without context."""

from __future__ import annotations

import pytest

from tests.support.tracing import Consumer, Kind, Trace, every_kind, expected

POSITIONS = {
    "top level": "{}",
    "macro": "{{% macro m() %}}<{}>{{% endmacro %}}{{{{ m() }}}}",
    "captured macro": "{{% macro m() %}}<{}>{{% endmacro %}}{{{{ m()|upper }}}}",
    "call": (
        "{{% macro m() %}}<{{{{ caller() }}}}>{{% endmacro %}}{{% call m() %}}{}{{% endcall %}}"
    ),
    "filter block": "{{% filter upper %}}<{}>{{% endfilter %}}",
    "set block": "{{% set text %}}<{}>{{% endset %}}{{{{ text }}}}{{{{ text }}}}",
    "block": "{{% block it %}}<{}>{{% endblock %}}",
    "self": "{{% block it %}}<{}>{{% endblock %}}{{{{ self.it() }}}}{{{{ self.it()|upper }}}}",
    "loop": "{{% for x in [1, 2] %}}<{}>{{% endfor %}}",
    "recursive loop": "{{% for x in [1] recursive %}}<{}>{{{{ loop([]) }}}}{{% endfor %}}",
    "filter block in a macro": (
        "{{% macro m() %}}{{% filter upper %}}<{}>{{% endfilter %}}{{% endmacro %}}{{{{ m() }}}}"
    ),
    "condition": "{{% if word %}}<{}>{{% endif %}}",
    "with": "{{% with a = 1 %}}<{}>{{% endwith %}}",
}
INCLUDES = {
    "name": "{% include 'part' without context %}",
    "list": "{% include ['missing', 'part'] without context %}",
    "ignore missing": "{% include 'missing' ignore missing without context %}",
    "present, ignore missing": "{% include 'part' ignore missing without context %}",
    "expression": "{% include part without context %}",
}


@every_kind
@pytest.mark.parametrize("position", POSITIONS)
def test_include_without_context(kind: Kind, position: str) -> None:
    for name, include_tag in INCLUDES.items():
        part = "(p&{{ word is defined }}{% for i in [1, 2] %}<{{ i }}{% endfor %})"
        shown = "" if name == "ignore missing" else "(p&{{ false }}<1<2)"
        files = {"main": "a" + POSITIONS[position].format(include_tag) + "z", "part": part}
        plain = {"main": "a" + POSITIONS[position].format(shown) + "z"}
        context = {"word": "w", "part": "part"}
        for autoescape in (False, True):
            with Consumer(kind, files, context, autoescape=autoescape) as consumer:
                assert consumer.text() == expected(plain, context, autoescape=autoescape)


@every_kind
def test_include_without_context_renders_its_template_once(kind: Kind) -> None:
    trace = Trace()
    files = {
        "main": "{% for i in [1, 2, 3] %}{% include 'part' without context %}{% endfor %}",
        "part": "{{ note('part') }}x",
    }
    consumer = Consumer(kind, files)
    consumer.environment.globals["note"] = trace.note
    with consumer:
        consumer.environment.cache.clear()  # type: ignore[union-attr]
        assert consumer.text() == "xxx"
    assert trace.of("part") == [None]
