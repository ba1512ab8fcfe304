"""A request as an ASGI server hands it to an application, without a server."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

HANGS = 20.0
"""Seconds after which a test gives up."""


class Exchange:
    """One request: what the application has sent, and a client that may disconnect.

    :ivar on_send: called with each message before it counts as sent; may wait.
    """

    def __init__(self, method: str = "GET", **scope: Any) -> None:
        self.scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "server": ("testserver", 80),
            "path": "/",
            "query_string": b"",
            "headers": [],
            **scope,
        }
        self.sent: list[dict[str, Any]] = []
        self.incoming: list[dict[str, Any]] = [
            {"type": "http.request", "body": b"some of ", "more_body": True},
            {"type": "http.request", "body": b"a form", "more_body": False},
        ]
        self.on_send: Callable[[Any], Awaitable[None]] | None = None
        self._disconnected = asyncio.Event()

    def disconnect(self) -> None:
        """The client goes away."""
        self._disconnected.set()

    async def receive(self) -> dict[str, Any]:
        if self.incoming:
            return self.incoming.pop(0)
        await self._disconnected.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if self.on_send is not None:
            await self.on_send(message)
        self.sent.append(dict(message))

    async def over(self, application: Any) -> None:
        """Have *application* answer the request."""
        await application(self.scope, self.receive, self.send)

    @property
    def status(self) -> int:
        status: int = self.sent[0]["status"]
        return status

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.sent[0]["headers"])

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.sent[1:])

    @property
    def complete(self) -> bool:
        """Whether the end of the response has been sent."""
        last = self.sent[-1] if self.sent else {"type": ""}
        return last["type"] == "http.response.body" and not last.get("more_body", False)
