"""Starlette applications of one page, and requests to them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import jinja2
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.testclient import TestClient

from streamtmpl.starlette import StreamTemplates

from .exchange import HANGS, Exchange

KINDS = pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])


def templates_of(is_async: bool = False, **sources: str) -> StreamTemplates:
    """Templates by their names, without the suffix."""
    loader = jinja2.DictLoader({f"{name}.html": source for name, source in sources.items()})
    env = jinja2.Environment(autoescape=True, enable_async=is_async, loader=loader)
    return StreamTemplates(env=env)


def app_of(endpoint: Callable[..., Any], *middleware: Middleware, **kwargs: Any) -> Starlette:
    route = Route("/{who}", endpoint, name="greet", methods=["GET", "HEAD"])
    return Starlette(routes=[route], middleware=list(middleware), **kwargs)


def get(app: Any, path: str = "/Ann", method: str = "GET", **kwargs: Any) -> Any:
    with TestClient(app, raise_server_exceptions=False) as client:
        return client.request(method, path, **kwargs)


def failed(app: Any, **scope: Any) -> Exchange:
    """The exchange in which an error of *app*'s reaches the server."""

    async def main() -> Exchange:
        exchange = Exchange(path="/Ann", **scope)
        with pytest.raises(ZeroDivisionError):
            await asyncio.wait_for(exchange.over(app), HANGS)
        return exchange

    return asyncio.run(main())
