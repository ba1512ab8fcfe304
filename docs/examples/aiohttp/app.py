"""A timeline that grows while you look at it, with aiohttp.

Run it with ``python docs/examples/aiohttp/app.py 8000`` and open http://127.0.0.1:8000/17.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp_jinja2
from aiohttp import web
from jinja2 import FileSystemLoader

from streamtmpl.aiohttp import stream_template


async def events() -> AsyncIterator[str]:
    """What happens, when it happens; a database or a queue in a real application."""
    for text in ["ordered", "paid", "packed", "sent", "delivered"]:
        await asyncio.sleep(0.3)
        yield text


async def order(request: web.Request) -> web.StreamResponse:
    context = {"number": request.match_info["number"], "events": events()}
    return await stream_template("order.html", request, context)


app = web.Application()
aiohttp_jinja2.setup(app, loader=FileSystemLoader(Path(__file__).parent), enable_async=True)
app.router.add_get("/{number}", order)

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]))
