"""StreamEnvironment and its kin: drop-ins for Jinja2's own environments."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2
import jinja2.ext
import pytest
from jinja2 import nodes
from jinja2.runtime import Undefined
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup

from streamtmpl import (
    SandboxedStreamEnvironment,
    StreamEnvironment,
    StreamTemplate,
    enable_streaming,
    render_stream,
)

from .renderings import LOOP, assert_same, chunks, renderings

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
    assert set(renderings(overlay.from_string(LOOP), {"rows": [1]})) == {"<1>"}


# -- from_string, compile_expression, Template


def test_from_string() -> None:
    template = StreamEnvironment().from_string("{{ a }}{{ b }}", globals={"b": 2})
    assert isinstance(template, StreamTemplate)
    assert set(renderings(template, {"a": 1})) == {"12"}
    tree = nodes.Template([nodes.Output([nodes.TemplateData("hand-made")])], lineno=1)
    assert StreamEnvironment().from_string(tree).render() == "hand-made"


class Own(StreamTemplate):
    """A template class of the user's."""


class Marking(StreamTemplate):
    """Adds to the variables that it is handed."""

    def new_context(self, vars: Any = None, *args: Any, **kwargs: Any) -> Any:
        vars["mark"] = "!"
        return super().new_context(vars, *args, **kwargs)


@pytest.mark.parametrize(
    "render", [StreamTemplate.render, lambda made, given: made.generate(given)]
)
def test_the_variables_that_are_given_stay_as_they_are(render: Callable[..., Any]) -> None:
    template = StreamEnvironment().from_string("{{ x }}{{ mark }}", template_class=Marking)
    given = {"x": 1}
    assert "".join(render(template, given)) == "1!"
    assert given == {"x": 1}


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
    assert set(renderings(template, context)) == {plain.render(context)}
    assert chunks(template, context) == ["<1>", "<2>", "&lt;"]
    assert isinstance(template.environment, StreamEnvironment)
    assert StreamTemplate("[[ x ]]", "{%", "%}", "[[", "]]").render(x=1) == "1"
    again = StreamTemplate("{{ x }}", autoescape=True)
    assert again.environment is template.environment
    with pytest.raises(jinja2.TemplateSyntaxError):
        StreamTemplate("{% if %}")


def test_template_used_directly_async() -> None:
    assert set(renderings(StreamTemplate(LOOP, enable_async=True), {"rows": [1, 2]})) == {"<1><2>"}


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
    assert set(renderings(template, {"x": 42})) == {"x=42y"}


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
