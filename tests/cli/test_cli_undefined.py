"""Undefined values that are shown: one warning for each, or an error; the output is Jinja2's."""

from pathlib import Path

import jinja2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamtmpl import StreamEnvironment
from streamtmpl.cli import main
from streamtmpl.cli.undefined import Shown, reporting_undefined
from streamtmpl.compiler.traits import traits


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def warn(capfd):
    """Render ``page.html``, made of the given text; return the status, output and warnings."""

    def warn(text, *arguments, **others):
        for name, content in {"page": text, **others}.items():
            Path(f"{name}.html").write_text(content, encoding="utf-8")
        status = main(["render", "page.html", *arguments])
        written, messages = capfd.readouterr()
        return (
            status,
            written,
            [line.removeprefix("streamtmpl: ") for line in messages.split("\n")][:-1],
        )

    return warn


EACH = "{% for r in rows %}\n{{ r.customer }}|{{ r.custmer }};{% endfor %}"
MISSING = "'dict object' has no attribute 'custmer'"


def test_misspelt_column(warn):
    Path("r.csv").write_text("customer\nAda\nBob\n")
    warning = f"warning: page.html:2: {MISSING}: shown as nothing 2 times"
    assert warn(EACH, "--rows", "r.csv") == (0, "\nAda|;\nBob|;", [warning])


def test_forgotten_rows(warn):
    assert warn(EACH) == (
        0,
        "",
        ["warning: page.html:1: 'rows' is undefined: shown as nothing once"],
    )


def test_strict_is_an_error_and_leaves_the_output(warn):
    Path("out").write_text("old")
    expected = (1, "", ["error: page.html:1: 'rows' is undefined"])
    assert warn(EACH, "--strict", "--output", "out") == expected
    assert Path("out").read_text() == "old"


@pytest.mark.parametrize(
    "text",
    [
        "a\n{% boundary %}{{ n }}{% fallback %}instead{% endboundary %}",
        "a\n{% defer %}{{ n }}{% enddefer %}",
        "a\n{% defer %}{{ n }}{% error %}instead{% enddefer %}",
    ],
)
def test_strict_sees_into_what_would_hide_it(warn, text):
    status, written, messages = warn(text, "--strict", "--output", "out")
    assert (status, written) == (1, "")
    assert messages[-1] == "error: page.html:2: 'n' is undefined"
    assert not Path("out").exists()


def test_one_line_for_each_names_all_places(warn):
    text = "{% import 'lib.html' as lib %}\n{{ n }}{{ n }}\n{{ lib.m() }}{{ other }}"
    text += "{% include 'part.html' %}"
    others = {"lib": "{% macro m() %}\n{{ n }}{% endmacro %}", "part": "\n\n{{ n }}"}
    assert warn(text, **others)[2] == [
        "warning: page.html:2: 'n' is undefined: shown as nothing 4 times, also at lib.html:2, "
        "part.html:3",
        "warning: page.html:3: 'other' is undefined: shown as nothing once",
    ]


def test_many_places_and_many_names_are_summed_up(warn):
    text = "{{ n }}\n" * 9 + "{% for i in range(1000) %}{{ {}[i] }}{% endfor %}"
    messages = warn(text)[2]
    assert messages[0].endswith(
        "9 times, also at page.html:2, page.html:3, page.html:4, 5 more places"
    )
    assert messages[-1].endswith("page.html: other undefined values: shown as nothing 901 times")
    assert len(messages) == 101


def test_value_in_a_region_is_reported_like_any_other(warn):
    warning = "warning: page.html:1: 'n' is undefined: shown as nothing once"
    assert warn("{% defer %}{{ n }}{% enddefer %}") == (0, "", [warning])


def test_warnings_come_before_an_error(warn):
    status, _, messages = warn("{{ n }}{{ 1 // 0 }}")
    assert status == 1
    assert [line.split(":")[0] for line in messages] == ["warning", "error"]


SHOWS = [
    *("{{ n }}", "{{ x.n }}", "{{ x['n'] }}", "{{ l[5] }}", "{{ n ~ 'a' }}", "{{ n|upper }}"),
    *(
        "{% for a in n %}{% endfor %}",
        "{{ n|list }}",
        "{{ n|join }}",
        "{{ n|length }}",
        "{{ n|e }}",
    ),
    *("{{ '%s'|format(n) }}", "{{ n|safe }}", "{{ [n]|join }}", "{{ 1 in n }}"),
    *("{% macro m(a) %}{{ a }}{% endmacro %}{{ m() }}", "{% set a = n %}{{ a }}", "{{ n|string }}"),
    *("{% for a in n %}{{ loop.length }}{% endfor %}", "{% set a %}{{ n }}{% endset %}{{ a }}"),
    *("{% filter upper %}{{ n }}{% endfilter %}", "{% for a in n|sort %}{% endfor %}"),
]
ASKS = [
    *("{% if n %}a{% endif %}", "{{ n is defined }}", "{{ n|default('d') }}", "{{ n or 'd' }}"),
    *("{{ x.n|default }}", "{{ n == 1 }}{{ n != n }}", "{{ not n }}", "{{ 'a' if n else 'b' }}"),
    *("{{ n|default('d', true) }}", "{{ n is iterable }}", "{{ n in [1] }}", "{% set a = n %}"),
    *("{{ n == ('a' if 0) }}{{ ('a' if 0) == n }}", "{{ {n: 1}[n] }}", "{{ n|pprint }}"),
    "{{ (x.a.b is defined) if x.a else '' }}",
]
CONTEXT: dict = {"x": {}, "l": []}


def rendered(text, strict=False, escapes=True):
    """The text, or the error, and the messages."""
    shown = Shown("page")
    environment = StreamEnvironment(
        undefined=reporting_undefined(shown, strict), autoescape=escapes
    )
    try:
        return environment.from_string(text).render(CONTEXT), list(shown.messages())
    except jinja2.UndefinedError as error:
        return error, list(shown.messages())


def plainly(text, escapes=True):
    return StreamEnvironment(autoescape=escapes).from_string(text).render(CONTEXT)


@pytest.mark.parametrize("text", SHOWS)
def test_what_shows_counts_once_and_strictly_fails(text):
    output, messages = rendered(text)
    assert output == plainly(text)
    assert len(messages) == 1
    assert messages[0].endswith(": shown as nothing once")
    assert isinstance(rendered(text, strict=True)[0], jinja2.UndefinedError)


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("text", ASKS)
def test_what_only_asks_is_not_shown(text, strict):
    assert rendered(text, strict) == (plainly(text), [])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(SHOWS + ASKS), max_size=5), st.booleans())
def test_output_is_that_of_jinja2_and_strict_fails_where_there_are_warnings(parts, escapes):
    text = "\n".join(parts)
    output, messages = rendered(text, escapes=escapes)
    assert output == plainly(text, escapes)
    failed = isinstance(rendered(text, strict=True, escapes=escapes)[0], jinja2.UndefinedError)
    assert failed is bool(messages)


def test_generated_code_is_that_of_jinja2s_class():
    """So that templates without mistakes are as fast."""
    reporting = StreamEnvironment(undefined=reporting_undefined(Shown("page"), False))
    assert traits(reporting) == traits(StreamEnvironment())
