"""A loop that counts by itself although it includes templates, which could ask for its object.

The object is made when the first template is included that might ask for it, or might change what
the loop runs over: in the middle of the loop, in the state that it would have by then.
"""

from __future__ import annotations

from typing import Any

import pytest
from jinja2 import pass_context
from jinja2.runtime import Context

from streamtmpl.runtime import loops

from .agreement import Make, Notes, Pair, sync_and_async
from .iterables import ITERABLES

PARTS = {
    "alone": "[{{ x }}{{ x|upper }}{% for z in 'ab' %}{{ loop.index }}{{ loop.last }}{% endfor %}]",
    "shows": "[{{ x }}{{ loop.index }}{{ loop.first }}{{ loop.previtem }}{{ loop.cycle(1, 2) }}]",
    "looks ahead": "[{{ loop.last }}{{ loop.nextitem }}]",
    "changed": "[{{ loop.changed(x) }}{{ loop.changed(1) }}]",
    "length": "[{{ loop.length }}{{ loop.revindex0 }}]",
    "pulls": "[{% for z in loop %}{{ z[0] }}{% break %}{% endfor %}]",
    "gives": "[{{ see() }}]",
    "grows": "[{% if rows|length < 6 %}{{ rows.append('new') }}{% endif %}]",
    "shrinks": "[{{ rows.pop() if rows is sequence and rows|length > 3 }}]",
    "turns": "[{{ rows|turned|length }}]",
    "includes": "[{% include 'shows' %}]",
    "block": "{% block b %}[{{ x }}{{ loop is defined }}]{% endblock %}",
    "child": "{% extends 'block' %}{% block b %}{{ super() }}{{ loop.index }}{% endblock %}",
    "macro": "{% macro m() %}{{ x }}{{ loop is defined }}{% endmacro %}[{{ m() }}{{ m()|upper }}]",
    "sets loop": "{% set loop = 5 %}[{{ loop }}]",
    "fails": "{{ 1 / (x == '<2>' and 0 or 1) }}",
}
BODIES = {
    "index": "{{ loop.index }}IT{{ loop.index }}{{ x }}",
    "index0": "{{ loop.index0 }}IT{{ loop.index0 }}",
    "first": "{{ loop.first }}IT{{ loop.first }}",
    "last": "{{ loop.last }}IT{{ loop.last }}",
    "last after": "IT{{ loop.last }}",
    "sizes": "{{ loop.length }}{{ loop.revindex }}IT{{ loop.revindex0 }}{{ loop.length }}",
    "cycle": "{{ loop.cycle('a', 'b', x) }}IT{{ loop.cycle('a', 'b', x) }}",
    "depth": "{{ loop.depth }}IT{{ loop.depth0 }}",
    "from the second on": "{{ loop.index }}{% if loop.index > 1 %}IT{% endif %}{{ loop.last }}",
    "at the last": "{% if loop.last %}IT{{ loop.length }}{% endif %}{{ loop.index }}",
    "only once": "{{ loop.last }}{% if x == 'b' %}IT{% endif %}{{ loop.last }}{{ loop.index }}",
    "inner loop": "{% for y in [1, 2] %}IT{% endfor %}{{ loop.index }}{{ loop.last }}",
    "inner loop that counts": "{% for y in [1, 2] %}{{ loop.index }}IT{{ loop.last }}{% endfor %}"
    "IT{{ loop.index }}{{ loop.last }}",
    "variables": "{% set q = x %}{% if loop.first %}{% set r = 1 %}{% endif %}"
    "IT{{ loop.last }}{{ q }}",
    "captured": "{% filter upper %}IT{{ loop.index }}{% endfilter %}{{ loop.last }}",
    "with": "{% with w = loop.index %}IT{{ w }}{{ loop.last }}{% endwith %}",
    "left early": "{% if loop.index == 2 %}{% continue %}{% endif %}IT{{ loop.last }}"
    "{% if loop.index == 3 %}{% break %}{% endif %}",
    "missing": "{% include 'nope' ignore missing %}IT{{ loop.index }}{{ loop.last }}",
    "without context": "{% include 'apart' without context %}IT{{ loop.index }}{{ loop.last }}",
    "calls": "{{ see() }}IT{{ loop.index }}",
    "all": "{{ loop }}IT{{ loop.index }}",
}
INNER = {
    "recursive, with an else": "{{ loop.index }}{% for y in [] recursive %}{% else %}"
    "IT{% endfor %}",
    "recursive, tested": "{% for y in [1] if loop.length recursive %}{{ y }}{% else %}"
    "IT{% endfor %}",
    "recursive, asking": "{% for y in [] recursive %}{% else %}{{ loop.length }}{% endfor %}IT"
    "{{ loop.length }}{{ loop.last }}",
    "tested, asking": "{% for y in [1] if loop.length %}{{ loop.last }}{% endfor %}"
    "IT{{ loop.length }}",
    "one that counts": "{% for y in [1] %}{{ loop.index }}IT{% endfor %}"
    "{{ loop.length }}{{ loop.last }}",
    "one that is tested": "{% for y in [1] if y %}{{ loop.index }}IT{% endfor %}"
    "{{ loop.revindex }}",
    "recursive": "{% for y in [1] recursive %}IT{% endfor %}{{ loop.revindex }}",
    "two": "{% for y in [1, 2] %}{% for z in 'ab' %}IT{{ loop.last }}{% endfor %}{{ loop.last }}"
    "{% endfor %}{{ loop.last }}",
    "a filter by its name": "IT{{ [1]|map('grown', rows)|list }}{{ loop.length }}{{ loop.last }}",
    "a test by its name": "IT{{ [1]|select('growing', rows)|list }}{{ loop.length }}"
    "{{ loop.last }}",
    "a test of an attribute": "IT{{ ['a']|selectattr('x', 'growing', rows)|list }}"
    "{{ loop.length }}",
    "a filter by a variable": "{% set f = 'grown' %}IT{{ [1]|map(f, rows)|list }}{{ loop.length }}",
}
TWO = ("alone", "shows", "looks ahead", "grows", "includes")


