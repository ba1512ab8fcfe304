"""A timeline that grows while you look at it, on bare ASGI.

Run it with ``uvicorn --app-dir docs/examples/asgi app:app`` and open http://127.0.0.1:8000/.
"""

import asyncio
from pathlib import Path

import jinja2

from streamtmpl import StreamEnvironment
from streamtmpl.asgi import StreamResponse

env = StreamEnvironment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    enable_async=True,
)


async def events():
    """What happens, when it happens; a database or a queue in a real application."""
    for number, text in enumerate(["ordered", "paid", "packed", "sent", "delivered"], 1):
        await asyncio.sleep(0.3)
        yield {"number": number, "text": text}


async def app(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError("this application answers HTTP requests only")
    template = env.get_template("timeline.html")
    response = StreamResponse(template, {"path": scope["path"], "events": events()})
    await response(scope, receive, send)
