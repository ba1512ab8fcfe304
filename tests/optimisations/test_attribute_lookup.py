"""``value.name`` and ``value['name']`` without a call into the environment.

Jinja2 looks for the attribute, then for the item, and takes what is missing for undefined; which
errors count as missing differs between the two.
"""

from __future__ import annotations

from collections import UserDict, defaultdict
from types import SimpleNamespace
from typing import Any

import pytest

from .agreement import Make, Pair, every_kind, given, sync_and_async
from .objects import OBJECTS, by_methods

USES = {
    "shown": "{{ x.NAME }}",
    "one in a run": "a{{ x.NAME }}\n{{ x['NAME'] }}b{{ 1 }}",
    "in an expression": "{{ x.NAME ~ '' }}",
    "defined or not": "{% if x.NAME is defined %}{{ x.NAME }}{% else %}undefined{% endif %}",
    "a condition": "{{ 'yes' if x.NAME else 'no' }}",
    "of a filter": "{{ x.NAME|default('d')|string }}",
    "of a filter that iterates": "{{ x.NAME|list }}",
    "of an attribute": "{{ x.NAME.NAME }}",
    "of an attribute, in an expression": "{{ x.NAME.NAME ~ x['NAME'].NAME }}",
    "iterated": "{% for y in x.NAME %}[{{ y }}]{% endfor %}",
    "iterated, with loop": "{% for y in x.NAME %}[{{ y }}{{ loop.last }}]{% endfor %}",
    "of a loop's variable": "{% for y in [x] %}{{ y.NAME }}{{ y.NAME ~ y['NAME'] }}{% endfor %}",
    "assigned": "{% set y = x.NAME %}{% set z = x.NAME|string %}{{ y }}{{ z }}",
    "of an argument": "{% macro m(x) %}{{ x.NAME }}{{ x.NAME ~ 1 }}{% endmacro %}{{ m(x) }}",
    "a default": "{% macro m(y=x.NAME) %}{{ y }}{% endmacro %}{{ m() }}",
    "in with": "{% with y = x.NAME %}{{ y }}{% endwith %}",
    "called": "{{ x.NAME() }}",
    "called in an expression": "{{ x.NAME() ~ '' }}",
    "iterated call": "{% for y in x.NAME() %}[{{ y }}]{% endfor %}",
    "called of a loop's variable": "{% for y in [x] %}{{ y.NAME() }}{% endfor %}",
    "by map": "{{ [x]|map(attribute='NAME')|list }}{{ x|attr('NAME') }}",
    "item": "{{ x['NAME'] }}",
    "item in an expression": "{{ x['NAME'] ~ '' }}",
    "item of a variable": "{% set key = 'NAME' %}{{ x[key] }}{{ x[key] ~ '' }}",
}
ITEMS = {
    "number": "{{ x[0] }}",
    "number as an attribute": "{{ x.0 }}{{ x.1 ~ '' }}",
    "number that is not there": "{{ x[99] }}",
    "number from the end": "{{ x[-1] }}",
    "number in an expression": "{{ x[0] ~ x[1] }}",
    "slice": "{{ x[:1] }}{{ x[::-1] ~ '' }}",
    "none": "{{ x[none] }}",
    "true": "{{ x[true] }}",
    "float": "{{ x[0.0] }}",
    "tuple": "{{ x['name', 1] }}",
    "list": "{{ x[[1]] }}",
    "undefined": "{{ x[nothing] }}",
    "markup": "{{ x['name'|safe] }}",
}
# A method of dicts, what every object has, what only Python's syntax refuses, what is private.
NAMES = ["name", "items", "get", "__class__", "class", "_private", "nothing"]


def differs_as_intended(label: str, use: str, kind: str) -> bool:
    """A StopIteration that leaves a generator or a coroutine is another RuntimeError."""
    return "StopIteration" in label and (kind == "async" or "macro" in use)


def agree_for_all(use: str, kind: str, **options: Any) -> None:
    pair = Pair(use, kind, **options)
    for label, make in OBJECTS.items():
        if not differs_as_intended(label, use, kind):
            pair.agree(_as_x(make), label)


def _as_x(make: Make) -> Make:
    return lambda notes: {"x": make(notes)}


