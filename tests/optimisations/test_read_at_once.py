"""A page that reads all its variables as it begins is handed them, without a context of its own.

And one that has no cut is a plain function: nobody can tell that it is no generator.
"""

from __future__ import annotations

import asyncio
import traceback
from typing import Any

import jinja2
import pytest

from streamtmpl import StreamEnvironment, context, render_stream

from .agreement import Make, Pair, each_escaping, every_kind, no_variables, sync_and_async

PAGES = {
    "one line": "Hello {{ x }}, {{ shared }}{{ missing }}!",
    "nothing": "",
    "text": "<p>",
    "shadowed": "{{ shared }}{{ range }}{% set x = shared %}{{ x }}",
    "rows": "{% for row in rows %}{{ row }}{% endfor %}{{ x }}",
    "rows with more": "{% for row in rows %}{{ row }}{{ later }}{% endfor %}{{ later }}",
    "branches": "{% if x %}{{ changing }}{{ later }}{% else %}{{ shared }}{% endif %}",
    "later ones": "{{ changing }}{% for row in rows %}{{ later }}{% endfor %}",
    "a filter": "{{ changing }}{{ [later, x]|join('&') }}{{ x|upper }}",
    "a block": "{{ changing }}{% block b %}{{ later }}{{ x }}{% endblock %}",
    "a macro": "{% macro m() %}{{ later }}{% endmacro %}{{ m() }}{{ changing }}{{ m() }}",
    "extends": "{% extends 'part' %}",
    "an include": "{{ changing }}{% include 'part' %}",
    "fails": "{{ x }}{{ 1 / 0 }}",
}
ENDING = {
    "ends": "{{ x }}{{ ending }}",
    "ends in a block": "{{ x }}{% block b %}{{ ending }}{% endblock %}",
    "ends in an include": "{{ x }}{% include 'ends' %}",
    "ends in what is extended": "{% extends 'ends' %}",
    "ends in what may be extended": "{% if x %}{% extends 'ends' %}{% endif %}",
    "ends in a value": "{% set y %}{{ ending }}{% endset %}{{ y }}",
    "an ending block as a value": "{% block b %}{{ ending }}{% endblock %}{{ self.b()|upper }}",
}
PARTS = {"part": "<i>{{ later }}{{ x }}</i>", "ends": "{{ ending }}"}


class _Ending:
    def __str__(self) -> str:
        raise StopIteration("<end>")


class _Setting:
    """Sets a global when it is shown."""

    def __init__(self, environment: Any, value: str) -> None:
        self._globals, self._value = environment.globals, value

    def __str__(self) -> str:
        self._globals["later"] = self._value
        return "!"


def _globals(environment: Any) -> None:
    environment.globals.update(
        shared="<s>",
        later="before",
        changing=_Setting(environment, "after"),
        restoring=_Setting(environment, "before"),
    )


def _variables(**given: Any) -> Make:
    return lambda notes: {"x": "<x>", "rows": [1, "<2>"], "ending": _Ending(), **given}


@every_kind
@each_escaping
@pytest.mark.parametrize("page", PAGES)
def test_pages_agree(page: str, autoescape: bool, kind: str) -> None:
    """Also where a value changes a global, as it is shown, that is read later."""
    sources = {"page.html": PAGES[page] + "{{ restoring }}", **PARTS}
    pair = Pair(sources, kind, change=_globals, autoescape=autoescape)
    pair.agree(_variables(), "as they are")
    pair.agree(_variables(shared="<own>", later=1, range="r"), "over globals")
    pair.agree(no_variables, "none")
    pair.agree(lambda notes: {"x": "<x>", 1: "no name"}, "no name")


@pytest.mark.parametrize("kind", ["sync", "sandbox"])
@pytest.mark.parametrize("page", ENDING)
def test_what_ends_an_iterator_ends_no_page(page: str, kind: str) -> None:
    """It is the error that it is in a generator, at the same place."""
    error = Pair({"page.html": ENDING[page], **PARTS}, kind).error(_variables())
    assert (error.kind, error.message) == (RuntimeError, "generator raised StopIteration")


