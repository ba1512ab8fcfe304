"""The dashboard in Quart: an async template, each of whose regions is a task.

hypercorn docs/examples/dashboard/quart_app:app
"""

import shop
from quart import Quart, request

from streamtmpl.quart import StreamTemplates, stream_template

app = Quart(__name__)
StreamTemplates(app)


@app.get("/")
async def dashboard():
    return await stream_template(
        "dashboard.html",
        framework="Quart",
        query=shop.query_async,
        elapsed=shop.stopwatch(),
        fail="fail" in request.args,
    )
