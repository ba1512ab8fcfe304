"""A stream from Sanic: run it with the port, ``python sanic_app.py 8000``."""

import sys

from sanic import Sanic
from timeline import async_template, events_async

from streamtmpl import render_stream_async

app = Sanic("orders")


@app.get("/<number:int>")
async def order(request, number):
    context = {"number": number, "events": events_async()}
    async with render_stream_async(async_template, context, encoding="utf-8") as chunks:
        response = None
        async for chunk in chunks:
            if response is None:  # what fails up to here is Sanic's error page
                response = await request.respond(content_type="text/html; charset=utf-8")
            await response.send(chunk)
        await response.eof()


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(sys.argv[1]), single_process=True, motd=False)
