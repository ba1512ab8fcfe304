"""The sandbox refuses what Jinja2's refuses."""

from __future__ import annotations

from typing import Any

import pytest
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedEnvironment

from streamtmpl import SandboxedStreamEnvironment

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
            "f": altering,
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
