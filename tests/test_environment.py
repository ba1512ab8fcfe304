"""StreamEnvironment and its kin: drop-ins for Jinja2's own environments."""

from __future__ import annotations

import asyncio
import logging
import pickle
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import jinja2
import pytest
from jinja2 import nodes, pass_context, pass_environment, pass_eval_context
from jinja2.compiler import CodeGenerator
from jinja2.exceptions import SecurityError
from jinja2.nativetypes import NativeEnvironment
from jinja2.runtime import Context, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedEnvironment
from markupsafe import Markup

from streamtmpl import (
    NotStreamingError,
    SandboxedStreamEnvironment,
    StreamEnvironment,
    StreamTemplate,
    enable_streaming,
    render_stream,
    render_stream_async,
)
from streamtmpl.compiler import StreamCodeGenerator

LOOP = "{% for n in rows %}<{{ n }}>{% endfor %}"


def ways(template: Any, context: dict[str, Any]) -> list[str]:
    """The text of a template, each way to get it."""
    if not template.environment.is_async:
        return [
            template.render(context),
            "".join(template.generate(context)),
            "".join(render_stream(template, context, chunk_size=0)),
        ]

    async def collect() -> list[str]:
        return [
            await template.render_async(context),
            "".join([chunk async for chunk in template.generate_async(context)]),
            "".join([chunk async for chunk in render_stream_async(template, context)]),
        ]

    return [*asyncio.run(collect()), template.render(context)]


def assert_same(
    ours: jinja2.Environment, plain: jinja2.Environment, source: str, **context: Any
) -> str:
    """Both environments give the same text, every way; returns it."""
    expected = plain.from_string(source).render(context)
    template = ours.from_string(source)
    assert ways(template, context) == [expected] * len(ways(template, context))
    return expected


def chunks(template: jinja2.Template, context: dict[str, Any] | None = None) -> list[str]:
    return list(render_stream(template, context, chunk_size=0))


# -- constructor

CONSTRUCTIONS: list[tuple[dict[str, Any], str]] = [
    ({"block_start_string": "<%", "block_end_string": "%>"}, "<% if x %>{{ x }}<% endif %>{% %}"),
    ({"variable_start_string": "${", "variable_end_string": "}"}, "${ x }{{ x }}"),
    ({"comment_start_string": "<!--", "comment_end_string": "-->"}, "a<!-- {{ x }} -->b{# #}"),
    ({"line_statement_prefix": "%"}, "% for n in rows\n  <{{ n }}>\n% endfor\nend"),
    ({"line_statement_prefix": "#"}, "# if x: \n{{ x }}\n# else\nno\n# endif"),
    ({"line_comment_prefix": "##"}, "a ## {{ b }}\n{{ x }} ## c"),
    ({"trim_blocks": True}, "{% if x %}\n  {{ x }}\n{% endif %}\nend"),
    ({"lstrip_blocks": True}, "  {% if x %}\n  {{ x }}\n  {% endif %}\nend"),
    ({"newline_sequence": "\r\n"}, "a\nb\r\n{% if x %}\r{{ x }}{% endif %}\n"),
    ({"newline_sequence": "\r"}, "a\nb\r\n{{ x }}\n{% set y %}\n\n{% endset %}{{ y }}"),
    ({"keep_trailing_newline": True}, "{{ x }}\n"),
    ({"extensions": ["jinja2.ext.do"]}, "{% do rows.append(4) %}{{ rows }}"),
    (
        {"extensions": [jinja2.ext.LoopControlExtension]},
        "{% for n in rows %}{% break %}{% endfor %}",
    ),
    ({"optimized": False}, "{{ 1 + 2 }}{{ '<' ~ x }}"),
    ({"undefined": jinja2.DebugUndefined}, "{{ nope }} {{ x.nope }}"),
    ({"finalize": lambda value: "-" if value is None else value}, "{{ none }}{{ x }}{{ nothing }}"),
    ({"autoescape": True}, "{{ x }}{{ '<' }}"),
    ({"autoescape": lambda name: name is None}, "{{ x }}"),
    ({"autoescape": jinja2.select_autoescape(default_for_string=False)}, "{{ x }}"),
    ({"cache_size": 0}, "{{ x }}"),
    ({"cache_size": -1, "auto_reload": False}, "{{ x }}"),
    ({"enable_async": True}, "{{ x }}" + LOOP),
]


@pytest.mark.parametrize("sandboxed", [False, True])
@pytest.mark.parametrize(("options", "source"), CONSTRUCTIONS)
def test_every_argument(options: dict[str, Any], source: str, sandboxed: bool) -> None:
    plain = (SandboxedEnvironment if sandboxed else jinja2.Environment)(**options)
    ours = (SandboxedStreamEnvironment if sandboxed else StreamEnvironment)(**options)
    expected = plain.from_string(source).render(x="<x>", rows=[1, 2], nothing=None)
    template = ours.from_string(source)
    assert template.render(x="<x>", rows=[1, 2], nothing=None) == expected
    assert "".join(template.generate(x="<x>", rows=[1, 2], nothing=None)) == expected


