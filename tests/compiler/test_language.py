"""The whole language, in sync and async environments: Jinja2 is the oracle.

The cases are in ``language/*.txt``. Each begins with a line ``== NAME`` and the template that is
rendered; templates that it includes, imports or extends follow after lines ``-- FILE``.
``base.html`` and ``lib.html`` (below) are always there. What streams is compared with what Jinja2
renders: the text, or, where the name is followed by ``(raises)``, the exception's type and message
and the template lines of its traceback; by ``(raises, wherever)``, without the lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
import pytest
from jinja2 import nodes, pass_context, pass_environment, pass_eval_context
from jinja2.ext import Extension
from jinja2.parser import Parser

from streamtmpl import StreamEnvironment, render_stream, render_stream_async
from tests.support.loops import run

from .language_values import context, stop

pytestmark = pytest.mark.comparison

FILES = sorted((Path(__file__).resolve().parent / "language").glob("*.txt"))
HEAD = re.compile(r"^== (?P<name>.+?)(?: \((?P<fails>raises|raises, wherever)\))?$", re.MULTILINE)
PART = re.compile(r"^-- (?P<file>.+)$", re.MULTILINE)
ADDRESS = re.compile(r"0x[0-9a-fA-F]+")
# How many pieces came before one that is no string is nobody's business.
NUMBERED = re.compile(r"sequence item \d+: ")

EXTENSIONS = ("i18n", "do", "loopcontrols", "debug")

BASE = """<t>{% block title %}T{% endblock %}</t>
{% block body %}{% block inner %}inner{% endblock %} {{ name }}{% endblock %}
{% for n in numbers %}{% block row scoped %}{{ n }}{{ loop.index }}{% endblock %}{% endfor %}
{% block foot %}foot{% endblock %}"""

LIB = """{% macro m(a, b='<b>') %}({{ a }} {{ b }}{{ name }}){% endmacro %}
{% macro wrap() %}<{{ caller() }}>{% endmacro %}
{% set version = '<3>' %}{% set _private = 1 %}{{ 'text of the library' }}"""


class FileLoader(jinja2.DictLoader):
    """Gives each template its name as the file name, for tracebacks."""

    def get_source(self, environment: jinja2.Environment, template: str) -> Any:
        source, _, uptodate = super().get_source(environment, template)
        return source, template, uptodate


def by_name(name: str | None) -> bool:
    return name is None or name.endswith(".html")


@pass_context
def lookup(context: Any, name: str) -> Any:
    """What code of the user's finds in the context."""
    return context.get(name, f"no {name}")


@pass_eval_context
def escaping(eval_ctx: Any) -> bool:
    return bool(eval_ctx.autoescape)


@pass_environment
def engine(environment: jinja2.Environment) -> bool:
    return environment.is_async


class Theirs(Extension):
    """An extension of somebody else's, with each kind of node that no tag of Jinja2's makes."""

    tags = {"wrap", "scope", "const", "marked"}  # noqa: RUF012 - Jinja2 declares it so

    tag = "<tag>"

    def parse(self, parser: Parser) -> nodes.Node | list[nodes.Node]:
        tag = next(parser.stream)
        if tag.value == "const":
            return nodes.Output(self._values(), lineno=tag.lineno)
        body = parser.parse_statements((f"name:end{tag.value}",), drop_needle=True)
        if tag.value == "scope":
            names = nodes.Dict([nodes.Pair(nodes.Const("name"), nodes.Const("overlaid"))])
            return [nodes.OverlayScope(names, body), nodes.Scope(body)]
        if tag.value == "marked":
            options = [nodes.Keyword("autoescape", nodes.Const(False))]
            return nodes.ScopedEvalContextModifier(options, body, lineno=tag.lineno)
        call = self.call_method("_wrap", [nodes.ContextReference(), nodes.Const(tag.value)])
        return nodes.CallBlock(call, [], [], body, lineno=tag.lineno)

    def _values(self) -> list[nodes.Expr]:
        return [
            nodes.TemplateData("<data>"),
            self.attr("tag"),
            nodes.MarkSafe(nodes.Const("<safe>")),
            nodes.MarkSafeIfAutoescape(nodes.Const("<if>")),
            nodes.Call(nodes.ImportedName("html.escape"), [nodes.Const("<&>")], [], None, None),
            nodes.EnvironmentAttribute("is_async"),
            nodes.Getitem(nodes.DerivedContextReference(), nodes.Const("number"), "load"),
        ]

    def _wrap(self, context: Any, word: str, caller: Callable[[], Any]) -> Any:
        if self.environment.is_async:
            return self._wrap_async(context, word, caller)
        return f"[{word} {context['number']} {caller()}]"

    async def _wrap_async(self, context: Any, word: str, caller: Any) -> Any:
        return f"[{word} {context['number']} {await caller()}]"


