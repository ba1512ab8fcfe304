"""A page whose streams are drawn: open it, then http://127.0.0.1:8000/_streamtmpl/timeline.

uvicorn --app-dir docs/examples/timeline app:app
"""

import asyncio
from pathlib import Path

from jinja2 import FileSystemLoader
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from streamtmpl import StreamEnvironment
from streamtmpl.starlette import StreamTemplates, timeline_view
from streamtmpl.timeline import Timeline

timeline = Timeline()
environment = StreamEnvironment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    enable_async=True,
    observe=timeline,
)
templates = StreamTemplates(env=environment)


async def visitor():
    await asyncio.sleep(0.25)
    return "Ann"


async def orders():
    for number in range(4121, 4129):
        await asyncio.sleep(0.6 if number == 4125 else 0.04)
        yield {"number": number, "tea": "Darjeeling, autumn", "note": "packed by hand " * 40}


async def stock():
    await asyncio.sleep(0.5)
    return ["Assam", "Earl Grey", "Sencha"]


async def carrier():
    await asyncio.sleep(1.3)
    raise ConnectionError("the carrier does not answer")


DATA = {"visitor": visitor, "orders": orders, "stock": stock, "carrier": carrier}


async def page(request: Request) -> Response:
    return templates.TemplateResponse(request, "shop.html", DATA)


app = Starlette(
    debug=True,
    routes=[
        Route("/", page),
        Route("/_streamtmpl/timeline", timeline_view(timeline)),
    ],
)
