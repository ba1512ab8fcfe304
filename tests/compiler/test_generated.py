"""Generated code in tracebacks: errors name the template's own file and line, as Jinja2's do."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2
import pytest

import streamtmpl
from streamtmpl import (
    SandboxedStreamEnvironment,
    StreamEnvironment,
    StreamTemplate,
    enable_streaming,
    render_stream,
    render_stream_async,
)
from tests.support.compact import CODE, compiled_to

FILES = {
    "run.html": "<p>\n{{ name }}\n{{ 1 }} {{ 2 }}\n{{ boom() }} {{ name }}\n</p>",
    "run_after_block.html": "{% if name %}a{% endif %}\n{{ name }}\n{{ name }}{{ boom() }}",
    "base.html": "<h1>\n{% block title %}\nBase {{ boom() }}\n{% endblock %}\n</h1>\n"
    "{% block body %}{% endblock %}",
    "parent_block.html": "{% extends 'base.html' %}\n{% block body %}x{% endblock %}",
    "super.html": "{% extends 'base.html' %}\n\n{% block title %}\n{{ super() }}{% endblock %}",
    "super_as_value.html": "{% extends 'base.html' %}\n{% block title %}\n"
    "{{ super()|upper }}{% endblock %}",
    "own_block.html": "{% extends 'base.html' %}\n{% block title %}\n{{ name }}\n{{ boom() }}"
    "{% endblock %}",
    "self.html": "{% block a %}{% if again %}\n{{ boom() }}{% endif %}{% endblock %}\n"
    "{% set again = 1 %}\n{{ self.a() }}",
    "part.html": "part\n{{ name }}\n{{ boom() }}",
    "include.html": "a\n{% if name %}\n{% include 'part.html' %}{% endif %}",
    "include_deep.html": "{% for n in [1] %}\n{% include 'include.html' %}\n{% endfor %}",
    "include_in_block.html": "{% extends 'base.html' %}\n{% block title %}\n\n"
    "{% include 'part.html' %}{% endblock %}",
    "include_without_context.html": "\n{% include 'part.html' without context %}",
    "macro.html": "{% macro m(x) %}\n<b>{{ x }}\n{{ boom() }}</b>{% endmacro %}\n\n{{ m(1) }}",
    "macro_as_value.html": "{% macro m(x) %}\n<b>{{ boom() }}</b>{% endmacro %}\n\n"
    "{{ m(1)|upper }}",
    "macro_in_run.html": "{% macro m(x) %}\n{{ boom() if x }}{% endmacro %}\n{{ name }}\n"
    "{{ m(0) }}\n{{ m(1) }}\n{{ m(0) }}",
    "lib.html": "{% macro m(x) %}\n\n{{ boom() }}{% endmacro %}\n"
    "{% macro wrap() %}\n<{{ caller() }}>{% endmacro %}",
    "imported.html": "{% from 'lib.html' import m with context %}\n\n{{ m() }}",
    "caller.html": "{% from 'lib.html' import wrap %}\n{% call wrap() %}\n{{ name }}\n{{ boom() }}"
    "{% endcall %}",
    "caller_in_loop.html": "{% macro each() %}{% for n in [1, 2] %}\n{{ caller(n) }}{% endfor %}"
    "{% endmacro %}\n{% call(n) each() %}\n{{ n }}{{ boom() if n == 2 }}{% endcall %}",
    "filter_block.html": "a\n{% filter upper %}\n{{ name }}\n{{ boom() }}{% endfilter %}",
    "filter_of_a_block.html": "a\n{% filter boom %}\n{{ name }}\n{% endfilter %}",
    "set_block.html": "a\n{% set x %}\n{{ boom() }}{% endset %}",
    "iterable.html": "a\n{% for n in boom() %}\n{{ n }}{% endfor %}",
    "iteration.html": "a\n{% for n in [1, 2] %}\n{{ n }}\n{{ boom() if n == 2 }}{% endfor %}",
    "lazy.html": "a\n{% for n in lazy() %}\n{{ n }}{% endfor %}",
    "lazy_loop.html": "a\n{% for n in lazy() %}\n{{ loop.index }}{% endfor %}",
    "else.html": "a\n{% for n in [] %}\n{{ n }}{% else %}\n\n{{ boom() }}{% endfor %}",
    "recursive.html": "{% for n in [[[]]] recursive %}\n{% if n %}{{ loop(n) }}\n"
    "{% else %}\n{{ boom() }}{% endif %}{% endfor %}",
    "condition.html": "a\n{% if no %}\n{% elif boom() %}{% endif %}",
    "with.html": "a\n{% with x = boom() %}{% endwith %}",
    "autoescape.html": "a\n{% autoescape name %}\n{{ name }}\n{{ boom() }}{% endautoescape %}",
    "assignment.html": "{{ name }}\n\n{% set x = boom() %}",
    "missing_include.html": "a\n\n{% include 'none.html' %}",
    "missing_parent.html": "\n{% extends 'none.html' %}",
    "undefined.html": "a\n{{ name }}\n{{ nope.attribute }}",
    "argument.html": "{% macro m(x) %}{{ x }}{% endmacro %}\na\n{{ m(boom()) }}",
    "default.html": "{% macro m(\nx=boom()) %}{{ x }}{% endmacro %}\na\n{{ m() }}",
    "wrong_argument.html": "{% macro m() %}{% endmacro %}\na\n{{ m(1) }}",
    "long.html": "\n".join(f"{{{{ name }}}} {line}" for line in range(200)) + "{{ boom() }}",
    "multi_line.html": "a\n{{ [1,\n2,\nboom(),\n3] }}\n",
    "trans.html": "a\n{% trans x=boom() %}{{ x }}{% endtrans %}",
    "do.html": "a\n\n{% do boom() %}",
}
PAGES = [name for name in FILES if name not in ("base.html", "part.html", "lib.html")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("templates")
    for name, source in FILES.items():
        (path / name).write_text(source, encoding="utf-8")
    return path


def boom(*args: object) -> Any:
    raise ValueError("boom")


def lazy() -> Any:
    yield 1
    raise ValueError("boom")


def environment(folder: Path, kind: Any, **options: Any) -> Any:
    made = kind(
        loader=jinja2.FileSystemLoader(folder),
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        autoescape=True,
        **options,
    )
    made.install_null_translations()
    made.globals.update(boom=boom, lazy=lazy, name="<Ann>")
    made.filters["boom"] = boom
    return made


def stream(template: Any) -> None:
    list(render_stream(template, chunk_size=0))


def stream_whole(template: Any) -> None:
    list(render_stream(template))


def stream_in_thread_or_task(template: Any) -> None:
    async def consume() -> None:
        async for _ in render_stream_async(template, chunk_size=0):
            pass

    asyncio.run(consume())


def render(template: Any) -> None:
    template.render()


def generate(template: Any) -> None:
    list(template.generate())


def render_async(template: Any) -> None:
    asyncio.run(template.render_async())


def generate_async(template: Any) -> None:
    async def consume() -> None:
        async for _ in template.generate_async():
            pass

    asyncio.run(consume())


def raised(way: Callable[[Any], None], template: Any) -> Exception:
    try:
        way(template)
    except Exception as error:
        return error
    return pytest.fail("nothing was raised")


WAYS: dict[str, list[Callable[[Any], None]]] = {
    "sync": [render, generate, stream, stream_whole, stream_in_thread_or_task],
    "async": [render, generate, render_async, generate_async, stream_in_thread_or_task],
}


@pytest.mark.comparison
@pytest.mark.parametrize("code", CODE)
@pytest.mark.parametrize("kind", WAYS)
@pytest.mark.parametrize("name", PAGES)
def test_tracebacks_are_those_of_jinja2(
    name: str,
    kind: str,
    code: str,
    folder: Path,
    template_frames: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compiled_to(monkeypatch, code)
    is_async = kind == "async"

    def frames(engine: Any, way: Callable[[Any], None]) -> tuple[type, list[Any]]:
        template = environment(folder, engine, enable_async=is_async).get_template(name)
        error = raised(way, template)
        return type(error), template_frames(error)

    expected = frames(jinja2.Environment, render_async if is_async else render)
    assert expected[1], "the oracle's traceback has no frame of a template"
    for way in WAYS[kind]:
        assert frames(StreamEnvironment, way) == expected, way.__name__


@pytest.mark.parametrize("kind", [SandboxedStreamEnvironment, None])
def test_other_kinds(kind: Any, folder: Path, template_frames: Any) -> None:
    made = environment(folder, kind or jinja2.Environment)
    if kind is None:
        enable_streaming(made)
    for way in (render, stream):
        with pytest.raises(ValueError, match="boom") as caught:
            way(made.get_template("macro.html"))
        assert [frame[1:] for frame in template_frames(caught.value)] == [
            (5, "top-level template code"),
            (3, "template"),
        ]


@pytest.mark.parametrize("code", CODE)
@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("name", PAGES)
def test_no_frame_of_the_engine_among_the_templates(
    name: str,
    is_async: bool,
    code: str,
    folder: Path,
    template_frames: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compiled_to(monkeypatch, code)
    template = environment(folder, StreamEnvironment, enable_async=is_async).get_template(name)
    error = raised(stream_in_thread_or_task if is_async else stream, template)
    files = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    inside = files[files.index(template_frames(error)[0].filename) :]
    package = str(Path(streamtmpl.__file__).parent)
    assert [file for file in inside if file.startswith(package)] == []


def test_the_source_line_is_shown(folder: Path) -> None:
    template = environment(folder, StreamEnvironment).get_template("run.html")
    with pytest.raises(ValueError, match="boom") as caught:
        stream(template)
    text = "".join(traceback.format_exception(caught.value))
    assert f'File "{folder / "run.html"}", line 4, in top-level template code' in text
    assert "{{ boom() }} {{ name }}" in text


def test_the_context_of_the_exception_is_kept(folder: Path) -> None:
    cause = KeyError("cause")

    def fail() -> None:
        raise ValueError("effect") from cause

    template = StreamEnvironment().from_string("{{ fail() }}")
    with pytest.raises(ValueError, match="effect") as caught:
        list(render_stream(template, {"fail": fail}))
    assert caught.value.__cause__ is cause


def test_a_syntax_error_names_template_and_line(folder: Path) -> None:
    with pytest.raises(jinja2.TemplateSyntaxError) as caught:
        StreamEnvironment().from_string("a\n{% if %}")
    assert caught.value.lineno == 2


@pytest.mark.parametrize("kind", [jinja2.Template, StreamTemplate])
@pytest.mark.parametrize("is_async", [False, True])
def test_errors_of_code_that_others_make_a_template_of(kind: Any, is_async: bool) -> None:
    made = StreamEnvironment(enable_async=is_async)
    code = made.compile("a\n{{ 1 // x }}", name="page", filename="page.html")
    template = kind.from_code(made, code, {})
    assert template.filename == "page.html"
    error = raised(generate if is_async else render, template)
    assert isinstance(error, jinja2.UndefinedError)
    frames = traceback.extract_tb(error.__traceback__)
    assert [frame.lineno for frame in frames if frame.filename == "page.html"] == [2]
    assert not [frame for frame in frames if frame.filename.startswith("<streamtmpl")]


LOOPS = "".join(f"{{% for a{n} in [[]] %}}" for n in range(30)) + "{% endfor %}" * 30


@pytest.mark.parametrize("source", ["a\n\n{% break %}", "{% continue %}", LOOPS])
def test_errors_of_python_name_the_template(source: str) -> None:
    messages = []
    for kind in (jinja2.Environment, StreamEnvironment):
        made = kind(extensions=["jinja2.ext.loopcontrols"])
        with pytest.raises(SyntaxError) as caught:
            made.compile(source, filename="page.html")
        assert caught.value.filename == "page.html"
        messages.append(str(caught.value).partition(", line")[0])
    assert messages[0] == messages[1]


def test_templates_know_their_file(folder: Path) -> None:
    template = environment(folder, StreamEnvironment).get_template("run.html")
    assert template.filename == str(folder / "run.html")
    assert StreamTemplate("x").filename == jinja2.Template("x").filename
