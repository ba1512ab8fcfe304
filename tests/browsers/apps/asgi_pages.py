"""Pages of async templates, whose regions render in asyncio tasks."""

from __future__ import annotations

from typing import Any

from jinja2 import FileSystemLoader

from streamtmpl import StreamEnvironment
from streamtmpl.asgi import StreamResponse

from .wanted import FOLDER, SCRIPTS, Wanted


def made(script: str | None) -> StreamEnvironment:
    environment = StreamEnvironment(
        loader=FileSystemLoader(FOLDER), autoescape=True, enable_async=True
    )
    environment.patch_script = script
    return environment


environments = {kind: made(script) for kind, script in SCRIPTS.items()}


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        raise RuntimeError("HTTP only")
    await response_to(scope["path"])(scope, receive, send)


def response_to(path: str) -> StreamResponse:
    kind, _, number = path[1:].partition("/")
    try:
        wanted = Wanted(number)
    except FileNotFoundError:
        return StreamResponse([], status=404)
    template = environments[kind].get_template(wanted.template)
    variables = wanted.async_variables()
    return StreamResponse(template, variables, headers=wanted.headers, **wanted.options)
