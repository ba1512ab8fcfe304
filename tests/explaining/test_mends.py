"""What is said to write instead: it gives the same bytes, and is nothing that fails."""

from __future__ import annotations

from typing import Any

import pytest
from jinja2 import DictLoader

from streamtmpl import StreamEnvironment, explain

MACRO = "{% macro m() %}{% for row in rows %}<b>{{ row }}</b>{% endfor %}{% endmacro %}"


def mends(source: str, **options: Any) -> list[str | None]:
    template = StreamEnvironment(**options).from_string(source)
    return [each.mend for _, each in explain(template, lazy=["rows"]).held]


@pytest.mark.parametrize("name", ["e", "escape"])
@pytest.mark.parametrize(
    "source", [MACRO + "{{ m()|NAME }}", "{% filter NAME %}{{ m() }}{% endfilter %}"]
)
def test_escaping_is_needless_only_where_it_is_done_already(source: str, name: str) -> None:
    source = MACRO + source.replace("NAME", name)
    without = MACRO + "{{ m() }}"
    for escapes in (True, False):
        env, rows = StreamEnvironment(autoescape=escapes), {"rows": ["&"]}
        is_same = env.from_string(source).render(rows) == env.from_string(without).render(rows)
        assert is_same == escapes
        [mend] = mends(source, autoescape=escapes)
        assert (mend == f"leave `|{name}` out: the text of a template is safe already") == escapes


def test_escaping_that_only_the_run_knows() -> None:
    [mend] = mends(MACRO + "{% autoescape x %}{{ m()|e }}{% endautoescape %}", autoescape=True)
    assert mend == "apply the filter inside the macro, to the values"


@pytest.mark.parametrize(
    ("source", "mend"),
    [
        ("{% for row in rows|list %}{{ row }}{% endfor %}", "leave `|list` out"),
        ("{{ rows|list|join }}", "leave `|list` out"),
        ("{{ rows|list|length }}", "have what gives `rows` tell it"),
        ("{{ rows|list|last }}", "have what gives `rows` tell it"),
        ("{% set all = rows|list %}{{ all }}", "loop over `rows` itself, if once is enough"),
    ],
)
def test_a_list_is_left_out_only_where_an_iterator_does(source: str, mend: str) -> None:
    assert mend in mends(source)
    without = StreamEnvironment().from_string(source.replace("|list", ""))
    if mend.startswith("leave"):
        assert without.render(rows=iter("abc")) == "abc"


def test_a_default_of_what_always_is_text() -> None:
    assert mends(MACRO + "{{ m()|default('-', true) }}") == [
        "ask what it is made of rather than its text"
    ]


def test_a_template_that_is_extended_under_a_condition() -> None:
    loader = DictLoader({"base": "({% block b %}{% endblock %})"})
    env = StreamEnvironment(loader=loader)
    template = env.from_string(
        "{% if x %}{% extends 'base' %}{% endif %}{% block b %}b{% endblock %}"
    )
    assert (template.render(x=True), template.render(x=False)) == ("(b)", "b")
    [extends] = [each for each in explain(template).page.statements if each.kind == "extends"]
    assert extends.text == "if this is reached, `base` writes what is around the blocks"


@pytest.mark.parametrize(
    "around",
    [
        "{% defer %}@{% enddefer %}",
        "{% boundary %}@{% endboundary %}",
        "{% macro c() %}{{ caller() }}{% endmacro %}{% filter upper %}{% call c() %}@{% endcall %}"
        "{% endfilter %}",
    ],
)
@pytest.mark.parametrize(
    "inside",
    [
        "{% for row in rows|sort %}{{ row }}{% endfor %}",
        "{% for row in rows %}{{ row }}{{ loop.last }}{% endfor %}",
        "{{ rows|join }}",
    ],
)
def test_what_leaves_as_a_whole_leaves_no_later_for_reading_ahead(around: str, inside: str) -> None:
    template = StreamEnvironment().from_string(around.replace("@", inside))
    said = explain(template, lazy=["rows"]).page.statements
    ahead = [each for each in said if each.kind == "ahead"]
    assert ahead
    assert not [each for each in ahead if each.mend or "leaves one pull later" in each.text]


def test_a_list_that_is_handed_on() -> None:
    source = "{% macro m(r) %}{% for a in r %}{{ a }}{% endfor %}{% endmacro %}{{ m(rows|list) }}"
    assert mends(source) == ["loop over `rows` itself, if once is enough"]


@pytest.mark.parametrize(
    "source",
    [
        "{{ rows|shout }}",
        "{% for row in rows|shout %}{{ row }}{% endfor %}",
        "{% set x = rows|shout(1) %}",
        "{{ rows|map('upper')|shout|join }}",
        "{{ (rows|shout)[0] }}",
    ],
)
def test_a_filter_of_the_application_gets_what_is_lazy(source: str) -> None:
    env = StreamEnvironment()
    env.filters["shout"] = sorted
    said = explain(env.from_string(source), lazy=["rows"]).page.statements
    text = "`|shout`, which is not Jinja2's, may read all of `rows`"
    assert [each.text for each in said if "|shout`, which" in each.text] == [text]
    said = explain(env.from_string(source)).page.statements
    assert not [each for each in said if "|shout`, which" in each.text]
