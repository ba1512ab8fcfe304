"""A page as a whole: its blocks through the chain of templates, regions, and lines to be left."""

from __future__ import annotations

import re
from typing import Any

import jinja2
import pytest

from streamtmpl import (
    StreamEnvironment,
    explain,
    render_stream,
)
from streamtmpl.explaining import ExplainedTemplate, Kind
from tests.support.tracing import SYNC, Trace

LOOP = "{% for row in rows %}[{{ row }}]{% endfor %}"
MACRO = f"{{% macro m(rows) %}}{LOOP}{{% endmacro %}}"
ROWS = ["0", "1", "2", "3"]


def environment_of(**templates: str) -> StreamEnvironment:
    return StreamEnvironment(loader=jinja2.DictLoader(templates))


def texts(template: ExplainedTemplate, kind: Kind) -> list[tuple[int, str]]:
    return [(each.line, each.text) for each in template.statements if each.kind == kind]


def events(template: jinja2.Template) -> list[str]:
    """Pulls of rows and the chunks that arrive, at chunk size 0."""
    trace = Trace()
    with render_stream(template, {"rows": trace.rows(SYNC, ROWS)}, chunk_size=0) as chunks:
        for chunk in chunks:
            trace.note("got", chunk)
    return [value for _, value in trace.events]


# -- blocks


def test_blocks_say_who_overrides_them() -> None:
    environment = environment_of(
        base="<{% block a %}base{% endblock %}>\n<{% block b %}b{% endblock %}>",
        middle="{% extends 'base' %}\n{% block a %}middle{% endblock %}",
        page="{% extends 'middle' %}\n{% block a %}{{ super() }}page{% endblock %}\n"
        "{% block nowhere %}x{% endblock %}",
    )
    explanation = explain(environment.get_template("page"))
    page, middle, base = explanation.templates
    assert [each.name for each in explanation.templates] == ["page", "middle", "base"]
    assert texts(page, "extends") == [(1, "`middle` writes what is around the blocks")]
    assert texts(page, "block") == [
        (2, "block `a`: overrides `middle`, line 2, where it is shown"),
        (3, "block `nowhere`: is not shown, as no template that is extended has it"),
    ]
    assert texts(middle, "block") == [
        (2, "block `a`: overridden by `page`, line 2, which calls `super()`")
    ]
    assert texts(base, "block") == [
        (1, "block `a`: overridden by `middle`, line 2, and never shown"),
        (2, "block `b`"),
    ]
    assert environment.get_template("page").render() == "<middlepage>\n<b>"


def test_what_captures_a_block_in_the_base_is_said_of_the_block() -> None:
    environment = environment_of(
        base="{% filter upper %}\n{% block a %}{% endblock %}\n{% endfilter %}",
        page=f"{{% extends 'base' %}}\n{{% block a %}}\n{MACRO}{{{{ m(rows) }}}}\n"
        "{% block inner %}\n" + LOOP + "\n{% endblock %}\n{% flush %}{% endblock %}",
    )
    template = environment.get_template("page")
    page, base = explain(template).templates
    filtered = "it is written into `{% filter %}` of line 1 in `base`"
    assert [text.endswith(filtered) for _, text in texts(page, "block")] == [True, True]
    assert texts(page, "stream") == [
        (3, f"`m()` {filtered.removeprefix('it ')}, while it still runs")
    ]
    assert texts(page, "cut") == []
    assert texts(page, "flush") == [
        (7, "does nothing: `{% filter %}` of line 1 in `base` captures it")
    ]
    assert [each.line for each in base.held] == [1]
    assert texts(base, "block") == [
        (
            2,
            "block `a`: overridden by `page`, line 2, and never shown;"
            " what is shown for it is written into `{% filter %}` of line 1",
        )
    ]
    (whole,) = [each for each in events(template) if "[" in each]
    assert "[0][1][2][3]" in whole


def test_text_outside_of_blocks_is_not_shown() -> None:
    environment = environment_of(
        base="base", page="{% extends 'base' %}\n\nseen by nobody\n{% flush %}"
    )
    template = environment.get_template("page")
    page = explain(template).page
    assert [line for line, _ in texts(page, "unseen")] == [3]
    assert texts(page, "flush") == [
        (4, "does nothing: it stands outside of the blocks of a template that extends another one")
    ]
    assert template.render() == "base"


