"""Calls of plain functions, methods and built-ins go past ``Context.call``.

Which does three things: it hands over the context, the evaluation context or the environment to a
callable that asks for it, with the variables of the loop and block around; it takes a
``StopIteration`` for undefined; and a sandbox or a context class of the user's may replace it.
"""

from __future__ import annotations

from typing import Any

import pytest
from jinja2 import pass_context
from jinja2.runtime import Context

from .agreement import Notes, Pair, every_kind, given, sync_and_async
from .callables import CALLABLES, CONTEXTS, told

PLACES = {
    "output": "a{{ f(ARGS) }}b",
    "twice in a run": "{{ f(ARGS) }}{{ f(ARGS) }}",
    "value": "{{ f(ARGS) ~ '' }}",
    "filtered": "{{ f(ARGS)|string }}",
    "nested": "{{ f(f(ARGS)) }}",
    "second line": "a\n{{ f(ARGS) }}\n{{ 1 }}",
    "attribute": "{{ d.f(ARGS) }}",
    "item": "{{ d['f'](ARGS) ~ '' }}",
    "condition": "{% if f(ARGS) %}yes{% else %}no{% endif %}",
    "iterated": "{% for x in f(ARGS) %}{{ x }};{% endfor %}",
    "after set": "{% set a = 4 %}{{ f(ARGS) }}",
    "in a loop": "{% for v in [1] %}{{ f(ARGS) }}{{ f(ARGS) ~ v }}{% endfor %}",
    "in a loop that sets": "{% for v in [1] %}{% set w = 2 %}{{ f(ARGS) }}{% endfor %}",
    "in two loops": "{% for v in [1] %}{% set w = 2 %}{% for a in [3] %}{{ f(ARGS) }}"
    "{% set b = 4 %}{{ f(ARGS) }}{% endfor %}{{ f(ARGS) }}{% endfor %}",
    "in a loop's test": "{% for v in [1, 2] if f(ARGS) %}{{ v }}{{ loop.index }}{% endfor %}",
    "in a block": "{% block q %}{% set w = 3 %}{{ f(ARGS) }}{% endblock %}",
    "in a block's loop": "{% block q %}{% set w = 3 %}{% for v in [1] %}{% set b = 3 %}"
    "{{ f(ARGS) }}{{ f(ARGS) ~ '' }}{% endfor %}{% endblock %}",
    "in with": "{% with w = 1 %}{{ f(ARGS) }}{% endwith %}",
    "in a macro": "{% macro m(a) %}{% set w = 3 %}{{ f(ARGS) }}{% endmacro %}{{ m(5) }}",
    "included": "{% for v in [1] %}{% set w = 2 %}{% include 'part' %}{% endfor %}",
    "not escaped": "{% autoescape false %}{{ f(ARGS) }}{{ f(ARGS) ~ '' }}{% endautoescape %}",
    "escaped or not": "{% autoescape on %}{{ f(ARGS) }}{% endautoescape %}",
}
ARGUMENTS = {
    "none": "",
    "one": "1",
    "keyword": "a=1",
    "star": "*[1, 2]",
    "double star": "**{'a': 1}",
    "all": "1, a=2, *[3], **{'b': 4}",
    "double star of a number": "**1",
    "star of a number": "*1",
    "star of a number before a keyword that fails": "*1, a=1 // 0",
    "the same with more keywords": "1, *1, **{'a': 1 // 0}",
    "keys that are no text": "**{1: 2}",
    "names of the engine's": "context=1, function=2",
    "self": "**{'self': 1}",
    "a name of Python's": "class=1",
}


def agree(place: str, arguments: str, kind: str) -> None:
    source = PLACES[place].replace("ARGS", arguments)
    part = "[{{ f(" + arguments + ") }}]"
    pair = Pair({"page.html": source, "part": part}, kind, autoescape=True)
    for label, make in CONTEXTS.items():
        # Out of a macro that streams, or a coroutine, it is another RuntimeError.
        if not ("StopIteration" in label and "macro" in source):
            pair.agree(make, label)


