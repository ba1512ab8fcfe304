"""A page that grows while it is being rendered.

hypercorn docs/examples/quart/timeline:app
"""

import asyncio
import time

from quart import Quart, request

from streamtmpl.quart.views import StreamTemplates, stream_template

app = Quart(__name__)
app.config["TIMELINE_PACE"] = 0.5  # seconds for each event, as if it came from a slow query
app.config.from_prefixed_env()  # QUART_TIMELINE_PACE=2 makes it slower
StreamTemplates(app)


async def events(count):
    for number in range(1, count + 1):
        await asyncio.sleep(app.config["TIMELINE_PACE"])
        yield {"time": time.strftime("%H:%M:%S"), "title": f"Event {number} of {count}"}


@app.get("/")
async def timeline():
    count = request.args.get("count", 20, type=int)
    return await stream_template("timeline.html", events=events(count), count=count)