@every_kind
@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_attributes(use: str, kind: str) -> None:
    agree_for_all(use.replace("NAME", "name"), kind, autoescape=True)


@sync_and_async
@pytest.mark.parametrize("name", NAMES[1:])
def test_other_names(name: str, kind: str) -> None:
    for use in ("{{ x.NAME }}", "{{ x.NAME ~ '' }}", "{{ x.NAME() }}", "{{ x['NAME'] }}"):
        agree_for_all(use.replace("NAME", name), kind)


class _Slots:
    __slots__ = ("__name__", "mro", "name")

    def __getitem__(self, name: str) -> str:
        return f"item {name}"


class _Items(UserDict[str, str]):
    """A mapping that is no dict."""


class _Dict(dict[str, str]):
    """One with a namespace of its own."""


def _slots(notes: Any) -> Any:
    made: Any = _Slots()
    made.mro = "a slot's"
    return made


def _names_of_python() -> set[str]:
    """What an object, its class or that one's class may have: the dict is asked for the others."""
    kinds = (dict, type, object, list, str, int, UserDict, _Slots, type(_names_of_python))
    return {name for kind in kinds for each in (kind, type(kind)) for name in dir(each)}


@sync_and_async
@pytest.mark.parametrize("use", ["{{ x.NAME if x.NAME is string }}", "{{ x.NAME is defined }}"])
def test_names_that_python_has(use: str, kind: str) -> None:
    names = sorted(_names_of_python())
    pair = Pair("\n".join(f"{name} {use.replace('NAME', name)}" for name in names), kind)
    items = dict.fromkeys(names, "x")
    for make in (given(x=items), given(x={}), given(x=_Items(items)), given(x=_Dict(items))):
        pair.agree(make)
    pair.agree(_as_x(_slots))
    pair.agree(given(x=[]))


def test_an_item_that_is_named_like_the_namespace_of_an_object() -> None:
    assert Pair("{{ d.__dict__ }}").text(given(d={"__dict__": "x"})) == "x"


@every_kind
@pytest.mark.parametrize("use", ITEMS.values(), ids=ITEMS)
def test_items(use: str, kind: str) -> None:
    agree_for_all(use, kind)


@pytest.mark.parametrize("name", ["naïve", "ﬁ", "𝐱", "__init__"])
def test_names_that_python_normalizes(name: str) -> None:
    """Python's parser turns some names into others, which Jinja2's look-ups do not."""
    for use in (f"{{{{ x['{name}'] }}}}", f"{{{{ x.{name} }}}}", f"{{{{ x.{name} ~ '' }}}}"):
        pair = Pair(use)
        for make in (
            given(x={name: "item"}),
            given(x=SimpleNamespace(**{name: "attribute"})),
            given(x={"fi": "fi", "x": "x"}),
            given(x=SimpleNamespace(fi="fi", x="x")),
        ):
            pair.agree(make)


@every_kind
def test_looking_into_a_default_dict_fills_it_alike(kind: str) -> None:
    source = "{{ d.name }}{{ d.name ~ '' }}{{ d['other'] }}{{ d.items() }}{{ d.get('z') }}{{ d }}"
    pair = Pair(source, kind)
    pair.agree(_default_dict)
    assert "other" in pair.text(_default_dict)


def _default_dict(notes: Any) -> dict[str, Any]:
    return {"d": defaultdict(lambda: notes.append(("made",)) or "new")}


# -- environments that look up in their own way


class OwnGetattr:
    def getattr(self, obj: Any, attribute: str) -> Any:
        self.notes.append(("getattr", type(obj).__name__, attribute))  # type: ignore[attr-defined]
        return super().getattr(obj, attribute)  # type: ignore[misc]


class OwnGetitem:
    def getitem(self, obj: Any, argument: Any) -> Any:
        self.notes.append(("getitem", type(obj).__name__, argument))  # type: ignore[attr-defined]
        return super().getitem(obj, argument)  # type: ignore[misc]


class OwnBoth(OwnGetattr, OwnGetitem):
    pass