@every_kind
@pytest.mark.parametrize("place", PLACES)
def test_callables(place: str, kind: str) -> None:
    agree(place, "", kind)
    agree(place, "1, a=2", kind)


@sync_and_async
@pytest.mark.parametrize("arguments", ARGUMENTS.values(), ids=ARGUMENTS)
def test_arguments(arguments: str, kind: str) -> None:
    for place in ("output", "value", "in a loop that sets", "in a block's loop"):
        agree(place, arguments, kind)


def shown(*args: Any, **kwargs: Any) -> str:
    return f"{args}{kwargs}"


@sync_and_async
@pytest.mark.parametrize("iterator", ["f(*x, a=x|list)", "f(1, *x|batch(1), **{'a': x|list})"])
def test_an_iterator_is_spread_before_keywords_pull_from_it(iterator: str, kind: str) -> None:
    for place in ("{{ CALL }}", "{% set v = CALL %}{{ v }}", "{% if 1 %}a{{ CALL }}b{% endif %}"):
        pair = Pair(place.replace("CALL", iterator), kind)
        text = pair.text(lambda notes: {"f": shown, "x": iter([1, 2])})
        assert "{'a': []}" in text


def text_of_call(*args: Any, caller: Any, **kwargs: Any) -> str:
    return f"{told(*args, **kwargs)}{caller()}"


async def text_of_call_async(*args: Any, caller: Any, **kwargs: Any) -> str:
    return f"{told(*args, **kwargs)}{await caller()}"


@sync_and_async
@pytest.mark.parametrize("arguments", ["", "1", "a=1", "*[1, 2]", "1, a=2, **{'b': 4}", "caller=1"])
def test_call_blocks(arguments: str, kind: str) -> None:
    call = "{% call f(" + arguments + ") %}body {{ v }}{% endcall %}"
    function = text_of_call_async if kind == "async" else text_of_call
    for source in (call, "{% for v in [1] %}{% set w = 2 %}" + call + "{% endfor %}"):
        for f in (function, pass_context(lambda *args, **kwargs: function(*args, **kwargs))):
            Pair(source, kind, autoescape=True).agree(given(f=f, v="<v>"))
        for name in ("raises ValueError('v')", "none", "a number", "one argument"):
            Pair(source, kind, autoescape=True).error(given(f=CALLABLES[name], v="<v>"))


def test_what_is_no_namespace_is_told_before_anything_is_called() -> None:
    def calling(notes: Notes) -> dict[str, Any]:
        return {"f": lambda *args: notes.append(("f", args)), "d": {"a": [1]}, "none": None}

    for kind in ("sync", "async", "sandbox"):
        for target in ("none.x", "gone.x", "none.x, y", "y, none.x, none.z", "d.x"):
            for value in ("f(1)", "d.a|map('f')|join", "f(1) ~ d.b.c", "d.a|list, f(2)"):
                source = "a\n{% set y = 1 %}\n{% set " + target + " = " + value + " %}"
                Pair(source, kind).error(calling, source)
                Pair("{% for i in [1] %}" + source + "{% endfor %}", kind).error(calling, source)


# -- who else may see a call


class Noting(Context):
    """Sees every call, and changes what they return."""

    def call(self, callable: Any, /, *args: Any, **kwargs: Any) -> Any:
        environment: Any = self.environment
        environment.notes.append((type(callable).__name__, len(args)))
        return super().call(callable, *args, **kwargs)


class Shouting(Context):
    def call(self, callable: Any, /, *args: Any, **kwargs: Any) -> Any:
        value = super().call(callable, *args, **kwargs)
        return value.upper() if isinstance(value, str) else value


class Resolving(Context):
    """Changes names, not calls."""

    def resolve_or_missing(self, key: str) -> Any:
        return "<w>" if key == "w" else super().resolve_or_missing(key)


