"""A timeline that grows while you look at it, with Litestar.

Run it with ``uvicorn --app-dir docs/examples/litestar app:app`` and open http://127.0.0.1:8000/17.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from jinja2 import FileSystemLoader
from litestar import Litestar, get
from litestar.template import TemplateConfig

from streamtmpl import StreamEnvironment
from streamtmpl.litestar import StreamTemplateEngine, StreamTemplateResponse

environment = StreamEnvironment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, enable_async=True
)


async def events() -> AsyncIterator[str]:
    """What happens, when it happens; a database or a queue in a real application."""
    for text in ["ordered", "paid", "packed", "sent", "delivered"]:
        await asyncio.sleep(0.3)
        yield text


@get("/{number:int}")
async def order(number: int) -> StreamTemplateResponse:
    return StreamTemplateResponse("order.html", context={"number": number, "events": events()})


engine = StreamTemplateEngine(engine_instance=environment)
app = Litestar([order], template_config=TemplateConfig(instance=engine))
