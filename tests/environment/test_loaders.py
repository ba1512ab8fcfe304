"""Templates from loaders, and compiled ones: ours, plain ones and both together."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2
import pytest

from streamtmpl import (
    NotStreamingError,
    StreamEnvironment,
    StreamTemplate,
    render_stream,
    render_stream_async,
)

from .renderings import chunks, renderings

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
    assert set(renderings(ours.get_template("page.html"), CONTEXT)) == {expected}
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
    assert set(renderings(template, CONTEXT)) == {
        expected.get_template("page.html").render(CONTEXT)
    }
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
        assert set(renderings(template, CONTEXT)) == {text}
