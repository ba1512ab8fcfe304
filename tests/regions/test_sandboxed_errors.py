"""What a sandboxed template sees of errors, and errors that no part of a page may swallow."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from jinja2 import StrictUndefined
from jinja2.exceptions import SecurityError

from streamtmpl import (
    SandboxedStreamEnvironment,
    StreamEnvironment,
    render_stream,
    render_stream_async,
)
from tests.support.patched import assembled

both = pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
TAGS = [
    "{% boundary %}BODY{% fallback %}SHOWN{% endboundary %}",
    "{% defer %}BODY{% error %}SHOWN{% enddefer %}",
]


class Settings:
    SECRET_KEY = "the secret"


class Telling(Exception):
    """An error of a library that refers to what it was doing."""

    def __init__(self) -> None:
        super().__init__("no luck")
        self.request = self.params = self.obj = Settings()


def fail() -> None:
    raise Telling


def theme(name: str) -> Any:
    return getattr(Settings(), name)


def rendered(template: Any, context: dict[str, Any], **options: Any) -> str:
    if not template.environment.is_async:
        return assembled("".join(render_stream(template, context, **options)))

    async def collect() -> str:
        stream = render_stream_async(template, context, **options)
        return "".join([chunk async for chunk in stream])

    return assembled(asyncio.run(collect()))


@both
@pytest.mark.parametrize("deferred", ["patch", "in-order"])
@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("body", ["{{ theme('x') }}", "{{ fail() }}", "{{ missing.x }}"])
@pytest.mark.parametrize(
    "attribute",
    [
        "obj",
        "request",
        "params",
        "name",
        "args",
        "source",
        "filename",
        "with_traceback",
        "__cause__",
    ],
)
def test_nothing_that_an_error_refers_to_is_reached(
    attribute: str, body: str, tag: str, deferred: Any, is_async: bool
) -> None:
    environment = SandboxedStreamEnvironment(enable_async=is_async, undefined=StrictUndefined)
    reached = f"{{{{ error.{attribute} is defined }}}}"
    if attribute.startswith("__"):
        reached = f"{{{{ (error|attr('{attribute}')) is defined }}}}"
    source = tag.replace("BODY", body).replace("SHOWN", reached)
    context = {"theme": theme, "fail": fail}
    assert rendered(environment.from_string(source), context, deferred=deferred) == "False"


@both
@pytest.mark.parametrize("tag", TAGS)
def test_the_text_and_the_name_of_the_type_are_shown(tag: str, is_async: bool) -> None:
    environment = SandboxedStreamEnvironment(enable_async=is_async, autoescape=True)

    def fail() -> None:
        raise LookupError("<no luck>")

    source = tag.replace("BODY", "{{ fail() }}").replace("SHOWN", "{{ error.type }}: {{ error }}")
    text = rendered(environment.from_string(source), {"fail": fail})
    assert text == "LookupError: &lt;no luck&gt;"


@pytest.mark.parametrize("tag", TAGS)
def test_an_error_without_a_text_is_shown_as_tracebacks_show_it(tag: str) -> None:
    class Silent(Exception):
        def __str__(self) -> str:
            raise ValueError

    def fail() -> None:
        raise Silent

    source = tag.replace("BODY", "{{ fail() }}").replace("SHOWN", "{{ error }}")
    text = rendered(SandboxedStreamEnvironment().from_string(source), {"fail": fail})
    assert text == "<unprintable Silent object>"


@pytest.mark.parametrize("tag", TAGS)
def test_outside_of_sandboxes_it_is_the_error_itself(tag: str) -> None:
    source = tag.replace("BODY", "{{ fail() }}").replace("SHOWN", "{{ error.obj.SECRET_KEY }}")
    text = rendered(StreamEnvironment().from_string(source), {"fail": fail})
    assert text == "the secret"


@both
@pytest.mark.parametrize("threads", [False, True])
@pytest.mark.parametrize("deferred", ["patch", "in-order"])
@pytest.mark.parametrize(
    "tag", [*TAGS, *(tag.partition("{% fallback")[0] + tag[-17:] for tag in TAGS[:1])]
)
@pytest.mark.parametrize(
    "source",
    [
        "TAG",
        "{% set x %}TAG{% endset %}{{ x }}",
        "{% defer %}TAG{% error %}outer{% enddefer %}",
        "{% boundary %}TAG{% fallback %}outer{% endboundary %}",
        "{% macro m() %}TAG{% endmacro %}{{ m() }}",
    ],
)
def test_what_the_sandbox_refuses_ends_the_render(
    source: str, tag: str, deferred: Any, threads: bool, is_async: bool
) -> None:
    environment = SandboxedStreamEnvironment(enable_async=is_async)
    tag = tag.replace("BODY", "{{ f.__globals__.x }}").replace("SHOWN", "shown")
    template = environment.from_string("first" + source.replace("TAG", tag) + "ok")
    with ThreadPoolExecutor(2) as executor, pytest.raises(SecurityError, match="unsafe"):
        rendered(
            template,
            {"f": fail},
            deferred=deferred,
            executor=executor if threads and not is_async else None,
        )


@pytest.mark.parametrize("tag", TAGS)
def test_what_the_sandbox_refuses_in_the_part_for_errors_ends_the_render(tag: str) -> None:
    source = tag.replace("BODY", "{{ 1 // 0 }}").replace("SHOWN", "{{ f.__globals__.x }}")
    with pytest.raises(SecurityError, match="unsafe"):
        rendered(SandboxedStreamEnvironment().from_string(source), {"f": fail})
