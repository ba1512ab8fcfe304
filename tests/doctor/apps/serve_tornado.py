"""Tornado with the application of Flask in its WSGIContainer, and with a handler of its own."""

from __future__ import annotations

import asyncio
import sys

from tornado.web import Application, FallbackHandler, RequestHandler
from tornado.wsgi import WSGIContainer

from .flask_pages import app
from .parts import WAIT, parts


class Own(RequestHandler):
    async def get(self) -> None:
        for part in parts():
            self.write(part)
            await self.flush()
            await asyncio.sleep(WAIT)


async def serve(port: int) -> None:
    routes = [("/own", Own), (".*", FallbackHandler, {"fallback": WSGIContainer(app)})]
    Application(routes).listen(port, "127.0.0.1")  # type: ignore[arg-type]
    await asyncio.Event().wait()


asyncio.run(serve(int(sys.argv[1])))
