"""A template that is included again and again has one context, as long as nobody can tell.

Its root hands the context to nobody but to filters that want to know whether to escape. What those
do to it is gone with the include.
"""

from __future__ import annotations

from typing import Any

import pytest
from jinja2 import pass_context, pass_eval_context
from jinja2.runtime import Context

from streamtmpl.context import LazyContext
from streamtmpl.runtime import includes

from .agreement import Notes, Pair, each_escaping, sync_and_async

PARTS = {
    "joins text": "{{ ['<', 'b']|join('&') }}{{ x }}",
    "joins numbers": "{{ [x, 1]|join('&') }}{{ x }}",
    "asks sometimes": "{{ (['a', '<'] if x is even else [x, x])|join('&') }}",
    "notes": "{{ x|noted }}{{ x|noted }}",
    "turns escaping round": "{{ x|turned }}{{ ['<', x]|join }}{{ x|noted }}",
    "looks around": "{{ x }}{{ y }}{{ later }}{{ loop.index }}",
    "sets": "{% set x = x ~ '!' %}{{ x }}{{ x|noted }}",
    "sees": "{{ x|noted }}{{ seen() }}",
    "fails": "{{ x|noted }}{{ 1 / (x - 2) }}",
    "text alone": "context.eval_ctx, <b>",
    "includes": "{{ x }}{% for x in 'ab' %}{% include 'joins numbers' %}{% endfor %}",
}
PAGES = {
    "loop": "{% for x in [1, 2, 3] %}{% include part %}{% set y = x %}{% endfor %}{{ y }}",
    "one loop in another": "{% for x in [1, 2] %}{% for y in 'ab' %}{% include part %}{% endfor %}"
    "{% include part %}{% endfor %}",
    "macro": "{% macro m(x, y='<') %}{% include part %}{% endmacro %}{{ m(1) }}{{ m(3, 4) }}"
    "{{ m(2)|upper }}",
    "set later": "{% set x = 1 %}{% for i in [1, 2] %}{% include part %}{{ after('later') }}"
    "{% endfor %}{% set later = 5 %}{% include part %}",
    "a part of parts": "{% for x in [1, 3] %}{% include 'includes' %}{% include part %}"
    "{% endfor %}",
}


@pass_context
def _seen(context: Context) -> str:
    return f"{context['x']}{context.get('y')}{sorted(context.exported_vars)}{context.name}"


def _context(notes: Notes) -> dict[str, Any]:
    def after(value: object) -> object:
        notes.append((value,))
        return value

    return {"seen": _seen, "after": after, "y": "<y>"}


def _filters(environment: Any) -> None:
    @pass_eval_context
    def noted(eval_ctx: Any, value: Any) -> Any:
        environment.notes.append((eval_ctx.autoescape, eval_ctx.volatile, value))
        return value

    @pass_eval_context
    def turned(eval_ctx: Any, value: Any) -> Any:
        eval_ctx.autoescape = not eval_ctx.autoescape
        return value

    environment.filters.update(noted=noted, turned=turned)


@sync_and_async
@each_escaping
@pytest.mark.parametrize("page", PAGES)
def test_each_include_is_on_its_own(page: str, autoescape: bool, kind: str) -> None:
    for part in PARTS:
        source = PAGES[page].replace("include part", f"include '{part}'")
        sources = {"page.html": source, **PARTS}
        pair = Pair(sources, kind, change=_filters, autoescape=autoescape)
        pair.agree(_context, part)


def test_the_context_is_kept_until_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or none of the above would compare anything."""
    made = []

    class Counted(LazyContext):
        def __init__(self, *args: Any) -> None:
            made.append(self)
            super().__init__(*args)

    monkeypatch.setattr(includes, "LazyContext", Counted)
    counts = {}
    for part in ("joins text", "joins numbers", "sees"):
        made.clear()
        sources = {"page.html": PAGES["loop"].replace("include part", f"include '{part}'"), **PARTS}
        Pair(sources, change=_filters).text(_context)
        counts[part] = len(made) // 2  # there are two ways
    assert counts == {"joins text": 1, "joins numbers": 3, "sees": 3}
