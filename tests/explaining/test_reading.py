"""Templates as they are read: comments that speak for lines, and where the source comes from."""

from __future__ import annotations

from typing import Any

import jinja2
import pytest

import streamtmpl
from streamtmpl import NotStreamingError, StreamEnvironment, enable_streaming, explain
from streamtmpl.compiler import StreamCodeGenerator

MACRO = "{% macro m(rows) %}{% for row in rows %}[{{ row }}]{% endfor %}{% endmacro %}"


def environment_of(**templates: str) -> StreamEnvironment:
    return StreamEnvironment(loader=jinja2.DictLoader(templates))


# -- comments


def held(source: str, **options: Any) -> list[int]:
    template = StreamEnvironment(**options).from_string(MACRO + "\n" + source)
    return [each.line for _, each in explain(template).held]


def test_a_comment_speaks_for_a_line() -> None:
    captured = "{{ m(rows)|upper }}"
    assert held(captured) == [2]
    assert held(f"{captured} {{# explain: ignore #}}") == []
    assert held(f"{captured} {{#- explain:ignore, for the printer -#}}") == []
    assert held(f"{{# explain: ignore #}}\n{captured}\n{captured}") == [4]
    assert held(f"  {{# explain: ignore\nas it is short #}}  \n{captured}") == []
    assert held(f"text {{# explain: ignore #}}\n{captured}") == [3]
    assert held(f"{captured} {{# explained: ignore #}}") == [2]
    assert held(f"{captured} {{% raw %}}{{# explain: ignore #}}{{% endraw %}}") == [2]
    assert held(f"{captured} <!-- explain: ignore -->") == [2]


def test_comments_of_other_forms() -> None:
    assert (
        held(
            "[[ explain: ignore ]]\n{{ m(rows)|upper }}",
            comment_start_string="[[",
            comment_end_string="]]",
        )
        == []
    )
    assert held("{{ m(rows)|upper }} ## explain: ignore", line_comment_prefix="##") == []
    assert held("## explain: ignore\n{{ m(rows)|upper }}", line_comment_prefix="##") == []


def test_an_ignored_statement_is_still_said() -> None:
    template = StreamEnvironment().from_string(MACRO + "{{ m(rows)|upper }}{# explain: ignore #}")
    (statement,) = [each for each in explain(template).page.statements if each.mend]
    assert statement.ignored


# -- where templates come from


def test_lines_are_those_of_the_source() -> None:
    template = StreamEnvironment().from_string("a\r\n{{ b }}\u2028\r\n\n{% flush %}\n")
    lines = explain(template).page.lines
    assert [(line.number, line.source) for line in lines] == [
        (1, "a"),
        (2, "{{ b }}\u2028"),
        (3, ""),
        (4, "{% flush %}"),
    ]
    assert [each.kind for each in lines[3].statements] == ["flush"]


def test_no_text_no_lines() -> None:
    assert explain(StreamEnvironment().from_string("")).page.lines == ()


def test_a_loaded_template_has_its_name_and_file(tmp_path: Any) -> None:
    path = tmp_path / "page.html"
    path.write_text("{{ x }}")
    environment = StreamEnvironment(loader=jinja2.FileSystemLoader(tmp_path))
    page = explain(environment.get_template("page.html")).page
    assert (page.name, page.file, page.label) == ("page.html", str(path), str(path))


def test_environments_that_do_not_stream_are_refused() -> None:
    environment = jinja2.Environment(loader=jinja2.DictLoader({"page": "x"}))
    with pytest.raises(NotStreamingError, match=r"use a streamtmpl\.StreamEnvironment"):
        explain(environment.get_template("page"))
    enable_streaming(environment)
    assert explain(environment.get_template("page")).page.name == "page"
    assert explain(environment.from_string("{{ x }}")).page.name is None


def test_templates_without_source_are_refused(tmp_path: Any) -> None:
    environment = environment_of(page="x")
    environment.compile_templates(str(tmp_path), zip=None)
    compiled = StreamEnvironment(loader=jinja2.ModuleLoader(str(tmp_path)))
    with pytest.raises(ValueError, match="template 'page' has no source to explain"):
        explain(compiled.get_template("page"))
    tree = environment.parse("x")
    with pytest.raises(ValueError, match="has no source to explain: make it of a string"):
        explain(StreamEnvironment().from_string(tree))


def test_a_generator_of_the_users_own_is_asked() -> None:
    visited: list[str] = []

    class Own(StreamCodeGenerator):
        def visit_If(self, node: Any, frame: Any) -> None:
            visited.append("if")
            super().visit_If(node, frame)

    class Environment(StreamEnvironment):
        code_generator_class = Own

    template = Environment().from_string("{% if x %}\na\n{% endif %}\nb")
    visited.clear()
    assert [each.line for each in explain(template).page.statements if each.kind == "cut"] == [3]
    assert visited == ["if"]


def test_explaining_changes_nothing() -> None:
    environment = environment_of(page=MACRO + "{{ m(rows) }}")
    template = environment.get_template("page")
    explain(template)
    assert environment.get_template("page") is template
    assert template.render(rows=[1]) == "[1]"


def test_it_is_imported_when_it_is_asked_for() -> None:
    assert streamtmpl.explain is explain
    assert streamtmpl.Explanation.__module__ == "streamtmpl.explaining.statements"
