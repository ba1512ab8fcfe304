"""Pages of Litestar's whose progress a test controls; ``/open/NAME`` opens a gate.

``/gated/NAME`` has a head and, when the gate is open, the rest; ``/quiet`` a head and then nothing,
``/silence`` the same without a template;
``/regions/NAME`` a region behind the gate; ``/late-error`` fails after its first chunk;
``/user/NAME/GATE`` tells a context variable at both ends; ``/state`` how many sources are open. Who
accepts brotli or gzip gets that.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextvars import ContextVar
from typing import Any

from jinja2 import DictLoader
from litestar import Litestar, get
from litestar.config.compression import CompressionConfig
from litestar.template import TemplateConfig
from litestar.types import ASGIApp

from streamtmpl import StreamEnvironment
from streamtmpl.asgi import StreamResponse
from streamtmpl.litestar import StreamTemplateEngine, StreamTemplateResponse

SOURCES = {
    "gated.html": "head{% flush %}{{ wait(gate) }}rest",
    "quiet.html": "head{% flush %}{% for each in silence() %}{{ each }}{% endfor %}",
    "regions.html": "<body>shell{% defer %}{{ wait(gate) }}<b>late</b>{% placeholder %}wait"
    "{% enddefer %}</body>",
    "late-error.html": "one\n{% flush %}\n{{ 1 // 0 }}",
    "user.html": "{{ user.get() }}{% flush %}{{ wait(gate) }}{{ user.get() }}",
}

gates: dict[str, asyncio.Event] = {}
user: ContextVar[str] = ContextVar("user")
open_sources = 0


async def wait(gate: str) -> str:
    await gates.setdefault(gate, asyncio.Event()).wait()
    return ""


async def silence() -> AsyncIterator[str]:
    global open_sources
    open_sources += 1
    try:
        yield "1"
        await asyncio.Event().wait()
    finally:
        open_sources -= 1


CONTEXT = {"wait": wait, "silence": silence, "user": user}


def page(name: str, gate: str = "") -> StreamTemplateResponse:
    return StreamTemplateResponse(f"{name}.html", context={**CONTEXT, "gate": gate})


@get("/gated/{gate:str}")
async def gated(gate: str) -> StreamTemplateResponse:
    return page("gated", gate)


@get("/quiet")
async def quiet() -> StreamTemplateResponse:
    return page("quiet")


@get("/regions/{gate:str}")
async def regions(gate: str) -> StreamTemplateResponse:
    return page("regions", gate)


@get("/late-error")
async def late_error() -> StreamTemplateResponse:
    return page("late-error")


@get("/user/{name:str}/{gate:str}")
async def users(name: str, gate: str) -> StreamTemplateResponse:
    user.set(name)
    return page("user", gate)


@get("/silence")
async def stream() -> ASGIApp:
    application: Any = StreamResponse(silence())  # Litestar's types are more exact than ASGI's
    return application  # type: ignore[no-any-return]


@get("/open/{gate:str}")
async def open_gate(gate: str) -> str:
    gates.setdefault(gate, asyncio.Event()).set()
    return "open"


@get("/state")
async def state() -> dict[str, Any]:
    return {"open": open_sources}


environment = StreamEnvironment(
    loader=DictLoader(SOURCES), autoescape=True, enable_async=True, patch_script=None
)
app = Litestar(
    [gated, quiet, regions, late_error, users, stream, open_gate, state],
    template_config=TemplateConfig(instance=StreamTemplateEngine(engine_instance=environment)),
    compression_config=CompressionConfig(backend="brotli"),
)
