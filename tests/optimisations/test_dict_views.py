"""``items()``, ``keys()`` and ``values()`` of a plain dict are called without a detour.

A call in a template looks for a method, then for an item of that name, and hands over what the
callable wants to know. Only an exact dict is known to have nothing to add.
"""

from __future__ import annotations

from typing import Any

import pytest
from jinja2 import pass_context, pass_environment
from jinja2.runtime import Context

from .agreement import Make, Notes, Pair, every_kind, given, sync_and_async
from .objects import OBJECTS

USES = {
    "loop": "{% for k in x.VIEW() %}{{ k }};{% endfor %}",
    "loop with loop": "{% for k in x.VIEW() %}{{ k }}{{ loop.last }}{{ loop.length }};{% endfor %}",
    "loop that tests": "{% for k in x.VIEW() if k %}{{ k }};{% else %}none{% endfor %}",
    "nested": "{% for y in [x, x] %}{% for k in y.VIEW() %}{{ k }}{% endfor %};{% endfor %}",
    "filter": "{% for y in [x] %}{{ y.VIEW()|list }}{{ y.VIEW()|length }}{% endfor %}",
    "shown": "{% for y in [x] %}{{ y.VIEW() }}{{ y.VIEW() ~ '' }}{% endfor %}",
    "argument": "{% macro m(y) %}{% for k in y.VIEW() %}{{ k }}{% endfor %}{% endmacro %}"
    "{{ m(x) }}",
    "condition": "{% for y in [x] %}{% if y.VIEW() %}yes{% endif %}{% endfor %}",
}
VIEWS = ["items", "keys", "values"]


@sync_and_async
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_views_of_anything(use: str, view: str, kind: str) -> None:
    pair = Pair(use.replace("VIEW", view), kind, autoescape=True)
    for label, make in OBJECTS.items():
        if "StopIteration" not in label:
            pair.agree(_as_x(make), label)


def _as_x(make: Make) -> Make:
    return lambda notes: {"x": make(notes)}


@every_kind
@pytest.mark.parametrize(
    "arguments", ["1", "1, 2", "a=1", "*[]", "*[1]", "**{}", "**{'a': 1}", "*1", "**1"]
)
def test_arguments_that_views_do_not_take(arguments: str, kind: str) -> None:
    for use in ("{{ y.items(%s) }}", "{{ y.keys(%s) ~ '' }}", "{{ y.values(%s)|list }}"):
        source = "{% for y in [x] %}" + use.replace("%s", arguments) + "{% endfor %}"
        Pair(source, kind).agree(given(x={"a": 1}))


@pass_context
def with_context(context: Context, *args: object) -> str:
    return f"{context['name']} {len(args)}"


@pass_environment
def with_environment(environment: Any, *args: object) -> str:
    return f"{environment.block_start_string} {len(args)}"


def stopping() -> object:
    raise StopIteration


@every_kind
@pytest.mark.parametrize("method", [with_context, with_environment, stopping, len, 3, None])
def test_what_is_found_under_such_a_name(method: Any, kind: str) -> None:
    class Views(dict):
        pass

    views: Any = Views(a=1)
    views.items = method
    source = "{% for y in [x] %}[{{ y.items() }}]{{ y.items() ~ '' }}{% endfor %}"
    Pair(source, kind).agree(given(x=views, name="n"))


def test_a_dict_that_changes_while_it_is_looped_over() -> None:
    def make(notes: Notes) -> dict[str, Any]:
        return {"x": {"a": 1, "b": 2}}

    for view in VIEWS:
        loop = f"{{% for k in x.{view}() %}}\n{{{{ k }}}}{{% do CHANGE %}}{{% endfor %}}"
        for change in ("x.update(c=3)", "x.clear()", "x.pop('b', 0)"):
            Pair(loop.replace("CHANGE", change)).error(make)
        Pair(loop.replace("CHANGE", "x.update(a=3)")).text(make)


class Counting(Context):
    """Sees every call."""

    def call(self, callable: Any, /, *args: Any, **kwargs: Any) -> Any:
        environment: Any = self.environment
        environment.notes.append(("call", getattr(callable, "__name__", "?")))
        return super().call(callable, *args, **kwargs)


def _counting(environment: Any) -> None:
    environment.context_class = Counting


@every_kind
def test_a_context_that_sees_calls(kind: str) -> None:
    source = "{% for y in [x] %}{% for k, v in y.items() %}{{ k }}{{ v }}{% endfor %}{% endfor %}"
    assert Pair(source, kind, change=_counting).text(given(x={"a": 1})) == "a1"


class Refusing:
    """A sandbox in which views are not to be called."""

    def is_safe_callable(self, obj: Any) -> bool:
        return getattr(obj, "__name__", "") != "items"


@pytest.mark.parametrize("kind", ["sandbox", "immutable sandbox"])
def test_a_sandbox_that_refuses(kind: str) -> None:
    source = "{% for y in [x] %}{% for k in y.NAME() %}{{ k }}{% endfor %}{% endfor %}"
    refused = Pair(source.replace("NAME", "items"), kind, mixin=Refusing).error(given(x={"a": 1}))
    assert "is not safely callable" in refused.message
    assert Pair(source.replace("NAME", "keys"), kind, mixin=Refusing).text(given(x={"a": 1})) == "a"
