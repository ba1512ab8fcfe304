"""Filters look up what they sort by, sum or map to with ``getitem``, the item first.

Objects without items are not asked for one, unless the environment has a ``getitem`` of its own:
then that is asked, whatever it is made of.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial, wraps
from typing import Any

import jinja2
import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedEnvironment

from streamtmpl import SandboxedStreamEnvironment, StreamEnvironment, enable_streaming
from tests.differential.laws import SYNC_WAYS
from tests.differential.outcomes import Outcome, outcome

from .agreement import Make, Notes, Pair, every_kind
from .objects import OBJECTS
from .test_undefined import CLASSES

LOOKING = [
    *("[x]|map(attribute='NAME')|list", "[x]|map(attribute='NAME', default='<d>')|join"),
    *("[x, x]|sort(attribute='NAME')|length", "[x]|sum(attribute='NAME', start='')"),
    *("[x]|selectattr('NAME')|list|length", "[x]|rejectattr('NAME', 'none')|list|length"),
    *("[x]|join(',', attribute='NAME')", "[x, x]|unique(attribute='NAME')|list|length"),
    *("[x]|groupby('NAME')|length", "[x]|max(attribute='NAME')", "[x]|min(attribute='NAME')"),
    *("[x]|map(attribute='NAME.NAME')|list", "[x]|map(attribute='0')|list", "x[key]"),
]
NAMES = ["name", "items", "nothing", "__class__", "mro", "_error"]


class Metaclass(type):
    def __getitem__(cls, name: str) -> str:
        return f"<metaclass' {name}>"


class OfMetaclass(metaclass=Metaclass):
    name = "<n>"


class ByClass:
    def __class_getitem__(cls, name: str) -> str:
        return f"<class' {name}>"


class NoItems(dict[str, str]):
    __getitem__ = None  # type: ignore[assignment]
    name = "<n>"


class OnInstance:
    """Python looks for the method in the class alone."""

    def __init__(self) -> None:
        self.name = "<n>"
        self.__getitem__ = lambda name: "<not asked>"


class Proxy:
    """Tells when it is asked for its class."""

    name = "<n>"

    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    @property
    def __class__(self) -> Any:
        self._notes.append(("class",))
        return dict

    @__class__.setter
    def __class__(self, kind: Any) -> None:
        raise NotImplementedError


MORE: dict[str, Make] = {
    "metaclass": lambda notes: OfMetaclass,
    "of a class with a metaclass": lambda notes: OfMetaclass(),
    "class with items": lambda notes: ByClass,
    "of a class with items": lambda notes: ByClass(),
    "generic": lambda notes: list,
    "generic alias": lambda notes: list[int],
    "type": lambda notes: type,
    "no items": lambda notes: NoItems(name="<i>"),
    "items on the instance": lambda notes: OnInstance(),
    "proxy": Proxy,
}


def _context(make: Make) -> Make:
    return lambda notes: {"x": make(notes), "key": "name"}


@every_kind
@pytest.mark.parametrize("looking", LOOKING)
def test_what_filters_look_up(looking: str, kind: str) -> None:
    for name in NAMES:
        pair = Pair(f"{{{{ {looking.replace('NAME', name)} }}}}", kind, autoescape=True)
        for label, make in [*OBJECTS.items(), *MORE.items()][:: 1 if kind == "sync" else 9]:
            # In a filter's generator it is another RuntimeError, of another line in async code.
            # There isawaitable() asks an object for its class, too.
            if "StopIteration" not in label and (kind, label) != ("async", "raising class"):
                pair.agree(_context(make), f"{name}, {label}")


@pytest.mark.parametrize("use", ["{{ x.a is defined }}", "{{ x.a|default('d') }}", "{{ x.a }}"])
def test_who_is_asked_for_a_class(use: str) -> None:
    Pair(use).agree(_context(Proxy))


@every_kind
@pytest.mark.parametrize("name", CLASSES)
def test_what_is_missing(name: str, kind: str) -> None:
    for looking in LOOKING[:4]:
        source = f"{{{{ {looking.replace('NAME', 'nothing')} }}}}"
        pair = Pair(source, kind, undefined=CLASSES[name])
        for label in ("object", "dict", "class", "by item", "number", "text"):
            pair.agree(_context(OBJECTS[label]), label)


def _noting(environment: Any, obj: Any, argument: Any) -> str:
    environment.notes.append((type(obj).__name__, argument))
    return f"<own {argument}>"


def _wrapping(kind: Any) -> Any:
    """A method as tools wrap one: it has all attributes of the one that it calls."""

    @wraps(kind.getitem)
    def getitem(self: Any, obj: Any, argument: Any) -> Any:
        return f"{_noting(self, obj, argument)}{kind.getitem(self, obj, argument)}"

    return type("Wrapping", (kind,), {"getitem": getitem})


def _plain(kind: Any) -> Any:
    return type("Plain", (kind,), {"getitem": lambda self, *args: _noting(self, *args)})


def _behind(getitem: Any, kind: Any) -> Any:
    """The method comes of another environment, behind the streaming one."""
    other = type("Other", (jinja2.Environment,), {"getitem": getitem})
    return type("Beside", (other,) if kind is jinja2.Environment else (kind, other), {})


def _told(obj: Any, argument: Any) -> str:
    return f"<told {argument}>"


OWN = {
    "wrapping": _wrapping,
    "plain": _plain,
    "behind": partial(_behind, _noting),
    "behind, static": partial(_behind, staticmethod(_told)),
}


@pytest.mark.parametrize("made", OWN.values(), ids=OWN)
def test_environments_with_their_own_look_up(made: Any) -> None:
    source = "{{ x['name'] }}{{ x[0] }}{{ x[key] }}{{ [x]|map(attribute='name')|list }}{{ x.name }}"
    source += "{{ [x]|sort(attribute='0')|length }}"
    theirs, ours = made(jinja2.Environment), made(StreamEnvironment)
    for make in (OBJECTS["object"], OBJECTS["dict"], OBJECTS["list"]):
        expected = _come_to(theirs(), source, make)
        assert "own" in str(expected) or "told" in str(expected)
        for environment in (ours(), enable_streaming(theirs())):
            assert _come_to(environment, source, make) == expected


def _come_to(environment: Any, source: str, make: Make) -> Outcome:
    notes: Notes = []
    environment.notes = notes
    context = {"x": make(notes), "key": "name"}
    return outcome(lambda: SYNC_WAYS["render()"](environment.from_string(source), context), notes)


# -- sandboxes


class First(StreamEnvironment, SandboxedEnvironment):
    pass


class Last(SandboxedEnvironment, StreamEnvironment):
    pass


class Immutable(StreamEnvironment, ImmutableSandboxedEnvironment):
    pass


def _enabled() -> jinja2.Environment:
    return enable_streaming(SandboxedEnvironment())


class Private:
    _name, name = "private", "public"

    def method(self) -> None:
        pass


def _generator() -> Iterator[int]:
    yield 1


@pytest.mark.parametrize("made", [First, Last, Immutable, SandboxedStreamEnvironment, _enabled])
def test_what_a_sandbox_refuses(made: Any) -> None:
    theirs = (ImmutableSandboxedEnvironment if made is Immutable else SandboxedEnvironment)()
    ours = made()
    uses = [*LOOKING[::2], "x.NAME is defined", "x.NAME|default('d')", "x['NAME'] is undefined"]
    values = [Private(), Private, _generator, _generator(), {"_name": 1}]
    for use in uses:
        for name in ("_name", "name", "__class__", "__globals__", "gi_frame", "method.__func__"):
            source = f"{{% for x in xs %}}{{{{ {use.replace('NAME', name)} }}}}{{% endfor %}}"
            for some in [values, *([value] for value in values)]:
                context = {"xs": some, "key": name}
                wanted = outcome(partial(theirs.from_string(source).render, context), [])
                assert outcome(partial(ours.from_string(source).render, context), []) == wanted
