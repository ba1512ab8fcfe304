"""Commands and events over a WebSocket, in the form that Chromium and Firefox share."""

from __future__ import annotations

import json
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
    # Its thread for pings would draw from `random` while other tests rely on that.
    options: dict[str, Any] = {"proxy": None, "compression": None, "ping_interval": None}
    with connect(address, max_size=_MOST, **options) as socket:
        yield Channel(socket)


class Channel:
    """A connection to a browser, for commands one after the other."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._number = 0

    def command(self, method: str, session: str | None = None, **parameters: Any) -> Any:
        """Send a command, to one session of Chromium if given, and return its result.

        Raises :exc:`ScriptError` if the browser refuses it.
        """
        number = self._send(method, session, parameters)
        while True:
            reply = self._receive(PATIENCE)
            if reply.get("id") == number:
                return _result(method, reply)

    def command_until(self, event: str, at: str, method: str, **parameters: Any) -> None:
        """Send a command and wait, not for its result, but for an event at the address *at*.

        Raises :exc:`ScriptError` if the browser refuses the command, and :exc:`TimeoutError`.
        """
        number = self._send(method, None, parameters)
        deadline = monotonic() + PATIENCE
        while True:
            message = self._receive(deadline - monotonic())
            if message.get("id") == number:
                _result(method, message)
            elif message.get("method") == event and message["params"]["url"] == at:
                return

    def _send(self, method: str, session: str | None, parameters: dict[str, Any]) -> int:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        self._socket.send(json.dumps(message))
        return self._number

    def _receive(self, seconds: float) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._socket.recv(timeout=max(seconds, 0)))
        return message


def _result(method: str, reply: dict[str, Any]) -> Any:
    if "error" in reply:
        raise ScriptError(f"{method}: {reply['error']} {reply.get('message', '')}")
    return reply["result"]
