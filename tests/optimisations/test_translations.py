"""``gettext`` and its kin of the i18n extension format plain text with plain values at once.

All else, and what is called for the text, is as in Jinja2.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest
from jinja2 import StrictUndefined, Undefined, ext, pass_context, pass_environment
from jinja2.runtime import Context
from markupsafe import Markup

from .agreement import Change, Make, Notes, Pair, each_escaping, every_kind, given, sync_and_async


class Sub(str):
    def __mod__(self, other: object) -> str:
        return "<own mod>"


class Lazy:
    """Translated when it is shown."""

    def __init__(self, notes: Notes, text: str) -> None:
        self._notes, self._text = notes, text

    def __str__(self) -> str:
        self._notes.append(("str", self._text))
        return self._text

    def __mod__(self, other: Any) -> str:
        return str(self._text % other)


class Html(Lazy):
    def __html__(self) -> str:
        return f"<b>{self._text}</b>"


class Number(int):
    def __str__(self) -> str:
        return "<number>"


class BadMapping(dict):
    def __getitem__(self, key: str) -> str:
        return f"<{key}>"


TEXTS = [
    *("", "plain", "<b>", "%", "%%", "100%% %(a)s", "%(a)s", "%(a)s%(a)s <%(b)s>", "%(num)s"),
    *("%(context)s", "%(missing)s", "%(a)d", "%(a)r", "%(a)5s|", "%s", "%d%%", "%(a)", "%(a"),
    *("%%(a)s", "%%%(a)s", "%(n)d of %(num)s", "%(__x)s", "%(a)c", "{a} {0}", "%(a)s%", "%(ü)s"),
    *("% (a)s", "%(a)s %(t)s", "%(%)s", "%(a(b))s", "%()s", "%(_)s"),
]
VALUES: dict[str, Callable[[Notes], Any]] = {
    "text": lambda notes: "<t>",
    "text with marks": lambda notes: "%(b)s %",
    "markup": lambda notes: Markup("<m>"),
    "subclass": lambda notes: Sub("<s>"),
    "number": lambda notes: 7,
    "own number": lambda notes: Number(7),
    "long number": lambda notes: 10**4400,
    "float": lambda notes: 1.5,
    "true": lambda notes: True,
    "none": lambda notes: None,
    "lazy": lambda notes: Lazy(notes, "<lazy>"),
    "html": lambda notes: Html(notes, "html"),
    "undefined": lambda notes: Undefined(name="u"),
    "list": lambda notes: ["<l>"],
    "tuple": lambda notes: ("<t>", 1),
}
CALLS = [
    *("gettext(t)", "gettext(t, a=x)", "gettext(t, a=x, b='<', n=3)", "_(t, a=x, b=x)", "_(t)"),
    *("ngettext(t, 'many %(a)s', 1, a=x)", "ngettext(t, t, n, a=x)", "ngettext(t, t, 2, num=x)"),
    *("pgettext('c', t, a=x)", "pgettext(x, t)", "pgettext('c', t, context=x)", "_(t, num=x)"),
    *("npgettext('c', t, 'many', 1, a=x)", "npgettext('c', 'one', t, n, context='<', b=x, a=1)"),
    *("gettext(t, **{'a': x, '%': 1, 'ü': '<', 'a(b)': x, '': 5})", "gettext(*[t], **{'a': x})"),
    *("gettext(a=x)", "gettext()", "gettext(t, 1)", "ngettext(t, t, a=x)", "ngettext(t, t, 1, 2)"),
    *("gettext(t, __context=1)", "_(t, __context=1)", "gettext(t, __string=2)", "_(__string=t)"),
    *("ngettext(t, t, __num=2, a=x)", "gettext(t, __x=x)", "_()", "_(t, self=1, func=x, _=2)"),
    *("gettext(t, **x)", "gettext(*x)", "gettext(x)", "pgettext(t, x, a=1)", "_(t, **{1: x})"),
]
TRANS = [
    "{% trans %}plain <b>% %% %(t)s{% endtrans %}",
    "{% trans a=x %}<{{ a }}>%{{ a }}{% endtrans %}",
    "{% trans x %}{{ x }}{{ t }}{% endtrans %}",
    "{% trans n=n, a=x %}one {{ a }}{% pluralize %}{{ n }} of {{ a }} %{% endtrans %}",
    "{% trans num=n %}{{ num }}{% pluralize %}many {{ num }}{% endtrans %}",
    "{% trans a=f(n), b=x %}{{ a }}{% pluralize %}{{ a }} {{ b }}{% endtrans %}",
    "{% trans a=x, n=n %}{{ a }}{% pluralize n %}{{ n }} {{ a }}{% endtrans %}",
    "{% trans 'ctx' a=x %}{{ a }} {{ context }}{% endtrans %}",
    "{% trans 'ctx' n=n, context=x %}{{ context }}{% pluralize %}{{ n }}{% endtrans %}",
    "{% trans trimmed a=x %}\n  a\n  {{ a }}\n{% endtrans %}",
    "{% set v %}{% trans a=x %}<i>{{ a }}{% endtrans %}{% endset %}{{ v }}{{ v|upper }}",
]
PLACES = [
    "{{ IT }}",
    "{{ IT ~ '<' }}{{ IT|e }}{{ IT is escaped }}",
    "{% for y in [1, 2] %}{% set w = y %}{{ IT }}{% endfor %}{% set z = IT %}{{ z }}",
    "{% block b %}{% set w = 3 %}{{ IT }}{% endblock %}",
    "{% macro m(t, x, n) %}{{ IT }}{% endmacro %}{{ m(t, x, n) }}",
    "{% autoescape on %}{{ IT }}{% endautoescape %}"
    "{% autoescape false %}{{ IT }}{% endautoescape %}",
]


def translate(text: Any) -> Any:
    return f"t:{text}" if type(text) is str else text


def _many(one: Any, many: Any, number: Any) -> Any:
    return translate(one if number == 1 else many)


def _seen(context: Context, text: Any) -> Any:
    """Sees the variables around it."""
    told = [context.get(name) for name in ("w", "y", "n")]
    return f"{told}{context.eval_ctx.autoescape}: {text}" if type(text) is str else text


def _newstyle(gettext: Any, ngettext: Any = _many) -> Change:
    def change(environment: Any) -> None:
        environment.install_gettext_callables(
            gettext,
            ngettext,
            newstyle=True,
            pgettext=lambda context, text: translate(text),
            npgettext=lambda context, one, many, number: _many(one, many, number),
        )

    return change


def _oldstyle(environment: Any) -> None:
    environment.install_gettext_callables(translate, _many, newstyle=False)


def _alone(environment: Any) -> None:
    """Without what has a context."""
    environment.install_gettext_callables(translate, _many, newstyle=True)


def _wrapped(environment: Any) -> None:
    """By functions that look like Jinja2's."""
    _newstyle(translate)(environment)
    for name in ("gettext", "ngettext"):
        original = environment.globals[name]
        environment.globals[name] = functools.wraps(original)(
            lambda *args, original=original, **kwargs: ("<w>", original(*args, **kwargs))
        )
    environment.globals["pgettext"] = environment.globals["gettext"]
    environment.globals["_"] = pass_environment(lambda environment, *args, **kwargs: "<_>")


