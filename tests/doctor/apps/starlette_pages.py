"""An application of Starlette without our templates; ``DOCTOR_TEST`` names its middleware."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from .parts import parts

setup = os.environ.get("DOCTOR_TEST", "").split()


def stream(request: Request) -> Response:
    return StreamingResponse(parts(), media_type="text/html")


def whole(request: Request) -> Response:
    return HTMLResponse("".join(parts()))


class PassingOn(BaseHTTPMiddleware):
    """Middleware that does nothing, as most begins."""

    async def dispatch(
        self, request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        return await call_next(request)


class Collecting(BaseHTTPMiddleware):
    """Middleware that rewrites pages, and reads them as a whole for it."""

    async def dispatch(
        self, request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        response = await call_next(request)
        body = b"".join([chunk async for chunk in response.body_iterator])  # type: ignore[attr-defined]
        return HTMLResponse(body.replace(b"some", b"any"))


MIDDLEWARE = {
    "gzip": Middleware(GZipMiddleware, minimum_size=100),
    "passing": Middleware(PassingOn),
    "collecting": Middleware(Collecting),
}
app = Starlette(
    routes=[Route("/stream", stream), Route("/whole", whole)],
    middleware=[MIDDLEWARE[name] for name in setup],
)
