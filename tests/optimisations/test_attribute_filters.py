"""``sort``, ``sum`` and their like look up an attribute of each item without the environment."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import jinja2
import pytest
from jinja2 import ChainableUndefined, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup

from streamtmpl import SandboxedStreamEnvironment, StreamEnvironment

from .agreement import Make, Notes, Pair, each_escaping, every_kind, given, sync_and_async
from .attribute_rows import ROWS, Object, Text, dicts
from .objects import OBJECTS

if TYPE_CHECKING:
    from collections.abc import Mapping

CALLS = {
    "sum": "sum('n')",
    "sum of what has no such attribute": "sum(attribute='nope')",
    "sum from a start": "sum(attribute='n', start=2)",
    "sum of items": "map(attribute='n')|sum",
    "sort": "sort(attribute='name')",
    "sort, the other way round": "sort(true, attribute='name')",
    "sort by case": "sort(case_sensitive=true, attribute='name')",
    "sort by two": "sort(attribute='n,name')",
    "sort by two, with a space": "sort(attribute='n, name')",
    "sort by parts": "sort(attribute='of.n,of.name')",
    "sort by a number": "sort(attribute=0)",
    "sort by a number in a text": "sort(attribute='0')",
    "sort by nothing": "sort(attribute='')",
    "sort by what is no name": "sort(attribute=[])",
    "sort of names": "map(attribute='name')|sort",
    "sort with an argument too many": "sort(1, 2, 3, 4)",
    "sort with another argument": "sort(key=1)",
    "min": "min(attribute='n')",
    "min of names": "map(attribute='name')|min",
    "max": "max(attribute='name')",
    "max by case": "max(true, 'name')",
    "max with an argument too many": "max(1, 2, 3)",
    "min with another argument": "min(key=1)",
    "unique": "unique(attribute='name')",
    "unique by case": "unique(true, attribute='name')",
    "unique names": "map(attribute='name')|unique",
    "unique with another argument": "unique(key=1)",
    "groupby": "groupby('name')",
    "groupby with case": "groupby('name', case_sensitive=true)",
    "groupby with a default": "groupby('nope', default='<d>')",
    "groupby parts with a default": "groupby('of.nope', default='<d>')",
    "groupby a number": "groupby('n')|map('first')",
    "groupby with names": "groupby('n')|map(attribute='grouper')",
    "groupby with lists": "groupby('n')|map(attribute='list')|map('length')",
    "groupby nothing": "groupby(none)",
    "groupby without an attribute": "groupby",
    "join": "join(', ', attribute='name')",
    "join with HTML": "join('<br>'|safe, attribute='name')",
    "join parts": "join(attribute='of.name')",
    "join with a number": "join(1)",
    "join of names": "map(attribute='name')|join('<')",
    "join of numbers": "map(attribute='n')|join('<')",
    "join with an argument too many": "join(1, 2, 3, 4)",
    "map": "map(attribute='name')",
    "map parts": "map(attribute='of.of.name')",
    "map to a method": "map(attribute='items')",
    "map to what is there in some": "map(attribute='some')",
    "map with a default": "map(attribute='some', default='<d>')",
    "map with a default of parts": "map(attribute='of.some.real', default=3)",
    "map with a default of names": "map(attribute='name', default='<d>')|map('string')"
    "|map('length')",
    "map with no default": "map(attribute='some', default=none)",
    "map by number": "map(attribute='0')",
    "map by another number": "map(attribute='²')",
    "map by no text": "map(attribute=HTML)",
    "map to private": "map(attribute='__class__')",
    "map with another argument": "map(attribute='name', other=1)",
    "selectattr": "selectattr('some')",
    "selectattr by name": "selectattr('name')|map('string')|map('length')",
    "selectattr by a test": "selectattr('of.name', 'eq', 'B')",
    "rejectattr": "rejectattr('some')",
    "rejectattr by a test": "rejectattr('some', 'defined')",
}
USES = {
    "shown": "{{ xs|CALL|string|length }}",
    "looped over": "{% for y in xs|CALL %}{{ y }}{{ loop.index }},{% endfor %}",
    "listed": "{{ xs|CALL|list }}",
    "of none": "{{ []|CALL|list }}",
}


@every_kind
@pytest.mark.parametrize("call", CALLS)
def test_attributes(call: str, kind: str) -> None:
    makes = {}
    for name, rows in ROWS.items():
        makes[name] = lambda notes, rows=rows: {"xs": rows(notes)}
        makes[f"{name}, lazy"] = lambda notes, rows=rows: {"xs": iter(rows(notes))}
    _agree(call, kind, makes, autoescape=len(call) % 2 == 0)


def _agree(call: str, kind: str, makes: Mapping[str, Make], **options: Any) -> None:
    for label, use in USES.items():
        pair = Pair(use.replace("CALL", CALLS[call]), kind, **options)
        for name, make in makes.items():
            pair.agree(make, f"{call}, {label}, {name}")


@every_kind
@pytest.mark.parametrize("call", ["map", "map with a default of names", "selectattr by name"])
def test_all_kinds_of_objects(call: str, kind: str) -> None:
    makes = {
        name: lambda notes, make=make: {"xs": [make(notes), make(notes)]}
        for name, make in OBJECTS.items()
    }
    _agree(call, kind, makes)


@each_escaping
@every_kind
@pytest.mark.parametrize("call", ["join", "join with HTML", "join of names", "join of numbers"])
def test_joined(call: str, kind: str, autoescape: bool) -> None:
    lists = (["a", "<b>"], ["a", 1], [Text("<a>"), "b"], [Object([], "<o>", 1), ""])
    makes = {
        str(values): given(xs=[{"name": value, "n": value} for value in values]) for values in lists
    }
    makes["texts that are made"] = _pulled
    _agree(call, kind, makes, autoescape=autoescape)


def _pulled(notes: Notes) -> dict[str, Any]:
    class Made:
        def __str__(self) -> str:
            notes.append(("str",))
            return "made"

    def rows() -> Any:
        for _ in range(3):
            notes.append(("pull",))
            yield {"name": Made(), "n": Made()}

    return {"xs": rows()}


@every_kind
def test_what_fails_in_between(kind: str) -> None:
    """An error of a source, and an end that is none."""

    def failing(notes: Notes) -> Any:
        yield {"name": "a", "n": 1}
        notes.append(("pull",))
        raise ValueError("failed")

    class Stops:
        @property
        def name(self) -> str:
            raise StopIteration("stopped")

    makes: dict[str, Make] = {"source": lambda notes: {"xs": failing(notes)}}
    if kind != "async":  # there the error of a StopIteration says what function it has left
        makes["end"] = given(xs=[{"name": "a", "n": 1}, Stops(), {"name": "b", "n": 2}])
    for call in ("sum", "sort", "max", "unique", "groupby", "join", "map", "selectattr by a test"):
        _agree(call, kind, makes)


@sync_and_async
def test_an_undefined_of_ones_own(kind: str) -> None:
    for undefined in (ChainableUndefined, StrictUndefined):
        for call in ("sum", "sort by parts", "groupby parts with a default", "map parts", "join"):
            _agree(call, kind, {"": given(xs=[{}, SimpleNamespace(n=1)])}, undefined=undefined)


@every_kind
def test_what_is_compared_to_sort(kind: str) -> None:
    class Noting:
        def __init__(self, notes: Notes, n: int) -> None:
            self.notes, self.n, self.name = notes, n, self

        def __lt__(self, other: Any) -> Any:
            self.notes.append(("lt", self.n, other.n))
            return NotImplemented

        def __gt__(self, other: Any) -> bool:
            self.notes.append(("gt", self.n, other.n))
            return bool(self.n > other.n)

    for call in ("sort", "sort by parts", "sort of names", "min", "max"):
        makes: dict[str, Make] = {"": lambda notes: {"xs": [Noting(notes, n) for n in (3, 1, 2)]}}
        _agree(call, kind, makes)


class _Split(str):
    """A name that is taken apart in its own way."""

    __slots__ = ()

    def split(self, sep: Any = None, maxsplit: Any = -1) -> list[Any]:
        return ["n"] if sep == "," else ["name"]


@every_kind
@pytest.mark.parametrize("call", ["sort", "sum", "map", "unique", "join", "min"])
def test_names_that_are_no_plain_text(call: str, kind: str) -> None:
    rows = [{"name": 1, "n": 2}, {"name": 2, "n": 1}]
    pair = Pair(f"{{{{ xs|{call}(attribute=name)|string }}}}", kind)
    for name in (_Split("x"), Markup("n"), Text("n"), Markup("n,name")):
        pair.agree(given(xs=rows, name=name), repr(name))


@sync_and_async
def test_a_condition_that_cannot_be_told_before_the_pulls(kind: str) -> None:
    def lazy(notes: Notes) -> dict[str, Any]:
        def rows() -> Any:
            notes.append(("pull",))
            yield {"name": "a"}

        return {"xs": rows()}

    for call in ("groupby('name', case_sensitive=nope)", "unique(nope, 'name')"):
        pair = Pair(f"{{{{ xs|{call}|list }}}}", kind, undefined=StrictUndefined)
        pair.error(lazy, call)


@every_kind
def test_a_look_up_of_another_environment(kind: str) -> None:
    def exchange(environment: Any) -> None:
        other = jinja2.Environment(undefined=jinja2.DebugUndefined)
        environment.getitem, environment.getattr = other.getitem, other.getattr

    source = "{{ xs|map(attribute='nope')|join }}{{ d['nope'] }}{{ d.nope }}"
    Pair(source, kind, change=exchange).text(given(xs=[{}], d={}))


class Renaming:
    """Looks for another item."""

    def getitem(self, obj: Any, argument: Any) -> Any:
        self.notes.append(("getitem", argument))  # type: ignore[attr-defined]
        return super().getitem(obj, "n" if argument == "name" else argument)  # type: ignore[misc]


@every_kind
def test_an_environment_that_looks_up_by_itself(kind: str) -> None:
    for call in ("sum", "sort", "min", "max", "unique", "groupby", "join", "map", "selectattr"):
        for use in USES.values():
            pair = Pair(use.replace("CALL", CALLS[call]), kind, mixin=Renaming)
            pair.agree(lambda notes: {"xs": dicts(notes)}, call)


@every_kind
def test_filters_of_ones_own(kind: str) -> None:
    def exchange(environment: Any) -> None:
        for name in ("sort", "sum", "min", "unique", "groupby", "join"):
            environment.filters[name] = lambda value, *args, **kwargs: ["<own>"]

    for call in ("sort", "sum", "min", "unique", "groupby", "join"):
        pair = Pair(f"{{{{ xs|{CALLS[call]}|list }}}}", kind, change=exchange)
        assert "own" in pair.text(given(xs=[]))


# -- what the documentation says is not the same


def test_a_class_that_gets_items_while_a_filter_runs() -> None:
    class Changing:
        @property
        def n(self) -> str:
            setattr(type(self), "__getitem__", lambda self, name: "item")  # noqa: B010 - not typed
            return "attribute"

    texts = []
    for kind in (jinja2.Environment, StreamEnvironment):
        template = kind().from_string("{{ xs|map(attribute='n')|join(' ') }}")
        texts.append(template.render(xs=[Changing(), Changing()]))
        delattr(Changing, "__getitem__")
    assert texts == ["attribute item", "attribute attribute"]


def test_a_dict_in_a_sandbox_is_asked_twice() -> None:
    class Key:
        asked = 0

        def __hash__(self) -> int:
            return hash("n")

        def __eq__(self, other: object) -> bool:
            Key.asked += 1
            return False

    asked = []
    for kind in (SandboxedEnvironment, SandboxedStreamEnvironment):
        Key.asked = 0
        kind().from_string("{{ xs|map(attribute='n')|join }}").render(xs=[{Key(): 1}])
        asked.append(Key.asked)
    theirs, ours = asked
    assert ours == 2 * theirs > 0  # a dict may come to one key more than once