SEEN = [
    "{{ f(1) }}{{ f(1) ~ f(2) }}{{ d.f(a=1) }}{{ f }}{{ 'a'.upper() }}{{ w }}",
    "{% for v in [1] %}{% set w = 2 %}{{ f(v) }}{{ f(v)|length }}{% endfor %}",
    "{% block q %}{% set w = 3 %}{{ f(1) }}{% endblock %}{{ self.q() }}{{ self.q()|length }}",
    "{% macro m(a) %}<{{ a }}{{ f(a) }}>{% endmacro %}{{ m(1) }}{{ m(f(2)) }}{{ m(3)|length }}",
    "{% macro m() %}{{ caller(1) }}{% endmacro %}{% call(x) m() %}{{ x }}{{ f(x) }}{% endcall %}",
    "{% for n in [[[]]] recursive %}{{ loop.index }}{{ loop(n) }}{{ f(1) }}{% endfor %}",
    "{% for k in d.keys() %}{{ k }}{% endfor %}{% for v in [d] %}{{ v.items()|length }}"
    "{% endfor %}",
    "{{ range(3)|list }}{{ dict(a=1).a }}{{ namespace(b=2).b }}{{ cycler(1, 2).next() }}",
]


@every_kind
@pytest.mark.parametrize("source", SEEN)
@pytest.mark.parametrize("context_class", [Noting, Shouting, Resolving])
def test_own_context_classes(context_class: type[Context], source: str, kind: str) -> None:
    # Shouted, a macro's awaitable is none of the text that it is for.
    if kind == "async" and context_class is Shouting and "macro" in source:
        return

    def change(environment: Any) -> None:
        environment.context_class = context_class

    for name in ("a function", "context: function", "eval context: static method", "a class"):
        pair = Pair(source, kind, change=change, autoescape=True)
        pair.agree(CONTEXTS[name], name)


class Sandbox:
    """What users of a sandbox replace."""

    intercepted_binops = frozenset("+-*/%")
    intercepted_unops = frozenset("+-")

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        self.notes.append(("call", type(obj).__name__, len(args)))  # type: ignore[attr-defined]
        return super().call(context, obj, *args, **kwargs)  # type: ignore[misc]

    def is_safe_callable(self, obj: Any) -> bool:
        self.notes.append(("safe?", type(obj).__name__))  # type: ignore[attr-defined]
        return super().is_safe_callable(obj)  # type: ignore[misc, no-any-return]

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        self.notes.append(("binop", operator))  # type: ignore[attr-defined]
        return super().call_binop(context, operator, left, right)  # type: ignore[misc]

    def call_unop(self, context: Context, operator: str, argument: Any) -> Any:
        self.notes.append(("unop", operator))  # type: ignore[attr-defined]
        return super().call_unop(context, operator, argument)  # type: ignore[misc]


class CarefulSandbox:
    """Refuses by a name of its own."""

    def is_safe_callable(self, obj: Any) -> bool:
        return getattr(obj, "__name__", "") != "<lambda>"


OPERATORS = "{{ n + 1 }}{{ n - 1 }}{{ n * 2 }}{{ n / 2 }}{{ n % 2 }}{{ -n }}{{ +n }}{{ n // 2 }}"


@pytest.mark.parametrize("kind", ["sandbox", "immutable sandbox"])
@pytest.mark.parametrize("source", [*SEEN, OPERATORS])
@pytest.mark.parametrize("mixin", [Sandbox, CarefulSandbox])
def test_own_sandboxes(mixin: type, source: str, kind: str) -> None:
    pair = Pair(source, kind, mixin=mixin, autoescape=True)
    for name in ("a function", "context: function", "unsafe", "alters data", "a class"):
        make = CONTEXTS[name]
        pair.agree(lambda notes, make=make: {**make(notes), "n": 7}, name)  # type: ignore[misc]