def test_a_base_that_only_the_run_knows() -> None:
    environment = environment_of(base="({% block a %}{% endblock %})")
    template = environment.from_string("{% extends base %}\n{% block a %}a{% endblock %}")
    explanation = explain(template)
    assert texts(explanation.page, "extends") == [(1, "the run knows which template `base` names")]
    assert texts(explanation.page, "block") == [(2, "block `a`")]


@pytest.mark.parametrize("extends", [True, False])
def test_a_base_that_may_be_extended(extends: bool) -> None:
    environment = environment_of(base="base")
    template = environment.from_string("{% if x %}{% extends 'base' %}{% endif %}\n{{ y }}")
    assert texts(explain(template).page, "run") == [
        (2, "written at once, when its values are known, unless another template is extended")
    ]
    assert ("page" in template.render(x=extends, y="page")) == (not extends)


def test_a_template_that_extends_itself_is_left_alone() -> None:
    template = environment_of(page="{% extends 'page' %}").get_template("page")
    assert [each.name for each in explain(template).templates] == ["page"]


# -- other templates


def test_other_templates_of_the_page_are_explained_with_it() -> None:
    environment = environment_of(
        page="{% include 'part' %}{% import 'lib' as lib %}{% include ['gone', 'part'] %}",
        part="{% include 'deeper' %}",
        deeper="{% set x %}" + LOOP + "{% endset %}",
        lib=MACRO,
    )
    explanation = explain(environment.get_template("page"))
    assert [each.name for each in explanation.templates] == ["page", "part", "lib", "deeper"]
    ((template, held),) = explanation.held
    assert (template.name, held.line) == ("deeper", 1)
    assert texts(explanation.page, "include") == [
        (1, "`part` streams"),
        (1, "the first of `gone`, `part` streams"),
    ]


def test_an_include_without_context_is_rendered_once() -> None:
    calls: list[int] = []
    environment = environment_of(part="{{ called() }}")

    def called() -> str:
        calls.append(1)
        return "x"

    environment.globals["called"] = called
    template = environment.from_string("{% include 'part' without context %}")
    assert texts(explain(template).page, "include") == [
        (1, "`part` is rendered as a whole when it is first included here, and kept")
    ]
    assert [template.render(), template.render(), len(calls)] == ["x", "x", 1]


# -- what only the run knows


@pytest.mark.parametrize("is_macro", [True, False])
def test_a_call_of_nobody_knows_what(is_macro: bool) -> None:
    environment = StreamEnvironment()
    template = environment.from_string("{{ f(rows) }}")
    assert texts(explain(template).page, "stream") == [
        (1, "`f()` streams if it is a macro; else its value is a part of the run")
    ]
    library: Any = environment.from_string(MACRO).module
    trace = Trace()

    def function(rows: Any) -> str:
        return "".join(f"[{row}]" for row in rows)

    variables = {"rows": trace.rows(SYNC, ROWS), "f": library.m if is_macro else function}
    with render_stream(template, variables, chunk_size=0) as chunks:
        assert next(chunks) == ("[0]" if is_macro else "[0][1][2][3]")


def test_a_macro_of_a_variable_in_an_expression() -> None:
    template = StreamEnvironment().from_string("{{ f()|upper }}")
    assert texts(explain(template).page, "value") == [
        (1, "`f()` is captured if it is a macro: `|upper` needs it as a whole")
    ]
    assert explain(template).held == ()


def test_functions_of_the_environment_are_not_spoken_of() -> None:
    environment = StreamEnvironment(extensions=["jinja2.ext.i18n"])
    environment.globals["url_for"] = str
    template = environment.from_string(
        "{{ url_for('x') }}{{ url_for('x')|e }}{% trans %}t{% endtrans %}{{ ', '.join(x) }}"
    )
    assert {each.kind for each in explain(template).page.statements} == {"run"}


SMALL = [
    "{% macro m() %}<b>{{ x }}</b>{% endmacro %}{{ m()|safe }}",
    "{% set title %}Shop of {{ name }}{% endset %}{{ title }}",
    "{% filter trim %} {% if x %}x{% endif %} {% endfilter %}",
    "{% macro m() %}{% for x in [1, 2] %}{{ x }}{% endfor %}{% endmacro %}{{ m() ~ '' }}",
]


@pytest.mark.parametrize("page", SMALL)
def test_what_is_short_is_captured_and_not_held_against_the_template(page: str) -> None:
    explanation = explain(StreamEnvironment().from_string(page))
    ((_, text),) = texts(explanation.page, "capture")
    assert text.endswith("nothing in it takes long: it has no loop, block or other template")
    assert explanation.held == ()