@pass_context
def see(context: Context) -> str:
    loop = context.get("loop")
    return f"{context.get('x')}{loop and (loop.index0, loop.index, loop.first)}"


def _filters(environment: Any) -> None:
    def turned(rows: Any) -> Any:
        if isinstance(rows, list):
            rows.reverse()
        return rows

    def grown(value: Any, rows: Any) -> Any:
        if isinstance(rows, list) and len(rows) < 6:
            rows.append("new")
        return value

    environment.filters["turned"] = turned
    environment.filters["grown"] = environment.tests["growing"] = grown
    environment.globals["see"] = see


def three(notes: Notes) -> list[str]:
    return ["<a>", "b", "<2>"]


LISTS: dict[str, Make] = {
    "list": three,
    "tuple": lambda notes: tuple(three(notes)),
    "one": lambda notes: ["b"],
    "none": lambda notes: [],
    "generator": lambda notes: (each for each in three(notes)),
}


def agree(source: str, kind: str, iterables: dict[str, Make]) -> None:
    sources = {"page.html": source, "apart": "{{ x }}", **PARTS}
    pair = Pair(sources, kind, change=_filters, autoescape=True)
    for label, make in iterables.items():
        pair.agree(lambda notes, make=make: {"rows": make(notes)}, label)  # type: ignore[misc]


@pytest.mark.parametrize("body", BODIES)
def test_each_part(body: str) -> None:
    for part in PARTS:
        it = BODIES[body].replace("IT", f"{{% include '{part}' %}}")
        loop = f"{{% for x in rows %}}{it};{{% else %}}none{{% endfor %}}{{{{ rows|length }}}}"
        iterables = {name: LISTS[name] for name in LISTS if name != "generator"}
        agree(loop, "sync", iterables)
        agree(loop.replace("{{ rows|length }}", ""), "sync", LISTS)


@pytest.mark.parametrize("inner", INNER)
def test_loops_within_and_what_is_called_by_name(inner: str) -> None:
    for part in PARTS:
        it = INNER[inner].replace("IT", f"{{% include '{part}' %}}")
        agree(f"{{% for x in rows %}}{it};{{% endfor %}}", "sync", LISTS)


@pytest.mark.parametrize("part", PARTS)
def test_everything_that_can_be_looped_over(part: str) -> None:
    body = f"{{{{ loop.index }}}}{{% include '{part}' %}}{{{{ loop.last }}}};"
    agree("{% for x in rows %}" + body + "{% endfor %}", "sync", ITERABLES)


@sync_and_async
@pytest.mark.parametrize("second", TWO)
@pytest.mark.parametrize("first", TWO)
def test_one_part_after_another(first: str, second: str, kind: str) -> None:
    for place in (
        "{% include names[loop.index0 % 2] %}",
        "{% if loop.index == 2 %}{% include names[1] %}{% else %}{% include names[0] %}{% endif %}",
        "{% include names[0] %}{{ loop.index }}{% include names[1] %}",
    ):
        loop = f"{{% set names = {(first, second)} %}}{{% for x in rows %}}{place}"
        agree(loop + "{{ loop.index }}{{ loop.last }};{% endfor %}", kind, LISTS)


@sync_and_async
def test_no_object_is_made_unless_one_might_be_asked_for(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or none of the above would compare anything."""
    items: Any = loops.CountedItems if kind == "sync" else loops.AwaitedCountedItems
    made = []

    class Counted(items._kind):
        def __init__(self, *args: Any) -> None:
            made.append(self)
            super().__init__(*args)

    monkeypatch.setattr(items, "_kind", Counted)
    counts = {}
    for part in ("alone", "shows", "grows", "turns", "includes"):
        made.clear()
        page = f"{{% for x in rows %}}{{% include '{part}' %}}{{{{ loop.last }}}}{{% endfor %}}"
        pair = Pair({"page.html": page, **PARTS}, kind, change=_filters)
        pair.text(lambda notes: {"rows": three(notes)})
        counts[part] = len(made) // 2  # there are two ways
    assert counts == {"alone": 0, "shows": 1, "grows": 1, "turns": 1, "includes": 1}