def test_every_argument_by_position() -> None:
    loader = jinja2.DictLoader({"a": "[{{ 'f' }}"})
    arguments: list[Any] = [
        *("<%", "%>", "[[", "]]", "<#", "#>", "%%", "##", True, True, "\r\n", True),
        *(["jinja2.ext.do"], False, jinja2.StrictUndefined, str, True, loader, 7, False, None),
    ]
    source = "  <% if x %>\n<# c #>[[ x ]]\n  <% endif %>\n%% do rows.reverse()\n[[ rows ]] ## c\n"
    plain = jinja2.Environment(*arguments)
    ours = StreamEnvironment(*arguments)
    assert assert_same(ours, plain, source, x="<", rows=[1, 2, 1])
    assert ours.get_template("a").render() == plain.get_template("a").render()
    assert ours.finalize is str
    cache: Any = ours.cache
    assert cache.capacity == 7
    assert StreamEnvironment(*arguments, True).is_async


def test_an_unknown_argument_is_refused() -> None:
    with pytest.raises(TypeError, match="chunksize"):
        StreamEnvironment(chunksize=3)


def test_kinds() -> None:
    assert isinstance(StreamEnvironment(), jinja2.Environment)
    assert not isinstance(StreamEnvironment(), SandboxedEnvironment)
    assert isinstance(SandboxedStreamEnvironment(), SandboxedEnvironment)
    assert SandboxedStreamEnvironment().sandboxed


def test_chunk_size_of_the_environment() -> None:
    assert StreamEnvironment().chunk_size == 16384
    environment = StreamEnvironment(chunk_size=0)
    template = environment.from_string(LOOP)
    assert list(render_stream(template, {"rows": [1, 2]})) == ["<1>", "<2>"]
    assert list(template.generate(rows=[1, 2])) == ["<1>", "<2>"]
    environment.chunk_size = 100
    assert list(render_stream(template, {"rows": [1, 2]})) == ["<1><2>"]


@pytest.mark.parametrize(("size", "error"), [(-1, ValueError), ("1", TypeError), (True, TypeError)])
def test_a_wrong_chunk_size(size: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="chunk_size"):
        StreamEnvironment(chunk_size=size)
    with pytest.raises(error, match="chunk_size"):
        StreamEnvironment().overlay(chunk_size=size)
    with pytest.raises(error, match="chunk_size"):
        enable_streaming(jinja2.Environment(), chunk_size=size)


# -- overlay


@pytest.mark.parametrize("kind", [StreamEnvironment, SandboxedStreamEnvironment])
def test_overlay(kind: type[StreamEnvironment]) -> None:
    environment = kind(chunk_size=0)
    environment.filters["twice"] = lambda text: text * 2
    overlay = environment.overlay("<%", "%>", chunk_size=5, autoescape=True)
    assert type(overlay) is kind
    assert (environment.chunk_size, overlay.chunk_size) == (0, 5)
    template = overlay.from_string("<% for n in rows %>{{ n|twice }}<% endfor %>")
    context = {"rows": ["<", "a", "b", "c"]}
    assert list(render_stream(template, context)) == ["&lt;&lt;", "aabbcc"]
    assert chunks(environment.from_string("{% if 1 %}<{% endif %}")) == ["<"]
    environment.filters["late"] = lambda text: "late"
    assert overlay.from_string("{{ 1|late }}").render() == "late"


def test_overlay_inherits_the_chunk_size() -> None:
    assert StreamEnvironment(chunk_size=3).overlay().chunk_size == 3
    assert StreamEnvironment(chunk_size=3).overlay(trim_blocks=True).overlay().chunk_size == 3


def test_overlay_of_an_async_kind() -> None:
    overlay = StreamEnvironment().overlay(enable_async=True)
    assert set(ways(overlay.from_string(LOOP), {"rows": [1]})) == {"<1>"}


# -- loaders

SOURCES = {
    "page.html": "{% extends 'base.html' %}{% block a %}{{ super() }}{{ x }}"
    "{% include 'part.html' %}{% import 'lib.html' as lib %}{{ lib.m(x) }}{% endblock %}",
    "base.html": "<{% block a %}base{% endblock %}>{{ self.a() }}",
    "part.html": "part{% for n in rows %}{{ loop.index }}{{ n }}{% endfor %}",
    "lib.html": "{% macro m(v) %}[{{ v }}{{ caller and caller() }}]{% endmacro %}",
}
CONTEXT = {"x": "<x>", "rows": ["a", "&"]}


def written(folder: Path) -> Path:
    for name, source in SOURCES.items():
        (folder / name).write_text(source, encoding="utf-8")
    return folder


LOADERS: dict[str, Callable[[Path], jinja2.BaseLoader]] = {
    "dict": lambda folder: jinja2.DictLoader(SOURCES),
    "file system": lambda folder: jinja2.FileSystemLoader(written(folder)),
    "function": lambda folder: jinja2.FunctionLoader(SOURCES.get),
    "choice": lambda folder: jinja2.ChoiceLoader(
        [jinja2.DictLoader({}), jinja2.DictLoader(SOURCES)]
    ),
}


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("name", LOADERS)
def test_loaders(name: str, is_async: bool, tmp_path: Path) -> None:
    loader = LOADERS[name](tmp_path)
    plain = jinja2.Environment(loader=loader, autoescape=True)
    ours = StreamEnvironment(loader=loader, autoescape=True, enable_async=is_async)
    expected = plain.get_template("page.html").render(CONTEXT)
    assert set(ways(ours.get_template("page.html"), CONTEXT)) == {expected}
    assert isinstance(ours.get_template("page.html"), StreamTemplate)


