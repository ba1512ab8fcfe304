"""What happens to an order, when it happens: what the examples of all frameworks show."""

import asyncio
import time
from pathlib import Path

import jinja2

from streamtmpl import StreamEnvironment

loader = jinja2.FileSystemLoader(Path(__file__).parent)
template = StreamEnvironment(loader=loader, autoescape=True).get_template("timeline.html")
async_template = StreamEnvironment(loader=loader, autoescape=True, enable_async=True).get_template(
    "timeline.html"
)


def events():
    for text in ["ordered", "paid", "packed", "sent", "delivered"]:
        time.sleep(0.3)
        yield text


async def events_async():
    for text in ["ordered", "paid", "packed", "sent", "delivered"]:
        await asyncio.sleep(0.3)
        yield text