def test_a_macro_that_calls_itself() -> None:
    page = "{% macro m(x) %}{% if x %}{{ m(x - 1) }}{% endif %}{% endmacro %}{{ m(3)|upper }}"
    assert len(explain(StreamEnvironment().from_string(page)).held) == 1


# -- regions


def test_regions_leave_as_a_whole() -> None:
    page = (
        "<head>\n{% defer group='side' %}\n"
        + LOOP
        + "{{ m(rows)|upper }}\n"
        + MACRO
        + "{% placeholder %}\n{% if true %}...{% endif %}\n"
        "{% error %}gone{% enddefer %}\n<foot>"
    )
    template = StreamEnvironment().from_string(page)
    explained = explain(template)
    ((line, text),) = texts(explained.page, "region")
    assert line == 2
    assert text.startswith("a region of the group 'side': it leaves as a whole, behind the")
    assert text.endswith("if it fails, `{% error %}` is shown")
    assert [line for line, _ in texts(explained.page, "cut")] == [5, 6]
    assert explained.held == ()
    page = page.replace("{{ m(rows)|upper }}", "")
    happened = events(StreamEnvironment().from_string(page))
    head = happened.index("<head>\n")
    foot = next(number for number, each in enumerate(happened) if "<foot>" in each)
    assert head < foot < happened.index(ROWS[0])
    assert [each for each in happened if "[0]" in each] == [happened[-1]]
    assert "[0][1][2][3]" in happened[-1]


def test_regions_are_named_by_their_response() -> None:
    page = "{% defer %}a{% enddefer %}{% defer %}b{% enddefer %}"
    text = "".join(render_stream(StreamEnvironment().from_string(page), {}))
    (first, second) = re.findall(r'<\?start name="([^"]*)">', text)
    assert (first[10:], second[10:]) == ("0", "1")
    assert first[:10] == second[:10]


def test_a_boundary_leaves_as_a_whole() -> None:
    page = f"a{{% boundary %}}{LOOP}{{% flush %}}{{% fallback %}}x{{% endboundary %}}"
    template = StreamEnvironment().from_string(page)
    page_of = explain(template).page
    assert texts(page_of, "boundary") == [(1, "leaves as a whole, or its fallback does")]
    assert texts(page_of, "flush") == [(1, "does nothing: what is around it leaves as a whole")]
    assert events(template) == ["a", *ROWS, "[0][1][2][3]"]


# -- how much is captured, of blocks


@pytest.mark.parametrize(("body", "is_held"), [(LOOP, True), ("Title", False)])
def test_a_block_of_the_page_counts_where_the_base_captures_it(body: str, is_held: bool) -> None:
    environment = environment_of(
        base="<{% block a %}{% endblock %}{{ self.a()|trim }}>",
        page=f"{{% extends 'base' %}}{{% block a %}}{body}{{% endblock %}}",
    )
    held = explain(environment.get_template("page")).held
    assert [template.name for template, _ in held] == ["base"] * is_held


@pytest.mark.parametrize(("body", "is_held"), [(LOOP, True), ("Title", False)])
def test_a_block_of_the_base_counts_where_the_page_captures_it(body: str, is_held: bool) -> None:
    environment = environment_of(
        base=f"{{% block a %}}{body}{{% endblock %}}",
        page="{% extends 'base' %}{% block a %}{{ super() ~ '!' }}{% endblock %}",
    )
    held = explain(environment.get_template("page")).held
    assert [template.name for template, _ in held] == ["page"] * is_held


def test_bases_that_stand_there_are_looked_at() -> None:
    environment = environment_of(
        one="{% filter upper %}{% block a %}{% endblock %}{% endfilter %}",
        two="{% block a %}{% endblock %}",
    )
    page = "{% extends 'one' if x else 'two' %}{% block a %}" + LOOP + "{% endblock %}"
    explanation = explain(environment.from_string(page))
    assert [each.name for each in explanation.templates] == [None, "one", "two"]
    assert [template.name for template, _ in explanation.held] == ["one"]


def test_a_macro_that_is_defined_in_either_branch() -> None:
    page = (
        "{% if x %}{% macro m() %}" + LOOP + "{% endmacro %}"
        "{% else %}{% macro m() %}{% endmacro %}{% endif %}\n{{ m()|upper }}"
    )
    ((_, statement),) = explain(StreamEnvironment().from_string(page)).held
    assert statement.line == 2