def test_prefixes() -> None:
    loader = jinja2.PrefixLoader({"p": jinja2.DictLoader({"a": "{% if 1 %}a{% endif %}b"})})
    assert chunks(StreamEnvironment(loader=loader).get_template("p/a")) == ["a", "b"]


def test_a_loader_is_shared_with_a_plain_environment() -> None:
    loader = jinja2.DictLoader({"a": "{% if 1 %}a{% endif %}b"})
    plain, ours = jinja2.Environment(loader=loader), StreamEnvironment(loader=loader)
    assert plain.get_template("a").render() == "ab"
    assert chunks(ours.get_template("a")) == ["a", "b"]
    assert plain.get_template("a").render() == "ab"
    assert not isinstance(plain.get_template("a"), StreamTemplate)


def test_a_changed_file_is_loaded_again(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text("old")
    environment = StreamEnvironment(loader=jinja2.FileSystemLoader(tmp_path))
    assert environment.get_template("a.html") is environment.get_template("a.html")
    assert chunks(environment.get_template("a.html")) == ["old"]
    path.write_text("a new one")
    assert chunks(environment.get_template("a.html")) == ["a new one"]


def test_select_template_and_globals() -> None:
    environment = StreamEnvironment(loader=jinja2.DictLoader({"a": "{{ g }}{{ h }}"}))
    environment.globals["h"] = "h"
    template = environment.select_template(["none", "a"], globals={"g": "g"})
    assert chunks(template) == ["gh"]
    with pytest.raises(jinja2.TemplatesNotFound):
        environment.select_template(["none", "nope"])


# -- compiled templates


def compiled(environment: jinja2.Environment, folder: Path, archive: bool) -> jinja2.ModuleLoader:
    target = folder / ("templates.zip" if archive else "templates")
    environment.compile_templates(target, zip="deflated" if archive else None, ignore_errors=False)
    if archive:
        assert len(zipfile.ZipFile(target).namelist()) == len(SOURCES)
    return jinja2.ModuleLoader(target)


@pytest.fixture(params=[False, True], ids=["folder", "zip"])
def archive(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.mark.parametrize("is_async", [False, True])
def test_our_modules_load_in_ours(tmp_path: Path, archive: bool, is_async: bool) -> None:
    options: dict[str, Any] = {"autoescape": True, "enable_async": is_async}
    source = StreamEnvironment(loader=jinja2.DictLoader(SOURCES), **options)
    ours = StreamEnvironment(loader=compiled(source, tmp_path, archive), **options)
    template = ours.get_template("page.html")
    expected = jinja2.Environment(loader=source.loader, autoescape=True)
    assert set(ways(template, CONTEXT)) == {expected.get_template("page.html").render(CONTEXT)}
    if not is_async:
        assert chunks(template, CONTEXT) == chunks(source.get_template("page.html"), CONTEXT)


@pytest.mark.parametrize("is_async", [False, True])
def test_our_modules_load_in_plain_jinja2(tmp_path: Path, archive: bool, is_async: bool) -> None:
    options: dict[str, Any] = {"autoescape": True, "enable_async": is_async}
    source = StreamEnvironment(loader=jinja2.DictLoader(SOURCES), **options)
    plain = jinja2.Environment(loader=compiled(source, tmp_path, archive), **options)
    expected = jinja2.Environment(loader=source.loader, autoescape=True)
    text = expected.get_template("page.html").render(CONTEXT)
    template = plain.get_template("page.html")
    assert type(template) is jinja2.Template
    assert template.render(CONTEXT) == text
    assert "".join(template.generate(CONTEXT)) == text
    # They were compiled to stream, whoever loads them.
    if not is_async:
        assert chunks(template, CONTEXT) == chunks(source.get_template("page.html"), CONTEXT)


@pytest.mark.parametrize("is_async", [False, True])
def test_plain_modules_load_in_ours(tmp_path: Path, archive: bool, is_async: bool) -> None:
    options: dict[str, Any] = {"autoescape": True, "enable_async": is_async}
    source = jinja2.Environment(loader=jinja2.DictLoader(SOURCES), **options)
    ours = StreamEnvironment(loader=compiled(source, tmp_path, archive), **options)
    template = ours.get_template("page.html")
    text = source.get_template("page.html").render(CONTEXT)
    assert template.render(CONTEXT) == text
    assert "".join(template.generate(CONTEXT)) == text
    assert "".join(template.stream(CONTEXT)) == text
    for refuse in (render_stream, render_stream_async):
        with pytest.raises(NotStreamingError, match="compiled by jinja2"):
            refuse(template, CONTEXT)


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("ours_first", [False, True])
def test_plain_modules_and_ours_mix(tmp_path: Path, is_async: bool, ours_first: bool) -> None:
    """A page of one kind extends, includes and imports templates of the other kind."""
    options: dict[str, Any] = {"autoescape": True, "enable_async": is_async}
    others = {name: source for name, source in SOURCES.items() if name != "page.html"}
    page = {"page.html": SOURCES["page.html"]}
    compiling = jinja2.DictLoader(others if ours_first else page)
    target = tmp_path / "templates"
    jinja2.Environment(loader=compiling, **options).compile_templates(target, zip=None)
    loader = jinja2.ChoiceLoader(
        [jinja2.ModuleLoader(target), jinja2.DictLoader(page if ours_first else others)]
    )
    plain = jinja2.Environment(loader=jinja2.DictLoader(SOURCES), **options)
    template = StreamEnvironment(loader=loader, **options).get_template("page.html")
    text = plain.get_template("page.html").render(CONTEXT)
    assert template.render(CONTEXT) == text
    if ours_first:
        assert set(ways(template, CONTEXT)) == {text}


# -- from_string, compile_expression, Template


def test_from_string() -> None:
    template = StreamEnvironment().from_string("{{ a }}{{ b }}", globals={"b": 2})
    assert isinstance(template, StreamTemplate)
    assert set(ways(template, {"a": 1})) == {"12"}
    tree = nodes.Template([nodes.Output([nodes.TemplateData("hand-made")])], lineno=1)
    assert StreamEnvironment().from_string(tree).render() == "hand-made"


class Own(StreamTemplate):
    """A template class of the user's."""


def test_from_string_with_a_template_class() -> None:
    assert type(StreamEnvironment().from_string("x", template_class=Own)) is Own


@pytest.mark.parametrize("kind", [StreamEnvironment, SandboxedStreamEnvironment])
def test_compile_expression(kind: type[StreamEnvironment]) -> None:
    environment = kind()
    assert environment.compile_expression("a + 1")(a=1) == 2
    assert environment.compile_expression("a|upper ~ '<'")({"a": "x"}) == "X<"
    assert environment.compile_expression("nope")() is None
    keep = environment.compile_expression("nope", undefined_to_none=False)
    assert isinstance(keep(), Undefined)
    with pytest.raises(jinja2.TemplateSyntaxError):
        environment.compile_expression("a b")
    with pytest.raises(ZeroDivisionError):
        environment.compile_expression("1 / a")(a=0)


def test_template_used_directly() -> None:
    template = StreamTemplate("{% for n in rows %}<{{ n }}>{% endfor %}{{ x }}\n", autoescape=True)
    plain = jinja2.Template("{% for n in rows %}<{{ n }}>{% endfor %}{{ x }}\n", autoescape=True)
    context = {"rows": [1, 2], "x": "<"}
    assert set(ways(template, context)) == {plain.render(context)}
    assert chunks(template, context) == ["<1>", "<2>", "&lt;"]
    assert isinstance(template.environment, StreamEnvironment)
    assert StreamTemplate("[[ x ]]", "{%", "%}", "[[", "]]").render(x=1) == "1"
    again = StreamTemplate("{{ x }}", autoescape=True)
    assert again.environment is template.environment
    with pytest.raises(jinja2.TemplateSyntaxError):
        StreamTemplate("{% if %}")


def test_template_used_directly_async() -> None:
    assert set(ways(StreamTemplate(LOOP, enable_async=True), {"rows": [1, 2]})) == {"<1><2>"}


def test_a_plain_template_stays_plain() -> None:
    template = jinja2.Template("{{ x }}")
    assert type(template.environment) is jinja2.Environment
    assert not isinstance(template, StreamTemplate)


def test_what_a_template_offers() -> None:
    source = (
        "{% macro m(x) %}<{{ x }}>{% endmacro %}{% set v = 1 %}{% block b %}{{ x }}{% endblock %}"
    )
    ours = StreamEnvironment(autoescape=True).from_string(source)
    plain = jinja2.Environment(autoescape=True).from_string(source)
    assert ours.module.m("&") == plain.module.m("&") == Markup("<&amp;>")  # type: ignore[attr-defined]
    assert ours.module.v == 1  # type: ignore[attr-defined]
    assert str(ours.module) == str(plain.module)
    assert ours.make_module({"x": 1}).__html__() == plain.make_module({"x": 1}).__html__()
    context, other = ours.new_context({"x": "&"}), plain.new_context({"x": "&"})
    assert list(ours.blocks) == ["b"]
    assert "".join(ours.blocks["b"](context)) == "".join(plain.blocks["b"](other))
    assert "".join(ours.root_render_func(context)) == "".join(plain.root_render_func(other))
    assert ours.name is plain.name is None
    assert ours.is_up_to_date
    assert repr(ours).startswith("<StreamTemplate memory:")
    stream = ours.stream(x=1)
    stream.enable_buffering(3)
    assert "".join(stream) == plain.render(x=1)


def test_what_an_async_template_offers() -> None:
    environment = StreamEnvironment(enable_async=True, autoescape=True)
    template: Any = environment.from_string("{% macro m(x) %}<{{ x }}>{% endmacro %}text")

    async def main() -> None:
        module = await template.make_module_async()
        assert str(module) == "text"
        assert await module.m("&") == "<&amp;>"
        context = template.new_context()
        assert [piece async for piece in template.root_render_func(context)] == ["text"]

    asyncio.run(main())
    with pytest.raises(RuntimeError, match="async mode"):
        template.module  # noqa: B018


def test_dumping_a_stream(tmp_path: Path) -> None:
    target = tmp_path / "out.html"
    template = StreamEnvironment().from_string(LOOP)
    template.stream(rows=["ä"]).dump(str(target), encoding="latin-1")
    assert target.read_bytes() == b"<\xe4>"


def test_render_async_needs_an_async_environment() -> None:
    template = StreamEnvironment().from_string("x")
    with pytest.raises(RuntimeError, match="async"):
        asyncio.run(template.render_async())


# -- pickling


@pytest.mark.parametrize(
    "make",
    [
        StreamEnvironment,
        SandboxedStreamEnvironment,
        lambda: StreamEnvironment(chunk_size=0, enable_async=True),
        lambda: enable_streaming(jinja2.Environment(), chunk_size=0),
        lambda: enable_streaming(SandboxedEnvironment()),
        lambda: StreamEnvironment(loader=jinja2.DictLoader({"a": "x"})).overlay(chunk_size=0),
    ],
)
def test_environments_can_be_pickled(make: Callable[[], Any]) -> None:
    environment = make()
    copy = pickle.loads(pickle.dumps(environment))
    assert type(copy) is type(environment)
    assert copy.chunk_size == environment.chunk_size
    template = copy.from_string("{% if 1 %}x={{ x }}{% endif %}{% flush %}y")
    assert set(ways(template, {"x": 42})) == {"x=42y"}


# -- finalize, undefined, context class, concat


def plain_finalize(value: Any) -> Any:
    return "none" if value is None else value


@pass_context
def with_context(context: Context, value: Any) -> Any:
    return context.get("instead", "unset") if value is None else value


@pass_eval_context
def with_eval_context(eval_ctx: Any, value: Any) -> Any:
    return f"<{eval_ctx.autoescape}>" if value is None else value


@pass_environment
def with_environment(environment: jinja2.Environment, value: Any) -> Any:
    return environment.newline_sequence.encode().hex() if value is None else value


FINALIZERS: list[Callable[..., Any]] = [
    plain_finalize,
    with_context,
    with_eval_context,
    with_environment,
    str,
    lambda value: Markup(f"<b>{value}</b>"),
]
FINALIZED = """{{ nothing }}{{ none }}{{ x }}{{ 1 }}{{ 'text<' }}text<
{% macro m(y) %}<{{ y }}{{ nothing }}{{ caller and caller() }}>{% endmacro %}
{{ m(none) }}{{ m(x)|upper }}{% call m(1) %}{{ nothing }}call<{% endcall %}
{% autoescape flag %}data<{{ nothing }}{{ x }}{{ m(2) }}{% endautoescape %}
{% block b %}{{ none }}block{% endblock %}{{ self.b() }}
{% for n in rows recursive %}{{ n }}{{ loop([]) }}{% endfor %}"""


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("autoescape", [False, True])
@pytest.mark.parametrize("finalize", FINALIZERS)
def test_finalize(finalize: Callable[..., Any], autoescape: bool, is_async: bool) -> None:
    options: dict[str, Any] = {
        "finalize": finalize,
        "autoescape": autoescape,
        "enable_async": is_async,
    }
    ours, plain = StreamEnvironment(**options), jinja2.Environment(**options)
    for flag in (False, True):
        context = {"nothing": None, "x": "<x>", "flag": flag, "rows": [1], "instead": "<i>"}
        assert assert_same(ours, plain, FINALIZED, **context)


def test_finalize_sees_what_calls_return() -> None:
    seen: list[Any] = []

    def finalize(value: Any) -> Any:
        seen.append(value)
        return value

    source = "{% macro m() %}m{% endmacro %}{{ m() }}"
    assert StreamEnvironment(finalize=finalize).from_string(source).render() == "m"
    assert seen == ["m"]


class OwnUndefined(jinja2.Undefined):
    """Prints what is missing."""

    def __str__(self) -> str:
        return f"<missing {self._undefined_name}>"

    def __html__(self) -> str:
        return f"missing {self._undefined_name}"


UNDEFINED: list[type[jinja2.Undefined]] = [
    jinja2.Undefined,
    jinja2.ChainableUndefined,
    jinja2.DebugUndefined,
    jinja2.StrictUndefined,
    OwnUndefined,
    jinja2.make_logging_undefined(logging.getLogger("undefined")),
    jinja2.make_logging_undefined(logging.getLogger("undefined"), OwnUndefined),
]
UNDEFINED_USES = [
    "[{{ nope }}]",
    "[{{ nope.attribute }}]",
    "[{{ nope['item'] }}]",
    "[{{ x.nope }}{{ x['nope'] }}]",
    "[{{ nope() }}]",
    "{% for n in nope %}{{ n }}{% else %}none{% endfor %}",
    "{% for n in nope recursive %}{{ n }}{{ loop(nope) }}{% else %}none{% endfor %}",
    "{{ nope|default('d') }}{{ nope is defined }}",
    "{% if nope %}a{% else %}b{% endif %}",
    "{{ nope == 1 }}",
    "{{ nope ~ 'a' }}",
    "{{ 'a' if false }}[{{ nope|upper }}]",
    "{% macro m(a) %}[{{ a }}]{% endmacro %}{{ m() }}",
    "{% autoescape flag %}{{ nope }}{% endautoescape %}",
]


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("autoescape", [False, True])
@pytest.mark.parametrize("source", UNDEFINED_USES)
@pytest.mark.parametrize("undefined", UNDEFINED)
def test_undefined(
    undefined: type[jinja2.Undefined],
    source: str,
    autoescape: bool,
    is_async: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    options: dict[str, Any] = {
        "undefined": undefined,
        "autoescape": autoescape,
        "enable_async": is_async,
    }
    context = {"x": {}, "flag": True}

    def outcome(render: Callable[[], str]) -> tuple[str, list[str]]:
        caplog.clear()
        try:
            text = render()
        except jinja2.UndefinedError as error:
            text = f"{type(error).__name__}: {error}"
        return text, [record.getMessage() for record in caplog.records]

    plain = jinja2.Environment(**options).from_string(source)
    ours: Any = StreamEnvironment(**options).from_string(source)
    expected = outcome(lambda: plain.render(context))
    assert outcome(lambda: ours.render(context)) == expected
    assert outcome(lambda: "".join(ours.generate(context))) == expected
    if not is_async:
        assert outcome(lambda: "".join(render_stream(ours, context))) == expected


class ResolvingContext(Context):
    """Finds every name."""

    def resolve_or_missing(self, key: str) -> Any:
        if key == "special":
            return "<special>"
        return super().resolve_or_missing(key)


class CallingContext(Context):
    """Sees every call."""

    def call(self, callable: Any, /, *args: Any, **kwargs: Any) -> Any:
        calls: Any = self.environment.globals.setdefault("calls", [])
        calls.append(getattr(callable, "name", "?"))
        return super().call(callable, *args, **kwargs)


CONTEXT_USES = """{{ special }}
{% macro m(x) %}{{ special }}{{ x }}{{ caller and caller() }}{% endmacro %}
{{ m(special) }}{% call m(1) %}{{ special }}{% endcall %}{{ m(2)|upper }}
{% block b %}{{ special }}{% endblock %}{{ self.b() }}{{ f(special) }}
{% for n in [1] recursive %}{{ special }}{{ loop([]) }}{% endfor %}"""


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("context_class", [ResolvingContext, CallingContext])
def test_context_class(context_class: type[Context], is_async: bool) -> None:
    results = []
    for kind in (jinja2.Environment, StreamEnvironment):
        environment = kind(autoescape=True, enable_async=is_async)
        environment.context_class = context_class
        template = environment.from_string(CONTEXT_USES)
        text = template.render(f=lambda value: f"({value})")
        results.append((text, environment.globals.get("calls")))
    assert results[0] == results[1]
    assert "special" in results[0][0] or results[0][1]


def test_a_context_that_changes_calls_changes_calls_in_runs() -> None:
    class Shouting(Context):
        def call(self, callable: Any, /, *args: Any, **kwargs: Any) -> Any:
            return super().call(callable, *args, **kwargs).upper()

    class Environment(StreamEnvironment):
        context_class = Shouting

    macro = "{% macro m() %}m{{ caller and caller() }}{% endmacro %}"
    source = macro + "{{ m() }}{% call m() %}c{% endcall %}"
    template = Environment().from_string(source)
    assert set(ways(template, {})) == {"MMC"}


@pytest.mark.parametrize("is_async", [False, True])
def test_own_concat(is_async: bool) -> None:
    def joined(pieces: Iterable[str]) -> str:
        return "<" + "".join(pieces) + ">"

    class Plain(jinja2.Environment):
        concat = staticmethod(joined)

    class Ours(StreamEnvironment):
        concat = staticmethod(joined)

    source = (
        "{% macro m() %}m{% endmacro %}a{{ m() }}{% set s %}s{% endset %}{{ s }}"
        "{% filter upper %}f{% endfilter %}{% block b %}b{% endblock %}{{ self.b() }}"
        "{% for n in [1] recursive %}{{ n }}{{ loop([]) }}{% endfor %}"
    )
    plain = Plain(enable_async=is_async).from_string(source)
    ours = Ours(enable_async=is_async).from_string(source)
    assert ours.render() == plain.render() == "<a<m><s><F>b<b><1<>>>"
    # A stream has nobody to join it: only what is joined inside of the template is.
    assert "".join(ours.generate()) == "".join(plain.generate()) == "a<m><s><F>b<b><1<>>"


# -- enable_streaming


def test_enabling() -> None:
    environment = jinja2.Environment(loader=jinja2.DictLoader({"a": "{% if 1 %}a{% endif %}b"}))
    before = environment.get_template("a")
    with pytest.raises(NotStreamingError, match="enable_streaming"):
        render_stream(before)
    assert enable_streaming(environment) is environment
    after = environment.get_template("a")
    assert after is not before
    assert chunks(after) == ["a", "b"]
    assert before.render() == after.render() == "ab"
    assert environment.chunk_size == 16384  # type: ignore[attr-defined]
    assert chunks(environment.from_string("{% if 1 %}a{% endif %}{% flush %}b")) == ["a", "b"]
    assert isinstance(environment, jinja2.Environment)


@pytest.mark.parametrize("kind", [SandboxedEnvironment, ImmutableSandboxedEnvironment])
def test_enabling_a_sandbox(kind: type[SandboxedEnvironment]) -> None:
    environment = enable_streaming(kind())
    assert set(ways(environment.from_string(LOOP), {"rows": [1]})) == {"<1>"}
    with pytest.raises(SecurityError):
        chunks(environment.from_string("{{ x.__class__.mro() }}"), {"x": 1})


def test_enabling_an_async_environment() -> None:
    environment = enable_streaming(jinja2.Environment(enable_async=True))
    assert set(ways(environment.from_string(LOOP), {"rows": [1]})) == {"<1>"}


def test_enabling_with_a_chunk_size() -> None:
    environment: Any = enable_streaming(jinja2.Environment(), chunk_size=0)
    assert list(environment.from_string(LOOP).generate(rows=[1, 2])) == ["<1>", "<2>"]
    enable_streaming(environment)
    assert environment.chunk_size == 0
    enable_streaming(environment, chunk_size=5)
    assert environment.chunk_size == 5


def test_enabling_twice_changes_nothing() -> None:
    environment = jinja2.Environment(loader=jinja2.DictLoader({"a": "a"}))
    enable_streaming(environment)
    template = environment.get_template("a")
    state = dict(environment.__dict__)
    assert enable_streaming(environment) is environment
    assert environment.__dict__ == state
    assert environment.get_template("a") is template


@pytest.mark.parametrize("kind", [StreamEnvironment, SandboxedStreamEnvironment])
def test_enabling_ours_changes_nothing(kind: type[StreamEnvironment]) -> None:
    environment = kind(chunk_size=7)
    state = dict(environment.__dict__)
    assert enable_streaming(environment) is environment
    assert environment.__dict__ == state


def test_overlays_of_an_enabled_environment() -> None:
    environment = enable_streaming(jinja2.Environment(), chunk_size=0)
    overlay = environment.overlay("<%", "%>")
    template = overlay.from_string("<% for n in rows %><{{ n }}><% endfor %><% flush %>")
    assert list(template.generate(rows=[1, 2])) == ["<1>", "<2>"]


def test_enabling_leaves_others_alone() -> None:
    loader = jinja2.DictLoader({"a": "{{ x }}"})
    first, second = jinja2.Environment(loader=loader), jinja2.Environment(loader=loader)
    overlay = first.overlay()
    enable_streaming(first)
    for other in (second, overlay):
        assert type(other.get_template("a")) is jinja2.Template
        with pytest.raises(NotStreamingError):
            render_stream(other.get_template("a"))
    assert jinja2.Environment.code_generator_class is CodeGenerator


class ForeignTemplate(jinja2.Template):
    """A template class of the user's, written for Jinja2."""

    def render(self, *args: Any, **kwargs: Any) -> str:
        return f"<{super().render(*args, **kwargs)}>"

    def extra(self) -> str:
        return "extra"


def test_enabling_with_a_foreign_template_class() -> None:
    class Environment(jinja2.Environment):
        template_class = ForeignTemplate

    environment = enable_streaming(Environment(), chunk_size=0)
    template: Any = environment.from_string(LOOP)
    assert isinstance(template, ForeignTemplate)
    assert template.render(rows=[1, 2]) == "<<1><2>>"
    assert list(template.generate(rows=[1, 2])) == ["<1>", "<2>"]
    assert chunks(template, {"rows": [1, 2]}) == ["<1>", "<2>"]
    assert template.extra() == "extra"
    assert Environment.template_class is ForeignTemplate


def test_native_environments_are_refused() -> None:
    environment = NativeEnvironment()
    with pytest.raises(NotStreamingError, match="StreamEnvironment"):
        enable_streaming(environment)
    template: Any = environment.from_string("{{ 1 + 1 }}")
    assert template.render() == 2
    assert not hasattr(environment, "chunk_size"), "it was changed before it was refused"


def test_foreign_code_generators_are_refused() -> None:
    class Foreign(CodeGenerator):
        pass

    environment = jinja2.Environment()
    environment.code_generator_class = Foreign
    with pytest.raises(NotStreamingError, match=r"streamtmpl\.compiler\.StreamCodeGenerator"):
        enable_streaming(environment)
    assert environment.code_generator_class is Foreign
    assert not hasattr(environment, "chunk_size")


def test_code_generators_derived_from_ours_are_welcome() -> None:
    class Derived(StreamCodeGenerator):
        pass

    class Environment(StreamEnvironment):
        code_generator_class = Derived

    environment = Environment()
    assert enable_streaming(environment) is environment
    assert set(ways(environment.from_string(LOOP), {"rows": [1]})) == {"<1>"}


@pytest.mark.parametrize("wrong", [None, "x", jinja2.Environment, object()])
def test_enabling_something_else(wrong: Any) -> None:
    with pytest.raises(NotStreamingError, match=r"jinja2\.Environment"):
        enable_streaming(wrong)


# -- the flush tag


def test_a_flush_tag_of_somebody_elses_wins() -> None:
    class Flush(jinja2.ext.Extension):
        tags = {"flush"}  # noqa: RUF012

        def parse(self, parser: Any) -> Any:
            return nodes.Output([nodes.Const("mine")], lineno=next(parser.stream).lineno)

    source = "a{% flush %}b"
    assert StreamEnvironment(extensions=[Flush]).from_string(source).render() == "amineb"
    environment = StreamEnvironment()
    environment.add_extension(Flush)
    assert environment.from_string(source).render() == "amineb"
    enabled = enable_streaming(jinja2.Environment(extensions=[Flush]))
    assert enabled.from_string(source).render() == "amineb"


def test_only_streaming_environments_have_the_tag() -> None:
    with pytest.raises(jinja2.TemplateSyntaxError, match="flush"):
        jinja2.Environment().from_string("{% flush %}")


# -- the sandbox

UNSAFE = [
    "{{ x.__class__ }}",
    "{{ x.__class__.mro() }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ f.__globals__ }}",
    "{{ g.gi_frame.f_locals }}",
    "{{ unsafe() }}",
    "a{{ unsafe() }}b{{ unsafe() }}",
    "{{ unsafe()|upper }}",
    "{% set u = unsafe() %}{{ u }}",
    "{% call unsafe() %}x{% endcall %}",
    "{% for n in unsafe() %}{% endfor %}",
    "{{ altering() }}",
    "{{ '{0.__class__}'.format(x) }}",
    "{{ '{a.__class__}'.format_map({'a': x}) }}",
    "{{ ('{0.__class__.__mro__}'|safe).format(x) }}",
    "{{ x|attr('__class__') }}",
    "{{ ['{0.__class__}']|map('format', x)|list }}",
    "{{ range(999999) }}",
    "{% macro m() %}{{ unsafe() }}{% endmacro %}{{ m() }}",
    "{% macro m() %}{% endmacro %}{{ m.__call__.__func__ }}",
    "{% macro m() %}{% endmacro %}{{ m._func.__globals__ }}",
    "{% macro m() %}{% endmacro %}{{ m.into }}{{ m._func }}",
    "{% block b %}{% endblock %}{{ self.b.into }}{{ self.b._context }}",
    "{% for n in [1] recursive %}{{ loop.into }}{{ loop._recurse }}{% endfor %}",
    "{{ self.__init__.__globals__ }}",
    "{% macro m() %}text{% endmacro %}{{ m.into(writer)|list }}",
    "{{ rows.append(1) }}{{ rows }}",
    "{{ mapping.clear() }}",
]


def unsafe() -> str:
    return "called"


unsafe.unsafe_callable = True  # type: ignore[attr-defined]


def altering() -> str:
    return "altered"


altering.alters_data = True  # type: ignore[attr-defined]


class Writer:
    """Has a method that templates must not call, by a name that generated code calls."""

    limit = 0

    def write(self, text: str) -> None:
        raise AssertionError("the sandbox called what it must not")

    write.unsafe_callable = True  # type: ignore[attr-defined]

    def tell(self) -> int:
        return 0


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("immutable", [False, True])
@pytest.mark.parametrize("source", UNSAFE)
def test_the_sandbox_refuses_the_same(source: str, immutable: bool, is_async: bool) -> None:
    class Immutable(SandboxedStreamEnvironment, ImmutableSandboxedEnvironment):
        pass

    def outcome(kind: type[SandboxedEnvironment], *, generate: bool) -> tuple[str, str]:
        context = {
            "x": 1,
            "f": test_kinds,
            "g": iter([1]),
            "unsafe": unsafe,
            "altering": altering,
            "writer": Writer(),
            "rows": [],
            "mapping": {},
        }
        template: Any = kind(enable_async=is_async).from_string(source)
        try:
            if generate:
                return "text", "".join(template.generate(context))
            return "text", template.render(context)
        except Exception as error:
            return type(error).__name__, str(error)

    plain = ImmutableSandboxedEnvironment if immutable else SandboxedEnvironment
    ours = Immutable if immutable else SandboxedStreamEnvironment
    expected = outcome(plain, generate=False)
    assert outcome(ours, generate=False) == expected
    assert outcome(ours, generate=True) == expected


CALLS = """{% macro m(x) %}<{{ x }}{{ caller and caller() }}>{% endmacro %}
{{ m(1) }}{% call m(2) %}c{% endcall %}{{ m(3)|upper }}{{ f(4) }}
{% block b %}b{% endblock %}{{ self.b() }}
{% for n in [1] recursive %}{{ n }}{{ loop([]) }}{% endfor %}
{{ 1 + 2 }}{{ 2 ** 3 }}{{ -1 }}{{ x.real }}"""


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("name", ["call", "is_safe_callable", "is_safe_attribute", "call_binop"])
def test_sandboxes_of_the_users_see_the_same(name: str, is_async: bool) -> None:
    def outcome(kind: type[SandboxedEnvironment]) -> tuple[str, set[str]]:
        seen: set[str] = set()

        class Environment(kind):  # type: ignore[valid-type, misc]
            intercepted_binops = frozenset(["+", "**"])
            intercepted_unops = frozenset(["-"])

            def call(self, context: Any, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
                if name == "call":
                    seen.add(f"{getattr(obj, 'name', callable(obj))} {args[:1]}")
                return super().call(context, obj, *args, **kwargs)

            def is_safe_callable(self, obj: Any) -> bool:
                if name == "is_safe_callable":
                    seen.add(getattr(obj, "name", getattr(obj, "__name__", "?")) or "caller")
                return bool(super().is_safe_callable(obj))

            def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
                if name == "is_safe_attribute":
                    seen.add(attr)
                return bool(super().is_safe_attribute(obj, attr, value))

            def call_binop(self, context: Any, op: str, left: Any, right: Any) -> Any:
                seen.add(op)
                return "<op>"

            def call_unop(self, context: Any, op: str, arg: Any) -> Any:
                seen.add(op)
                return "<unop>"

        template = Environment(enable_async=is_async, autoescape=True).from_string(CALLS)
        return template.render(f=lambda value: value, x=1), seen

    expected = outcome(SandboxedEnvironment)
    assert expected[1] - {"+", "-", "**"} or name == "call_binop"
    assert outcome(SandboxedStreamEnvironment) == expected


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize(
    "source",
    [
        "{% macro m() %}m{% endmacro %}a{{ m() }}",
        "{% macro m() %}{{ caller() }}{% endmacro %}a{% call m() %}c{% endcall %}",
        "a{{ self.b() }}{% block b %}b{% endblock %}",
        "a{% for n in [1] recursive %}{{ loop([]) }}{% endfor %}",
    ],
)
def test_a_sandbox_that_allows_no_calls(source: str, is_async: bool) -> None:
    class Strict(SandboxedStreamEnvironment):
        def is_safe_callable(self, obj: Any) -> bool:
            return False

    template = Strict(enable_async=is_async).from_string(source)
    with pytest.raises(SecurityError, match="not safely callable"):
        template.render()
    with pytest.raises(SecurityError, match="not safely callable"):
        list(template.generate())
