"""One template, compiled by Jinja2 and by streamtmpl in environments that are set up alike."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, NamedTuple

import jinja2
import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedEnvironment

from streamtmpl import (
    SandboxedStreamEnvironment,
    StreamEnvironment,
    enable_streaming,
    render_stream_async,
)
from tests.differential.laws import Way, render, streamed
from tests.differential.outcomes import Outcome, Raised, Rendered, outcome

EXTENSIONS = ["jinja2.ext.do", "jinja2.ext.loopcontrols", "jinja2.ext.i18n"]

Notes = list[tuple[object, ...]]
"""What happened in a render: both engines do the same to the values of a context, in one order."""
Make = Callable[[Notes], Any]
"""Makes a value, or a whole context, anew for each render. It may keep the notes."""
Change = Callable[[Any], object]
"""Does something to an environment."""


class _ImmutableStreamEnvironment(SandboxedStreamEnvironment, ImmutableSandboxedEnvironment):
    pass


class _Kind(NamedTuple):
    theirs: type[jinja2.Environment]
    ours: type[jinja2.Environment]
    whole: Way
    """How Jinja2 renders, which is the measure."""
    ways: Mapping[str, Way]


def _driven(rendering: Coroutine[Any, Any, str]) -> str:
    """The result of a coroutine without an event loop, of which nothing in here has need."""
    try:
        while True:
            rendering.send(None)
    except StopIteration as end:
        return str(end.value)


def _render_async(template: Any, context: dict[str, Any]) -> str:
    return _driven(template.render_async(context))


def _stream_async(template: Any, context: dict[str, Any]) -> str:
    async def collect() -> str:
        stream = render_stream_async(template, context, chunk_size=0)
        return "".join([chunk async for chunk in stream])

    return _driven(collect())


# One generated function each: no boundary cuts what ``render()`` makes of it, every one the stream.
_SYNC = {
    "render()": render,
    "render_stream(), every boundary": streamed(chunk_size=0),
}
_ASYNC = {
    "render_async()": _render_async,
    "render_stream_async(), every boundary": _stream_async,
}
_IMMUTABLE = ImmutableSandboxedEnvironment, _ImmutableStreamEnvironment
_KINDS = {
    "sync": _Kind(jinja2.Environment, StreamEnvironment, render, _SYNC),
    "async": _Kind(jinja2.Environment, StreamEnvironment, _render_async, _ASYNC),
    "sandbox": _Kind(SandboxedEnvironment, SandboxedStreamEnvironment, render, _SYNC),
    "immutable sandbox": _Kind(*_IMMUTABLE, render, _SYNC),
}

every_kind = pytest.mark.parametrize("kind", ["sync", "async", "sandbox"])
sync_and_async = pytest.mark.parametrize("kind", ["sync", "async"])
each_escaping = pytest.mark.parametrize("autoescape", [False, True], ids=["plain", "escaped"])


def nothing(environment: object) -> None:
    """No change."""


def no_variables(notes: Notes) -> dict[str, Any]:
    """An empty context."""
    return {}


def given(**values: Any) -> Make:
    """A context of values that no render changes."""
    return lambda notes: dict(values)


class Pair:
    """A template (``page.html``) of both engines, to be rendered with one context after another."""

    def __init__(
        self,
        templates: str | Mapping[str, str],
        kind: str = "sync",
        *,
        mixin: type = object,
        change: Change = nothing,
        **options: Any,
    ) -> None:
        """Set up environments of *kind*: *templates* are the page alone, or all by name.

        *mixin* is a base class that the user's environments have beside the engine's; it may write
        to ``self.notes``; then an environment that ``enable_streaming()`` was called with has to
        agree as well. *change* is done to each environment before anything is compiled.
        """
        self._files = {"page.html": templates} if isinstance(templates, str) else dict(templates)
        self._kind = _KINDS[kind]
        self._mixin, self._change = mixin, change
        self._options = {"enable_async": kind == "async", "extensions": EXTENSIONS, **options}
        self._theirs = self._environment(self._kind.theirs)
        self._ours = [self._environment(self._kind.ours)]
        if mixin is not object:
            self._ours.append(enable_streaming(self._environment(self._kind.theirs)))

    def _environment(self, base: type[jinja2.Environment]) -> jinja2.Environment:
        bases = (base,) if self._mixin is object else (self._mixin, base)
        environment: Any = type(base.__name__, bases, {"notes": []})(
            loader=jinja2.FunctionLoader(self._load), **self._options
        )
        environment.install_null_translations()
        self._change(environment)
        return environment  # type: ignore[no-any-return]

    def _load(self, name: str) -> Any:
        files = self._files
        return (files[name], name, lambda: True) if name in files else None

    def change(self, change: Change) -> None:
        """Do something to all environments between two renders."""
        for environment in (self._theirs, *self._ours):
            change(environment)

    def agree(self, make: Make = no_variables, label: str = "") -> Outcome:
        """Render with the context that *make* makes, every way; returns what it came to."""
        expected = _come_to(self._theirs, self._kind.whole, make)
        for environment in self._ours:
            for name, way in self._kind.ways.items():
                assert _come_to(environment, way, make) == expected, f"{label}: {name}"
        return expected

    def text(self, make: Make = no_variables, label: str = "") -> str:
        """Render every way; returns the text that all come to."""
        came_to = self.agree(make, label)
        assert isinstance(came_to, Rendered), f"{label}: {came_to}"
        return came_to.text

    def error(self, make: Make = no_variables, label: str = "") -> Raised:
        """Render every way; returns the exception that all come to."""
        came_to = self.agree(make, label)
        assert isinstance(came_to, Raised), f"{label}: {came_to}"
        return came_to


def _come_to(environment: Any, way: Way, make: Make) -> Outcome:
    notes: Notes = []
    environment.notes = notes
    return outcome(lambda: way(environment.get_template("page.html"), dict(make(notes))), notes)
