"""A stream from Tornado: run it with the port, ``python tornado_app.py 8000``."""

import asyncio
import sys

from timeline import async_template, events_async
from tornado.web import Application, RequestHandler

from streamtmpl import render_stream_async


class Order(RequestHandler):
    async def get(self, number):
        context = {"number": number, "events": events_async()}
        chunks = render_stream_async(async_template, context, encoding="utf-8")
        async with chunks:
            async for chunk in chunks:
                self.write(chunk)
                await self.flush()  # raises StreamClosedError when the client has left


async def main():
    Application([("/([0-9]+)", Order)]).listen(int(sys.argv[1]), "127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