def _renamed(environment: Any) -> None:
    _newstyle(translate)(environment)
    names = environment.globals
    names["gettext"], names["ngettext"] = names["ngettext"], names["gettext"]
    names["pgettext"] = ext._make_new_gettext(names["npgettext"])
    names["_"] = ext._make_new_gettext(names["_"])


def _none(environment: Any) -> None:
    environment.uninstall_gettext_translations(None)


CHANGES: dict[str, Change] = {
    "newstyle": _newstyle(translate),
    "null": lambda environment: environment.install_null_translations(newstyle=True),
    "wants the context": _newstyle(pass_context(_seen)),
    "objects": _newstyle(type("Gettext", (), {"__call__": lambda self, text: translate(text)})()),
    "a class": _newstyle(Markup, lambda one, many, number: Markup(one)),
    "subclasses": _newstyle(Sub, lambda one, many, number: Sub(many)),
    "lazy": _newstyle(lambda text: Lazy([], text), lambda one, many, number: Html([], many)),
    "no text": _newstyle(lambda text: None, lambda one, many, number: number),
    "undefined": _newstyle(lambda text: Undefined(name="u")),
    "oldstyle": _oldstyle,
    "alone": _alone,
    "wrapped": _wrapped,
    "renamed": _renamed,
    "none": _none,
}


def context_of(text: str, value: str, number: object = 2) -> Make:
    def context(notes: Notes) -> dict[str, Any]:
        def note(value: object) -> object:
            notes.append(("f", value))
            return value

        return {"t": text, "x": VALUES[value](notes), "n": number, "on": True, "f": note}

    return context


@each_escaping
@sync_and_async
@pytest.mark.parametrize("call", CALLS)
def test_calls(call: str, kind: str, autoescape: bool) -> None:
    pair = Pair("{{ IT }}".replace("IT", call), kind, change=CHANGES["null"], autoescape=autoescape)
    for number, value in enumerate(VALUES):
        for text in ("%(a)s", *TEXTS[number % 8 :: 8]):
            pair.agree(context_of(text, value), f"{text}, {value}")


@each_escaping
@every_kind
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_translations(change: Change, kind: str, autoescape: bool) -> None:
    calls = CALLS if kind == "sync" and autoescape else CALLS[::5]
    for number, source in enumerate([*TRANS, *calls]):
        place = PLACES[number % len(PLACES)] if source in CALLS else "IT"
        pair = Pair(place.replace("IT", source), kind, change=change, autoescape=autoescape)
        for text, value in (("%(a)s <", "text"), ("%(a)s %(n)s", "lazy")):
            pair.agree(context_of(text, value, 1 + number % 2), f"{source}, {text}, {value}")


@sync_and_async
@pytest.mark.parametrize("error", [StopIteration("s"), ValueError("v"), KeyError("a")], ids=repr)
def test_errors_of_the_translation(error: Exception, kind: str) -> None:
    def raising(*args: object) -> None:
        raise error.with_traceback(None)

    for autoescape in (False, True):
        for place in PLACES:
            for call in ("gettext(t, a=x)", "_(t)", "ngettext(t, t, n)"):
                change = _newstyle(raising, raising)
                source = "\n" + place.replace("IT", call)
                # Out of a macro that streams, or a coroutine, it is another RuntimeError.
                pair = Pair(source, kind, change=change, autoescape=autoescape)
                pair.agree(context_of("%(a)s", "text"), source)


def test_variables_that_are_missing() -> None:
    for undefined in (Undefined, StrictUndefined):
        for source in (*TRANS, "\n{{ gettext('%(a)s', a=nope) }}", "{{ _('x', a=nope) }}"):
            for autoescape in (False, True):
                options: dict[str, Any] = {"undefined": undefined, "autoescape": autoescape}
                Pair(source, change=CHANGES["null"], **options).agree(given(n=2))


@sync_and_async
def test_installed_when_the_template_is_compiled(kind: str) -> None:
    source = "{% trans a=x %}{{ a }}%{% endtrans %}{{ _('%(a)s%%', a=x) }}{{ gettext(t) }}"
    pair = Pair(source, kind, autoescape=True)
    for change in CHANGES.values():
        pair.change(change)
        pair.agree(context_of("<t>", "text"))
