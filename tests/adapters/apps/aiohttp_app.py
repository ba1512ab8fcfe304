"""Pages of aiohttp's whose progress a test controls; ``/open/NAME`` opens a gate.

``/gated/NAME`` has a head and, when the gate is open, the rest; ``/quiet`` a head and then nothing,
``/silence`` the same without a template;
``/regions/NAME`` a region behind the gate; ``/late-error`` fails after its first chunk,
``/late-reset`` with what looks like a client that has left;
``/early-error`` before it; ``/user/NAME/GATE`` tells a context variable at both ends; ``/count``
counts its requests in the session, in the first chunk, ``/count-late`` after it; ``/state`` tells
how many sources are open. The query ``?compressed=CODING``
enables compression, ``any`` as the client accepts it. Run with the port.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextvars import ContextVar
from typing import Any

import aiohttp_jinja2
import aiohttp_session
from aiohttp import web
from jinja2 import DictLoader

from streamtmpl.aiohttp import stream_response, stream_template

FILL = "{% for n in range(500) %}<p>{{ n }}</p>\n{% endfor %}"
COUNT = "{% set x = session.update(n=session.get('n', 0) + 1) %}{{ session.n }}"
SOURCES = {
    "gated": "head{% flush %}{{ wait(gate) }}rest",
    "quiet": "head{% flush %}{% for each in silence() %}{{ each }}{% endfor %}",
    "regions": "<body>shell{% defer %}{{ wait(gate) }}<b>late</b>{% placeholder %}wait"
    "{% enddefer %}</body>",
    "late-error": "one\n{% flush %}\n{{ 1 // 0 }}",
    "late-reset": "one\n{% flush %}\n{{ reset() }}",
    "early-error": "{{ 1 // 0 }}",
    "user": "{{ user.get() }}{% flush %}{{ wait(gate) }}{{ user.get() }}",
    "count": COUNT + FILL,
    "count-late": FILL + COUNT,
    "page": "<{{ processed }}>{% block a %}a{% endblock %}" + FILL,
    "small": "short",
}

gates: dict[str, asyncio.Event] = {}
user: ContextVar[str] = ContextVar("user")
open_sources = 0


async def wait(gate: str) -> str:
    await gates.setdefault(gate, asyncio.Event()).wait()
    return ""


def reset() -> None:
    raise ConnectionResetError("the database has gone")


async def silence() -> AsyncIterator[str]:
    global open_sources
    open_sources += 1
    try:
        yield "1"
        await asyncio.Event().wait()
    finally:
        open_sources -= 1


async def page(request: web.Request) -> web.StreamResponse:
    name, *rest = request.path.strip("/").split("/")
    context: dict[str, Any] = {"wait": wait, "silence": silence, "user": user, "reset": reset}
    context |= {"gate": rest[-1] if rest else "", "session": {}}
    if name == "user":
        user.set(rest[0])
    if name.startswith("count"):
        context["session"] = await aiohttp_session.get_session(request)
    if name == "silence":
        return await stream_response(request, silence())
    if name == "stream":
        return await stream_response(
            request, iter(["a,b\r\n", "1,2\r\n"]), content_type="text/csv", status="299 Curious"
        )
    response = await stream_template(
        name, request, context, block=request.query.get("block"), headers={"X-Own": "1"}
    )
    if coding := request.query.get("compressed"):
        response.enable_compression(None if coding == "any" else web.ContentCoding(coding))
    return response


async def open_gate(request: web.Request) -> web.Response:
    gates.setdefault(request.match_info["gate"], asyncio.Event()).set()
    return web.Response(text="open")


async def state(request: web.Request) -> web.Response:
    return web.json_response({"open": open_sources})


async def processor(request: web.Request) -> dict[str, Any]:
    return {"processed": request.path}


def application(is_async: bool = True) -> web.Application:
    app = web.Application()
    aiohttp_session.setup(app, aiohttp_session.SimpleCookieStorage())
    aiohttp_jinja2.setup(
        app, loader=DictLoader(SOURCES), enable_async=is_async, context_processors=[processor]
    )
    app.router.add_get("/open/{gate}", open_gate)
    app.router.add_get("/state", state)
    app.router.add_get("/{page:.*}", page)
    return app


if __name__ == "__main__":
    web.run_app(application(), host="127.0.0.1", port=int(sys.argv[1]), print=None)