class ItemsFirst:
    """As users who have dicts with keys such as ``items`` like it."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        return super().getitem(obj, attribute)  # type: ignore[misc]


class AttributesFirst:
    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(argument, str):
            return super().getattr(obj, argument)  # type: ignore[misc]
        return super().getitem(obj, argument)  # type: ignore[misc]


class Shouting:
    def getattr(self, obj: Any, attribute: str) -> Any:
        value = super().getattr(obj, attribute)  # type: ignore[misc]
        return value.upper() if isinstance(value, str) else value


class Suspicious:
    """Finds an attribute unsafe, in a sandbox: an item of a dict it is not asked for."""

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        self.notes.append(("safe", type(obj).__name__, attr))  # type: ignore[attr-defined]
        return attr != "name"


MIXINS = [Suspicious, OwnGetattr, OwnGetitem, OwnBoth, ItemsFirst, AttributesFirst, Shouting]
MIXED_USES = {
    "look-ups": "{{ x.name }}{{ x['name'] }}{{ x.name ~ x['name'] }}{{ x[key] }}{{ l[0] }}"
    "{{ l.0 }}",
    "methods' names": "{{ x.items }}{{ x['items'] }}{{ x.get }}{{ x.keys() }}",
    "views": "{% for k in x.keys() %}{{ k }}{% endfor %}{% for v in x.values() %}{{ v }}"
    "{{ loop.index }}{% endfor %}{% for k, v in x.items() %}{{ k }}{{ loop.last }}{% endfor %}",
    "chains": "{{ x.a.b.c }}{{ x.a['b'].c ~ '' }}{{ x.name[0] }}{{ x.name.upper() }}",
    "missing": "{{ x.nope }}{{ x['nope'] }}{{ x.nope is defined }}{{ l[9] }}",
    "filters": "{{ x.name|upper }}{{ l|join(x.name) }}{{ [x]|map(attribute='name')|list }}"
    "{{ [x]|sort(attribute='n')|length }}{{ [x]|sum(attribute='n') }}",
    "arguments": "{% macro m(a, b=a.name) %}{{ a.name }}{{ b }}{% endmacro %}{{ m(x) }}",
    "imports": "{% import 'lib' as lib with context %}{{ lib.v }}{{ lib.m() }}{{ lib['v'] }}",
    "loops": "{% for y in [x] recursive %}{{ y.name }}{{ loop.index }}{{ loop([]) }}{% endfor %}",
    "blocks": "{% block b %}{{ x.name }}{% endblock %}{{ self.b() }}",
    "statements": "{% if x.name %}{% set z = x.name %}{{ z }}{% endif %}{% with w = x.name %}"
    "{{ w }}{% endwith %}{% filter upper %}{{ x.name }}{% endfilter %}{% include 'part' %}",
    "calls": "{{ x.f(x.name) }}{{ x.f(x.n) ~ 1 }}{% call x.f('c') %}{% endcall %}",
}
OTHERS = {
    "lib": "{% set v = x.name %}{% macro m() %}{{ x.name }}{% endmacro %}",
    "part": "[{{ x.name }}]",
}


def _mixed(notes: Any) -> dict[str, Any]:
    x = {"name": "<n>", "n": 3, "f": lambda v, caller=None: f"<{v}>", "a": {"b": {"c": "<c>"}}}
    return {"x": x, "key": "name", "l": ["<0>", 1]}


def _mixed_object(notes: Any) -> dict[str, Any]:
    values = _mixed(notes)
    x = SimpleNamespace(**values["x"], **{name: lambda: [("k", "v")] for name in by_methods()})
    return {**values, "x": x}


@every_kind
@pytest.mark.parametrize("use", MIXED_USES.values(), ids=MIXED_USES)
@pytest.mark.parametrize("mixin", MIXINS)
def test_own_lookups(mixin: type, use: str, kind: str) -> None:
    pair = Pair({"page.html": use, **OTHERS}, kind, mixin=mixin, autoescape=True)
    pair.text(_mixed)
    pair.agree(_mixed_object)


def _on_the_instance(environment: Any) -> None:
    environment.getattr = lambda obj, attribute: f"<attribute {attribute}>"
    environment.getitem = lambda obj, argument: f"<item {argument}>"


@sync_and_async
def test_lookups_of_one_environment_alone(kind: str) -> None:
    source = "{{ x.name }}{{ x['name'] }}{{ x.name ~ x['name'] }}{{ x.a.b }}"
    pair = Pair(source, kind, change=_on_the_instance)
    assert pair.text(given(x={"name": 1})).startswith("<attribute name><item name>")
