"""Bare ASGI applications."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"text/html"), (b"x-number", b"1"), (b"x-number", b"2")],
}
Application = Callable[..., Any]


def body(data: bytes = b"", more: bool = True) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": more}


def streaming(chunks: Any, listens: bool = True) -> Application:
    """An application that sends *chunks*, and notices when its client goes away."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http", scope["type"]

        async def deliver() -> None:
            await send(START)
            async for chunk in chunks:
                await send(body(chunk))
            await send(body(b"", more=False))

        async def watch() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            delivering.cancel()

        delivering = asyncio.create_task(deliver())
        watching = asyncio.create_task(watch())
        await asyncio.wait([delivering])
        watching.cancel()
        await asyncio.wait([watching])
        if not delivering.cancelled():
            delivering.result()

    return application
