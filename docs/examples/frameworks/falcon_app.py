"""A stream from Falcon: run it with the port, ``python falcon_app.py 8000``."""

import sys

import falcon.asgi
import uvicorn
from timeline import async_template, events_async

from streamtmpl import render_stream_async


class Order:
    async def on_get(self, request, response, number):
        response.content_type = "text/html; charset=utf-8"
        response.stream = render_stream_async(
            async_template, {"number": number, "events": events_async()}, encoding="utf-8"
        )


app = falcon.asgi.App()
app.add_route("/{number:int}", Order())

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]))
