"""``map``, ``select`` and their like look up once what they call for each item."""

from __future__ import annotations

from typing import Any

import pytest
from jinja2 import Environment, pass_context, pass_environment, pass_eval_context

from streamtmpl import StreamEnvironment

from .agreement import Make, Notes, Pair, each_escaping, every_kind, sync_and_async

CALLS = {
    "plain": "map('plain')",
    "arguments": "map('plain', 1, a=2)",
    "context": "map('of_context', 1)",
    "eval context": "map('of_eval_context', a=2)",
    "environment": "map('of_environment')",
    "a class": "map('kind')",
    "object": "map('object')",
    "own": "map('upper')|map('replace', 'A', '<')|map('default', 'd', true)",
    "not there": "map('nothing')",
    "undefined name": "map(nothing)",
    "name of a name": "map(name)",
    "no name": "map()",
    "a number": "map(1)",
    "a list": "map([])",
    "context twice": "map('plain', context=1)",
    "value twice": "map('plain', value=1)",
    "spread": "map(*['plain', 1], **{'a': 2})",
    "fails": "map('fails')",
    "stops": "map('stops')",
    "attribute": "map(attribute='x')|map('default', 'd')",
    "select": "select",
    "select a test": "select('plain')",
    "arguments of a test": "select('in', ['a', 2])",
    "test of context": "select('of_context')",
    "test of eval context": "reject('of_eval_context', 1)",
    "test of environment": "reject('of_environment')",
    "reject": "reject",
    "test that is not there": "reject('nothing')",
    "test with an undefined name": "select(nothing)",
    "test fails": "select('fails')",
    "keywords without a test": "select(a=1)",
    "selectattr": "selectattr('x')",
    "selectattr by a test": "selectattr('x', 'plain')",
    "rejectattr": "rejectattr('x')",
    "rejectattr by a test": "rejectattr('x', 'of_context', 1)",
    "attribute of an attribute": "selectattr('x.y', 'undefined')",
    "no attribute": "selectattr()",
    "attribute and no such test": "rejectattr('x', 'nothing')",
}
USES = {
    "listed": "{{ xs|CALL|list }}",
    "looped over": "{% for y in xs|CALL %}{{ y }}{{ loop.index }},{% endfor %}",
    "nobody pulls": "{% set y = xs|CALL %}",
    "of none": "{{ []|CALL|list }}{{ ''|CALL|list }}",
}


class _Item:
    x = "<x>"

    def __str__(self) -> str:
        return "<item>"

    __repr__ = __str__


def _shown(*args: Any, **kwargs: Any) -> str:
    values = [value if isinstance(value, (str, int, _Item)) else "something" for value in args]
    return f"<{values}{sorted(kwargs)}>"


def _fails(value: Any) -> None:
    raise KeyError("failed")


def _stops(value: Any) -> None:
    raise StopIteration("stopped")


class _Callable:
    def __call__(self, *args: Any, **kwargs: Any) -> str:
        return _shown(*args, **kwargs)


def _register(environment: Any) -> None:
    for registered in (environment.filters, environment.tests):
        registered.update(
            plain=_shown,
            of_context=pass_context(lambda *args, **kwargs: _shown(*args, **kwargs)),
            of_eval_context=pass_eval_context(lambda *args, **kwargs: _shown(*args, **kwargs)),
            of_environment=pass_environment(lambda *args, **kwargs: _shown(*args, **kwargs)),
            kind=_Item if registered is environment.tests else str,
            object=_Callable(),
            fails=_fails,
            stops=_stops,
        )


def _context(notes: Notes) -> dict[str, Any]:
    return {"xs": ["a", 2, "", None, _Item(), {"x": 0}], "name": "upper"}


def _lazy(notes: Notes) -> dict[str, Any]:
    def items() -> Any:
        for item in _context(notes)["xs"]:
            notes.append(("pull",))
            yield item

    return {**_context(notes), "xs": items()}


@each_escaping
@every_kind
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_calls(call: str, kind: str, autoescape: bool) -> None:
    for label, use in USES.items():
        pair = Pair(use.replace("CALL", call), kind, change=_register, autoescape=autoescape)
        makes: list[Make] = [_context, _lazy]
        for make in makes:
            pair.agree(make, label)


class Noting:
    """An environment that is asked for each filter and test that is called by its name."""

    notes: Notes

    def call_filter(self, name: str, *args: Any, **kwargs: Any) -> Any:
        self.notes.append(("filter", name))
        return super().call_filter(name, *args, **kwargs)  # type: ignore[misc]

    def call_test(self, name: str, *args: Any, **kwargs: Any) -> Any:
        self.notes.append(("test", name))
        return super().call_test(name, *args, **kwargs)  # type: ignore[misc]


@sync_and_async
@pytest.mark.parametrize("call", ["map('upper')", "select('string')", "rejectattr('x', 'none')"])
def test_an_environment_that_calls_by_itself(call: str, kind: str) -> None:
    pair = Pair(f"{{{{ xs|{call}|list }}}}", kind, mixin=Noting)
    asked: list[Notes] = []

    def context(notes: Notes) -> dict[str, Any]:
        asked.append(notes)
        return _context(notes)

    pair.agree(context)
    assert len(asked[0]) == len(_context([])["xs"])  # each item, and nothing else


def test_where_one_environment_calls_by_itself() -> None:
    """Set on the object alone, as tools do."""
    source = "{{ ['a', 'b']|map('upper')|join }}{{ ['a']|select('string')|join }}"
    for make in (Environment, StreamEnvironment):
        environment: Any = make()
        environment.call_filter = lambda name, item, *args, **kwargs: f"<{name} {item}>"
        environment.call_test = lambda *args, **kwargs: False
        assert environment.from_string(source).render() == "<upper a><upper b>"