@every_kind
def test_globals_that_change_between_renders(kind: str) -> None:
    pair = Pair(PAGES["one line"], kind, change=_globals)
    assert pair.text(_variables()) == "Hello <x>, <s>!"
    pair.change(lambda environment: environment.globals.update(shared="new"))
    assert pair.text(_variables()) == "Hello <x>, new!"


@sync_and_async
def test_globals_of_one_template(kind: str) -> None:
    class Loading:
        def get_template(self, name: str, *args: Any, **kwargs: Any) -> Any:
            return super().get_template(name, globals={"x": "own"})  # type: ignore[misc]

    pair = Pair(PAGES["one line"], kind, mixin=Loading, change=_globals)
    assert pair.text() == "Hello own, <s>!"
    assert pair.text(_variables()) == "Hello <x>, <s>!"


@sync_and_async
def test_a_template_class_that_makes_contexts_itself(kind: str) -> None:
    def change(environment: Any) -> None:
        class Own(environment.template_class):
            def new_context(self, vars: Any = None, *args: Any, **kwargs: Any) -> Any:
                return super().new_context({**(vars or {}), "missing": "own"}, *args, **kwargs)

        environment.template_class = Own

    assert Pair(PAGES["one line"], kind, change=change).text() == "Hello , own!"


@sync_and_async
@pytest.mark.parametrize("page", ["one line", "an include"])
def test_a_template_whose_contexts_somebody_else_makes(page: str, kind: str) -> None:
    class Loading:
        def get_template(self, name: str, *args: Any, **kwargs: Any) -> Any:
            template = super().get_template(name, *args, **kwargs)  # type: ignore[misc]
            make = type(template).new_context

            def new_context(vars: Any = None, shared: bool = False, locals: Any = None) -> Any:
                return make(template, {**(vars or {}), "missing": "own"}, shared, locals)

            if name == ("part" if "part" in PAGES[page] else "page.html"):
                template.new_context = new_context
            return template

    sources = {"page.html": PAGES[page], "part": "{{ missing }}"}
    assert "own" in Pair(sources, kind, mixin=Loading, change=_globals).text()


def _locals_at_error(environment: jinja2.Environment, render: Any) -> dict[str, Any]:
    """What a debugger shows of the template's variables where it fails."""
    template = environment.from_string("{{ x }}\n{{ 1 / 0 }}", globals=None)
    with pytest.raises(ZeroDivisionError) as failure:
        render(template)
    frames = [frame for frame, line in traceback.walk_tb(failure.tb) if line == 2]
    return dict(frames[-1].f_locals)


@pytest.mark.parametrize(
    "render",
    [
        lambda template: template.render(x=1),
        lambda template: list(render_stream(template, {"x": 1})),
    ],
    ids=["render", "stream"],
)
def test_a_debugger_sees_all_variables(render: Any) -> None:
    ours, theirs = StreamEnvironment(), jinja2.Environment()
    for environment in (ours, theirs):
        environment.globals = {"shared": "s"}
    seen = _locals_at_error(ours, render)
    assert seen == _locals_at_error(theirs, lambda template: template.render(x=1))
    assert seen == {"x": 1, "shared": "s"}


def test_such_pages_have_no_context_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or none of the above would compare anything."""
    made = []
    monkeypatch.setattr(context, "StreamContext", lambda *args: made.append(args))
    environment = StreamEnvironment()
    asynchronous = StreamEnvironment(enable_async=True)
    for page in ("one line", "nothing", "text", "rows"):
        environment.from_string(PAGES[page]).render(rows=[])
        list(render_stream(environment.from_string(PAGES[page]), {"rows": []}))
        asyncio.run(asynchronous.from_string(PAGES[page]).render_async(rows=[]))
    assert not made
