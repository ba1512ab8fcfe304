"""The text of a constant default for a missing variable is known when the template is compiled.

It is that text only where the variable is missing and ``default`` is Jinja2's own by then.
"""

from __future__ import annotations

from typing import Any

import pytest
from jinja2 import ChainableUndefined, StrictUndefined, Undefined
from jinja2.filters import do_default
from markupsafe import Markup

from .agreement import Notes, Pair, each_escaping, every_kind, given, sync_and_async

DEFAULTS = (
    "'<b>'",
    "'x'",
    "3",
    "-1",
    "''",
    "true",
    "none",
    "1.5",
    "'a' ~ '&'",
    "other",
    "'<', true",
)
VALUES: dict[str, dict[str, Any]] = {
    "missing": {},
    "undefined": {"x": Undefined(name="x")},
    "text": {"x": "<t>"},
    "html": {"x": Markup("<t>")},
    "number": {"x": 7},
    "none": {"x": None},
    "empty": {"x": ""},
}
PLACES = {
    "alone": "{{ x|default(D) }}",
    "short name": "{{ x|d(D) }}-{{ x|d(D)|upper }}",
    "twice": "a{{ x|default(D) }}b{{ x|default(D) }}c{{ x }}",
    "loop": "{% for i in 'ab' %}{{ x|default(D) }}{{ i }}{% endfor %}",
    "joined rows": "{% for row in [[1, 2], 'ab'] %}<r>{% for cell in row %}{{ x|default(D) }}"
    "{{ cell }}{% endfor %}</r>{% endfor %}",
    "own variable": "{% for x in [x, '<'] %}{{ x|default(D) }}{% endfor %}",
    "set": "{% if y %}{% set x = y %}{% endif %}{{ x|default(D) }}{% set x = 2 %}"
    "{{ x|default(D) }}",
    "macro": "{% macro m(x) %}{{ x|default(D) }}{{ z|default(D) }}{% endmacro %}{{ m() }}"
    "{{ m(1) }}",
    "filtered block": "{% filter upper %}{{ x|default(D) }}{% endfilter %}",
    "not escaped": "{% autoescape false %}{{ x|default(D) }}{% endautoescape %}",
    "escaped or not": "{% autoescape y %}{{ x|default(D) }}{% endautoescape %}",
    "in other values": "{{ (x|default(D)) ~ '<' }}{{ [x|default(D)] }}{{ x|default(D) is string }}",
}


@sync_and_async
@each_escaping
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_defaults(place: str, autoescape: bool, kind: str) -> None:
    for default in DEFAULTS:
        pair = Pair(place.replace("D", default), kind, autoescape=autoescape)
        for label, values in VALUES.items():
            pair.agree(given(**values), f"{default}, {label}")


@every_kind
@pytest.mark.parametrize("undefined", [ChainableUndefined, StrictUndefined])
def test_other_undefined_objects(undefined: type[Undefined], kind: str) -> None:
    Pair("{{ x|default('<') }}{{ x }}", kind, undefined=undefined, autoescape=True).agree()


@sync_and_async
def test_another_filter_of_that_name(kind: str) -> None:
    """From the beginning, or in an environment that has compiled the template already."""

    def other(value: object, default: object) -> str:
        return f"<{value}{default}>"

    def change(environment: Any) -> None:
        environment.filters["default"] = other

    source = "{{ x|default('<') }}{{ y|d('<') }}"
    assert "&lt;&lt;&gt;" in Pair(source, kind, change=change, autoescape=True).text()
    pair = Pair(source, kind, autoescape=True)
    assert pair.text() == "&lt;&lt;"
    pair.change(change)
    assert "&lt;&lt;&gt;" in pair.text()
    pair.change(lambda environment: environment.filters.update(default=do_default))
    assert pair.text() == "&lt;&lt;"


def test_finalize_sees_the_default() -> None:
    def finalize(value: object) -> object:
        notes.append((value,))
        return value

    notes: Notes = []
    Pair("{{ x|default('<') }}", finalize=finalize, autoescape=True).text()
    assert set(notes) == {("<",)}