@dataclass(frozen=True)
class Case:
    name: str
    page: str
    others: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    fails: str | None = None
    """A case must not fail by accident."""

    def environment(self, kind: type[jinja2.Environment], is_async: bool) -> jinja2.Environment:
        templates = {"base.html": BASE, "lib.html": LIB, **self.others, "page.html": self.page}
        options: dict[str, Any] = {
            "autoescape": by_name,
            "extensions": [*(f"jinja2.ext.{name}" for name in EXTENSIONS), Theirs],
            "loader": FileLoader(templates),
            "enable_async": is_async,
            **self.options,
        }
        environment: Any = kind(**options)
        environment.install_gettext_callables(
            lambda text: f"¡{text}!",
            lambda one, many, n: f"¡{one if n == 1 else many}!",
            newstyle="newstyle" in self.name,
        )
        environment.globals.update(lookup=lookup, escaping=escaping, engine=engine)
        environment.filters.update(lookup=lookup, stop=stop)
        made: jinja2.Environment = environment
        return made


def cases_of(path: Path) -> Iterator[Case]:
    """The cases of a file."""
    text = path.read_text(encoding="utf-8")
    heads = list(HEAD.finditer(text))
    assert len(heads) == text.count("\n== ") + text.startswith("== ")
    for head, after in zip(heads, [*heads[1:], None], strict=True):
        body = text[head.end() + 1 : after.start() if after else None].strip("\n")
        page, *rest = PART.split(body)
        others = {name: source.strip("\n") for name, source in zip(*[iter(rest)] * 2, strict=True)}
        yield Case(f"{path.stem}: {head['name']}", page.rstrip("\n"), others, {}, head["fails"])


SPECIAL = [
    Case(
        "triple quotes and other ends of lines",
        '"""{{ name }}\'\'\'{{ number }}"""\\\n\r\nx\u2028y\x00z{{ name }}\U0001f600',
    ),
    Case("whitespace at the ends", " {%- if yes -%} a {%+ endif %} \n {{- number -}} \n b\n\n"),
    Case(
        "trimmed blocks",
        "{% if yes %}\n  a\n  {% endif %}\n",
        options={"trim_blocks": True, "lstrip_blocks": True},
    ),
    Case(
        "error in printing",
        "a\n{{ zzz }}\n{{ nothing }}",
        options={"undefined": jinja2.StrictUndefined},
        fails="raises",
    ),
]


CASES = [case for path in FILES for case in cases_of(path)] + SPECIAL

Result = tuple[str, Any]
Way = Callable[[Any, dict[str, Any]], str]


def render(template: Any, variables: dict[str, Any]) -> str:
    return str(template.render(variables))


def render_async(template: Any, variables: dict[str, Any]) -> str:
    return str(run(template.render_async(variables)))


def generate(template: Any, variables: dict[str, Any]) -> str:
    return "".join(template.generate(variables))


def stream(template: Any, variables: dict[str, Any]) -> str:
    chunks = list(render_stream(template, variables, chunk_size=0))
    assert all(chunks)
    return "".join(chunks)


def stream_async(template: Any, variables: dict[str, Any]) -> str:
    async def collect() -> list[str]:
        stream = render_stream_async(template, variables, chunk_size=0)
        return [chunk async for chunk in stream]

    chunks = run(collect())
    assert all(chunks)
    return "".join(chunks)


WAYS: dict[str, list[Way]] = {
    "sync": [render, generate, stream, stream_async],
    "async": [render, render_async, generate, stream_async],
}


@pytest.mark.parametrize("kind", WAYS)
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_same_as_jinja2(case: Case, kind: str, template_frames: Any) -> None:
    is_async = kind == "async"

    def outcome(environment: jinja2.Environment, render: Way) -> Result:
        try:
            text = render(environment.get_template("page.html"), context(is_async))
        except jinja2.TemplateSyntaxError as error:
            return type(error).__name__, (error.message, error.name, error.lineno)
        except Exception as error:
            message = NUMBERED.sub("", str(error))
            frames = template_frames(error) if case.fails == "raises" else None
            return type(error).__name__, (message, frames)
        return "text", ADDRESS.sub("0x", text)

    theirs = case.environment(jinja2.Environment, is_async)
    expected = outcome(theirs, render_async if is_async else render)
    assert (expected[0] != "text") == (case.fails is not None), expected
    ours = case.environment(StreamEnvironment, is_async)
    for way in WAYS[kind]:
        assert outcome(ours, way) == expected, way.__name__


def test_case_names_are_unique() -> None:
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)
