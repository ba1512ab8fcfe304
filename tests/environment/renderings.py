"""Every way to get the text of a template: one law for all of them."""

from __future__ import annotations

import asyncio
from typing import Any

import jinja2

from streamtmpl import render_stream, render_stream_async

LOOP = "{% for n in rows %}<{{ n }}>{% endfor %}"


def renderings(template: Any, context: dict[str, Any]) -> list[str]:
    """The text of a template, each way to get it."""
    if not template.environment.is_async:
        return [
            template.render(context),
            "".join(template.generate(context)),
            "".join(render_stream(template, context, chunk_size=0)),
        ]

    async def collect() -> list[str]:
        return [
            await template.render_async(context),
            "".join([chunk async for chunk in template.generate_async(context)]),
            "".join([chunk async for chunk in render_stream_async(template, context)]),
        ]

    return [*asyncio.run(collect()), template.render(context)]


def assert_same(
    ours: jinja2.Environment, plain: jinja2.Environment, source: str, **context: Any
) -> str:
    """Both environments give the same text, every way; returns it."""
    expected = plain.from_string(source).render(context)
    template = ours.from_string(source)
    assert renderings(template, context) == [expected] * len(renderings(template, context))
    return expected


def chunks(template: jinja2.Template, context: dict[str, Any] | None = None) -> list[str]:
    return list(render_stream(template, context, chunk_size=0))
