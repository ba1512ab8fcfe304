"""enable_streaming() gives a plain environment of Jinja2's what ours have."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import jinja2
import pytest
from jinja2.compiler import CodeGenerator
from jinja2.exceptions import SecurityError
from jinja2.nativetypes import NativeEnvironment
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedEnvironment

from streamtmpl import (
    NotStreamingError,
    SandboxedStreamEnvironment,
    StreamEnvironment,
    enable_streaming,
    render_stream,
)
from streamtmpl.compiler import StreamCodeGenerator

from .renderings import LOOP, chunks, renderings


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
    assert set(renderings(environment.from_string(LOOP), {"rows": [1]})) == {"<1>"}
    with pytest.raises(SecurityError):
        chunks(environment.from_string("{{ x.__class__.mro() }}"), {"x": 1})


def test_enabling_an_async_environment() -> None:
    environment = enable_streaming(jinja2.Environment(enable_async=True))
    assert set(renderings(environment.from_string(LOOP), {"rows": [1]})) == {"<1>"}


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
    assert set(renderings(environment.from_string(LOOP), {"rows": [1]})) == {"<1>"}


@pytest.mark.parametrize("wrong", [None, "x", jinja2.Environment, object()])
def test_enabling_something_else(wrong: Any) -> None:
    with pytest.raises(NotStreamingError, match=r"jinja2\.Environment"):
        enable_streaming(wrong)


class _Compiling(jinja2.Environment):
    """As dbt's: it sees what is compiled, and gives it another file name."""

    max_deferred = 3
    patch_script = "/patch.js"
    compiled: list[str]

    def _compile(self, source: str, filename: str) -> Any:
        self.compiled.append(source)
        return super()._compile(source, "theirs.html")


class _CompilingSandbox(_Compiling, SandboxedEnvironment):
    pass


@pytest.mark.parametrize("kind", [_Compiling, _CompilingSandbox])
def test_what_the_class_has_of_its_own_stays(kind: Any) -> None:
    environment: Any = kind()
    environment.compiled = []
    enable_streaming(environment)
    template = environment.from_string(LOOP)
    assert set(renderings(template, {"rows": [1]})) == {"<1>"}
    assert len(environment.compiled) == 1
    assert template.filename == "theirs.html"
    code = template._code
    assert code.co_filename.startswith("<streamtmpl theirs.html")
    assert (environment.max_deferred, environment.patch_script) == (3, "/patch.js")


@pytest.mark.usefixtures("often_in_turn")
def test_enabling_in_many_threads_at_once() -> None:
    with ThreadPoolExecutor(4) as threads:
        for _ in range(60):
            kind = type("Own", (jinja2.Environment,), {})
            environment = kind()
            everybody = Barrier(4)

            def enable(environment: Any = environment, everybody: Barrier = everybody) -> Any:
                everybody.wait()
                return type(enable_streaming(environment, chunk_size=5)), environment.chunk_size

            found = {each.result() for each in [threads.submit(enable) for _ in range(4)]}
            assert found == {(type(environment), 5)}
