"""A macro in which no chunk can be cut is a plain function: it has run when it has been called.

What it raises passes through fewer generators then, each of which would make another error of a
``StopIteration``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from streamtmpl import StreamEnvironment, render_stream

from .agreement import Notes, Pair, each_escaping, every_kind

MACROS = {
    "nothing": "{% macro m(a) %}{% endmacro %}",
    "text": "{% macro m(a) %}<m>{% endmacro %}",
    "values": "{% macro m(a, b='<b>', c=a) %}<{{ a }}{{ b }}{{ c|upper }}>{% endmacro %}",
    "set": "{% macro m(a) %}{% set b = note(a) %}{{ b }}{% set c %}<{{ a }}{% endset %}{{ c }}"
    "{% endmacro %}",
    "implicit parameters": "{% macro m(a) %}{{ varargs }}{{ kwargs }}{{ a }}{% endmacro %}",
    "an error": "{% macro m(a) %}\n{{ a.nope.nope }}{% endmacro %}",
}
ENDING = {
    "of an attribute": "{% macro m(a) %}\n{{ stop.it }}{% endmacro %}",
    "of a filter": "{% macro m(a) %}\n{{ a|stopping }}{% endmacro %}",
}
CALLS = {
    "shown": "{{ m(1) }}{{ note(2) }}{{ m('<') }}",
    "in a loop": "{% for i in [1, 2] %}{{ m(i) }}{{ note(i) }}{% endfor %}",
    "captured": "{{ m(1)|upper }}{% set s %}{{ m('<') }}{% endset %}{{ s }}",
    "in a macro": "{% macro n(a) %}{{ m(a) }}{{ note(a) }}{% endmacro %}{{ n(1) }}{{ n(2)|upper }}",
    "call block": "{% call m(1) %}{{ note(1) }}{% endcall %}",
    "wrong arguments": "{{ m(1, 2, 3, 4) }}",
    "wrong names": "{{ m(1, nope=2) }}",
    "spread": "{{ m(*[1]) }}{{ m(**{'a': '<'}) }}",
    "in a part that fails": "{% include 'part' %}",
}


class Stopping:
    @property
    def it(self) -> str:
        raise StopIteration


def stopping(value: object) -> str:
    raise StopIteration


def context(notes: Notes) -> dict[str, Any]:
    def note(value: object) -> object:
        notes.append(("note", value))
        return value

    return {"note": note, "stop": Stopping()}


@each_escaping
@every_kind
def test_macros(kind: str, autoescape: bool) -> None:
    for macro, definition in MACROS.items():
        for call, source in CALLS.items():
            part = f"{definition}{{{{ m(1) }}}}{{{{ m(2)|upper }}}}"
            files = {"page.html": definition + source, "part": part}
            Pair(files, kind, autoescape=autoescape).agree(context, f"{macro}, {call}")


@pytest.mark.parametrize("kind", ["sync", "sandbox"])
def test_macros_that_raise_stop_iteration(kind: str) -> None:
    def change(environment: Any) -> None:
        environment.filters["stopping"] = stopping

    for macro, definition in ENDING.items():
        for source in (
            "[{{ m(1)|upper }}]",
            "{% set s = m(1) %}[{{ s }}]",
            "{{ m(m(1)|upper) ~ 1 }}",
        ):
            pair = Pair(definition + source, kind, change=change)
            pair.agree(context, f"{macro}, {source}")


def _text_so_far(notes: list[str]) -> Callable[[str], str]:
    def seen(text: str) -> str:
        notes.append(text)
        return text

    return seen


@pytest.mark.parametrize("size", [0, 1, 8])
def test_chunks_are_cut_after_the_macro(size: int) -> None:
    notes: list[str] = []
    source = "{% macro m(a) %}<{{ a }}>{{ seen('in') }}{% endmacro %}"
    source += "a{{ m(1) }}{{ seen('b') }}{{ m(2) }}"
    template = StreamEnvironment().from_string(source)
    stream = render_stream(template, {"seen": _text_so_far(notes)}, chunk_size=size)
    first = next(stream)
    assert first == ("a<1>in" if size < 6 else "a<1>inb<2>in")
    assert notes == (["in"] if size < 6 else ["in", "b", "in"])
    assert first + "".join(stream) == "a<1>inb<2>in"
