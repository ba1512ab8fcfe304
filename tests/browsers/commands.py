"""Commands and events over a WebSocket, in the form that Chromium and Firefox share."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from websockets.sync.client import ClientConnection, connect

from .interface import PATIENCE, ScriptError

_MOST = 2**26
"""Bytes of the longest message: screenshots are long."""


@contextmanager
def connected(address: str) -> Iterator[Channel]:
    """A channel to the ``ws:`` address of a browser."""
    with connect(address, max_size=_MOST, proxy=None, compression=None) as socket:
        yield Channel(socket)


class Channel:
    """A connection to a browser, for commands one after the other."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._number = 0
        self._events: deque[dict[str, Any]] = deque()

    def command(self, method: str, session: str | None = None, **parameters: Any) -> Any:
        """Send a command, to one session of Chromium if given, and return its result.

        Raises :exc:`ScriptError` if the browser refuses it.
        """
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        self._socket.send(json.dumps(message))
        while True:
            reply = self._receive(PATIENCE)
            if reply.get("id") == self._number:
                break
            self._events.append(reply)
        if "error" in reply:
            raise ScriptError(f"{method}: {reply['error']} {reply.get('message', '')}")
        return reply["result"]

    def event(self, method: str, **expected: Any) -> None:
        """Wait for an event whose parameters include the expected ones; drop those before it.

        Raises :exc:`TimeoutError`.
        """
        deadline = monotonic() + PATIENCE
        while True:
            message = (
                self._events.popleft() if self._events else self._receive(deadline - monotonic())
            )
            parameters = message.get("params", {})
            if message.get("method") == method and expected.items() <= parameters.items():
                return

    def forget_events(self) -> None:
        """Drop the events that have come so far."""
        self._events.clear()

    def _receive(self, seconds: float) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._socket.recv(timeout=max(seconds, 0)))
        return message
