"""What is said about constructs, and what a render of each shows: when its rows have arrived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jinja2
import pytest
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.runtime import Context

from streamtmpl import (
    SandboxedStreamEnvironment,
    StreamEnvironment,
    explain,
    render_stream,
    render_stream_async,
)
from tests.support.loops import run
from tests.support.tracing import (
    ASYNC_SOURCES,
    SYNC,
    Kind,
    Trace,
    assert_captured,
    assert_streamed,
)

ROWS = ["0", "1", "2", "3"]
LOOP = "{% for row in rows %}[{{ row }}]{% endfor %}"
MACRO = f"{{% macro m(rows) %}}{LOOP}{{% endmacro %}}\n"
SMALL = "{% macro small() %}x{% endmacro %}\n"
CALLS = "{% macro calls() %}{{ caller() }}{% endmacro %}\n"
HEAD = "{% if true %}HEAD{% endif %}\n"


class Cache(Extension):
    """A tag that wants the text of its body, as caches do."""

    tags = {"cache"}  # noqa: RUF012 - Jinja2 declares the attribute as a plain set

    def parse(self, parser: Parser) -> nodes.Node:
        lineno = next(parser.stream).lineno
        body = parser.parse_statements(("name:endcache",), drop_needle=True)
        return nodes.CallBlock(self.call_method("_kept"), [], [], body).set_lineno(lineno)

    def _kept(self, caller: Any) -> Any:
        return caller()


class Calling(Context):
    """A context that calls in a way of its own."""

    def call(self, *args: Any, **kwargs: Any) -> Any:
        return super().call(*args, **kwargs)


def joined(pieces: Any) -> str:
    return "".join(pieces)


class Joining(StreamEnvironment):
    concat = staticmethod(joined)


class CallingEnvironment(StreamEnvironment):
    context_class = Calling


class Sandbox(SandboxedStreamEnvironment):
    """A sandbox that calls in a way of its own."""

    def call(self, *args: Any, **kwargs: Any) -> Any:
        return super().call(*args, **kwargs)


@dataclass(frozen=True)
class Construct:
    """A page with rows, and what is said of it.

    :ivar why: a part of the statement that says why its rows are captured; empty: they stream.
    :ivar mend: a part of what is to be done, if anything can be.
    """

    page: str
    why: str = ""
    mend: str = ""
    others: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    kind: type[Any] = StreamEnvironment

    def environment(self, *, is_async: bool = False) -> Any:
        extensions = ["jinja2.ext.do", "jinja2.ext.i18n", "jinja2.ext.loopcontrols", Cache]
        loader = jinja2.DictLoader({"main": self.page, **self.others})
        environment = self.kind(
            loader=loader, extensions=extensions, enable_async=is_async, **self.options
        )

        def render_partial(name: str, **variables: Any) -> Any:
            part = environment.get_template(name)
            return (part.render_async if is_async else part.render)(**variables)

        environment.globals["render_partial"] = render_partial
        environment.install_null_translations(newstyle=True)
        return environment


BASE = f"({{% block b %}}{LOOP}{{% endblock %}})"
INLINE = "write it as a statement: `{% if x %}{{ m() }}{% endif %}`"
ITEMS = "write what stands between"

CONSTRUCTS = {
    # what streams
    "loop": Construct(LOOP),
    "if": Construct(f"{{% if x %}}{LOOP}{{% endif %}}"),
    "with": Construct(f"{{% with a = 1 %}}{LOOP}{{% endwith %}}"),
    "macro": Construct(MACRO + "{{ m(rows) }}"),
    "macro with varargs": Construct(
        "{% macro v() %}{% for row in varargs[0] %}[{{ row }}]{% endfor %}{% endmacro %}"
        "{{ v(rows) }}"
    ),
    "macro with kwargs": Construct(
        "{% macro v() %}{% for row in kwargs.it %}[{{ row }}]{% endfor %}{% endmacro %}"
        "{{ v(it=rows) }}"
    ),
    "imported macro": Construct("{% from 'lib' import m %}{{ m(rows) }}", others={"lib": MACRO}),
    "macro of a module": Construct(
        "{% import 'lib' as lib %}{{ lib.m(rows) }}", others={"lib": MACRO}
    ),
    "macro of a module, with context": Construct(
        "{% import 'lib' as lib with context %}{{ lib.m(rows) }}", others={"lib": MACRO}
    ),
    "macro imported with context": Construct(
        "{% from 'lib' import m with context %}{{ m(rows) }}", others={"lib": MACRO}
    ),
    "call block": Construct(CALLS + f"{{% call calls() %}}{LOOP}{{% endcall %}}"),
    "block": Construct(f"{{% block b %}}{LOOP}{{% endblock %}}"),
    "inherited block": Construct(
        f"{{% extends 'base' %}}{{% block b %}}{LOOP}{{% endblock %}}", others={"base": BASE}
    ),
    "super": Construct(
        "{% extends 'base' %}{% block b %}<{{ super() }}>{% endblock %}", others={"base": BASE}
    ),
    "self": Construct(
        f"{{% if not x %}}{{% block b %}}{LOOP}{{% endblock %}}{{% endif %}}{{{{ self.b() }}}}"
    ),
    "recursive loop": Construct(
        "{% for row in [rows] recursive %}{% if row is string %}[{{ row }}]"
        "{% else %}{{ loop(row) }}{% endif %}{% endfor %}"
    ),
    "include": Construct("{% include 'part' %}", others={"part": LOOP}),
    "autoescape": Construct(
        MACRO + "{% autoescape false %}{{ m(rows) }}{% endautoescape %}",
        options={"autoescape": True},
    ),
    "autoescape that only the run knows": Construct(
        MACRO + "{% autoescape x %}{{ m(rows) }}{% endautoescape %}"
    ),
    # what is captured
    "filter": Construct(MACRO + "{{ m(rows)|upper }}", "`|upper` needs it", "inside the macro"),
    "safe": Construct(MACRO + "{{ m(rows)|safe }}", "`|safe` needs it", "leave `|safe` out"),
    "filter of a filter": Construct(MACRO + "{{ m(rows)|trim|upper }}", "`|trim`", "white space"),
    "joined": Construct(MACRO + "{{ m(rows) ~ '!' }}", "joined", "`{{ m() }}` and then the rest"),
    "added": Construct(MACRO + "{{ m(rows) + '!' }}", "joined", "`{{ m() }}` and then the rest"),
    "branch": Construct(MACRO + "{{ m(rows) if x }}", "inline `if`", INLINE),
    "else branch": Construct(
        MACRO + SMALL + "{{ small() if not x else m(rows) }}", "inline `if`", "as a statement"
    ),
    "list": Construct(MACRO + "{{ [m(rows)]|join }}", "put into a list", "`{{ m() }}`"),
    "argument": Construct(
        MACRO + "{% macro p(t) %}{{ t }}{% endmacro %}{{ p(m(rows)) }}", "argument of `p`", "call"
    ),
    "or": Construct(MACRO + "{{ m(rows) or '-' }}", "tested", "test what it is made of"),
    "set": Construct(MACRO + "{% set x = m(rows) %}{{ x }}", "keeps it in `x`", "`{{ m() }}`"),
    "with value": Construct(
        MACRO + "{% with t = m(rows) %}{{ t }}{% endwith %}", "`{% with %}` keeps it", "{{ m() }}"
    ),
    "test": Construct(
        MACRO + "{% if m(rows) %}[0]{% endif %}", "`{% if %}` tests it", "test what it is made of"
    ),
    "do": Construct(MACRO + "{% do m(rows) %}", "its text goes nowhere"),
    "set block": Construct(
        f"{{% set x %}}{LOOP}{{% endset %}}{{{{ x }}}}", "keeps it in `x`", "`{% macro x() %}`"
    ),
    "set block in a macro": Construct(
        f"{{% macro m(rows) %}}{{% set x %}}{LOOP}{{% endset %}}{{{{ x }}}}{{% endmacro %}}"
        "{{ m(rows) }}",
        "keeps it in `x`",
        "`{% macro x() %}`",
    ),
    "filter block": Construct(
        f"{{% filter upper %}}{LOOP}{{% endfilter %}}",
        "`|upper` needs it",
        "apply the filter inside",
    ),
    "nested filter blocks": Construct(
        f"{{% filter upper %}}{{% filter trim %}}{LOOP}{{% endfilter %}}{{% endfilter %}}",
        "`|trim` needs it as a whole; so is `{% filter %}` of line 1 around it",
        "apply the filter inside",
    ),
    "macro in a filter block": Construct(
        MACRO + "{% filter upper %}{{ m(rows) }}{% endfilter %}", "`|upper`", "to the values"
    ),
    "include in a set block": Construct(
        "{% set x %}{% include 'part' %}{% endset %}{{ x }}",
        "keeps it in `x`",
        "`{% macro x() %}`",
        others={"part": LOOP},
    ),
    "caller": Construct(
        "{% macro c() %}{{ caller()|safe }}{% endmacro %}"
        f"{{% call c() %}}{LOOP}{{% endcall %}}",
        "`caller()` is captured",
        "leave `|safe` out",
    ),
    "super joined": Construct(
        "{% extends 'base' %}{% block b %}{{ super() ~ 'x' }}{% endblock %}",
        "`super()` is captured",
        "`{{ super() }}` and then the rest",
        others={"base": BASE},
    ),
    "self trimmed": Construct(
        f"{{% if not x %}}{{% block b %}}{LOOP}{{% endblock %}}{{% endif %}}"
        "{{ self.b()|trim }}",
        "`self.b()` is captured",
        "inside the block",
    ),
    "loop filtered": Construct(
        "{% for row in [rows] recursive %}{% if row is string %}[{{ row }}]"
        "{% else %}{{ loop(row)|upper }}{% endif %}{% endfor %}",
        "`loop()` is captured",
        "inside the loop",
    ),
    "translation": Construct(
        MACRO + "{% trans t=m(rows) %}{{ t }}{% endtrans %}", "puts it into the translation"
    ),
    "tag of an extension's": Construct(
        f"{{% cache %}}{LOOP}{{% endcache %}}", "of the tag 'cache'", "around less"
    ),
    "block in a filter block of the base": Construct(
        f"{{% extends 'base' %}}{{% block b %}}{LOOP}{{% endblock %}}",
        "`|upper` needs it",
        "apply the filter inside",
        others={"base": "{% filter upper %}{% block b %}{% endblock %}{% endfilter %}"},
    ),
    "finalize": Construct(
        MACRO + "{{ m(rows) }}", "`finalize`", "use a filter", options={"finalize": lambda x: x}
    ),
    "finalize, a call block": Construct(
        CALLS + f"{{% call calls() %}}{LOOP}{{% endcall %}}",
        "`finalize`",
        "use a filter",
        options={"finalize": lambda x: x},
    ),
    "concat": Construct(MACRO + "{{ m(rows) }}", "`concat`", "leave `concat`", kind=Joining),
    "call": Construct(
        MACRO + "{{ m(rows) }}", "context calls", "leave `call()`", kind=CallingEnvironment
    ),
    "function that renders": Construct(
        "{{ render_partial('part', rows=rows) }}",
        "`render_partial()` gives a string",
        "use `{% include %}`, which streams",
        others={"part": LOOP},
    ),
    "method that renders": Construct(
        "{{ part.render(rows=rows)|safe }}",
        "`part.render()` gives a string",
        "use `{% include %}`, which streams",
        others={"part": LOOP},
    ),
    "call of a sandbox": Construct(
        MACRO + "{{ m(rows) }}", "sandbox calls", "leave `call()`", kind=Sandbox
    ),
    "sandbox": Construct(MACRO + "{{ m(rows) }}", kind=SandboxedStreamEnvironment),
    "boundary": Construct(f"{{% boundary %}}{LOOP}{{% endboundary %}}", "leaves as a whole"),
    "loop that is read ahead": Construct(
        "{% for row in rows %}[{{ row }}]{{ loop.length }}{% endfor %}", "reads all of `rows`"
    ),
    "loop that is sorted": Construct(
        "{% for row in rows|sort %}[{{ row }}]{% endfor %}", "reads all of `rows`"
    ),
    "joined rows": Construct("[{{ rows|join('][') }}]", "reads all of `rows`"),
}
every_construct = pytest.mark.parametrize("construct", CONSTRUCTS.values(), ids=CONSTRUCTS)


def traced(construct: Construct, kind: Kind) -> Trace:
    """What happens when the page is rendered: pulls of rows, and chunks that arrive."""
    trace = Trace()
    environment = construct.environment(is_async=kind.async_environment)
    template = environment.get_template("main")
    part = environment.get_template("part") if "part" in construct.others else template
    variables = {"rows": trace.rows(kind, ROWS), "x": True, "part": part}

    async def consume() -> None:
        async for chunk in render_stream_async(template, variables, chunk_size=0):
            trace.note("got", chunk)

    if kind.async_stream:
        run(consume())
        return trace
    for chunk in render_stream(template, variables, chunk_size=0):
        trace.note("got", chunk)
    return trace


@every_construct
@pytest.mark.parametrize("kind", [SYNC, ASYNC_SOURCES], ids=lambda kind: kind.name)
def test_rows_arrive_as_it_is_said(construct: Construct, kind: Kind) -> None:
    if kind.async_sources and "|sort" in construct.page:
        pytest.skip("Jinja2 cannot sort what is async")
    if kind.async_sources and "part.render(" in construct.page:
        pytest.skip("render() cannot be called where an event loop runs")
    environment = construct.environment(is_async=kind.async_environment)
    explanation = explain(environment.get_template("main"), lazy=())
    said = [each for template in explanation.templates for each in template.statements]
    why = [each for each in said if each.kind in ("capture", "boundary", "ahead")]
    held = [each.mend for _, each in explanation.held]
    trace = traced(construct, kind)
    if construct.why:
        assert_captured(trace, ROWS)
        assert any(construct.why in each.text for each in why), why
    else:
        assert_streamed(trace, kind, ROWS)
        assert not why
    assert bool(held) == bool(construct.mend), held
    assert any(construct.mend in mend for mend in held if mend) or not construct.mend, held
