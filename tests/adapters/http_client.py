"""An HTTP/1.1 client that sees what a browser hides: when bytes arrive, and how a response ends."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

TIMEOUT = 60.0
"""Seconds after which a test gives up on a server."""


class Incomplete(Exception):
    """The connection ended before the response did."""


@dataclass
class Head:
    """Status and headers of a response."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)

    def all(self, name: str) -> list[str]:
        """The values of a header, its name in any case."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def get(self, name: str) -> str | None:
        """The value of a header that comes at most once."""
        values = self.all(name)
        assert len(values) < 2, f"{name} came {len(values)} times: {values}"
        return values[0] if values else None


class Connection:
    """A connection to a server on this machine, which may serve several requests."""

    def __init__(
        self, port: int, *, receive_buffer: int | None = None, timeout: float = TIMEOUT
    ) -> None:
        """Connect; a small *receive_buffer* (bytes) makes a reader slow."""
        self._socket = socket.socket()
        if receive_buffer is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._socket.settimeout(timeout)
        self._socket.connect(("127.0.0.1", port))
        self._received = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Disconnect in the middle of whatever is going on."""
        self._socket.close()

    def set_timeout(self, seconds: float = TIMEOUT) -> None:
        """Raise :exc:`TimeoutError` when nothing comes for so long."""
        self._socket.settimeout(seconds)

    def send(self, path: str = "/", *, method: str = "GET", headers: str = "") -> None:
        """Send a request without a body; *headers* are whole lines ending in CRLF."""
        request = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"
        self._socket.sendall(request.encode("latin-1"))

    def receive(self) -> bytes:
        """Wait for bytes; nothing when the server has closed the connection."""
        try:
            return self._socket.recv(65536)
        except ConnectionResetError:
            return b""

    def head(self) -> Head:
        """Read up to the end of the headers."""
        while b"\r\n\r\n" not in self._received:
            self._more("in its headers")
        head, self._received = self._received.split(b"\r\n\r\n", 1)
        status_line, *lines = head.decode("latin-1").split("\r\n")
        pairs = [line.split(":", 1) for line in lines]
        return Head(int(status_line.split()[1]), [(key, value.strip()) for key, value in pairs])

    def chunk(self) -> bytes:
        """Read one chunk of a chunked response; the last one is empty.

        :raises Incomplete: the connection ended in between.
        """
        while b"\r\n" not in self._received:
            self._more("before the final chunk")
        size, self._received = self._received.split(b"\r\n", 1)
        length = int(size.split(b";")[0], 16)
        while len(self._received) < length + 2:
            self._more("inside a chunk")
        chunk, self._received = self._received[:length], self._received[length + 2 :]
        return chunk

    def part(self) -> bytes:
        """Wait for some of a body that is not chunked; nothing when it has ended."""
        part, self._received = self._received or self.receive(), b""
        return part

    def body(self, head: Head) -> bytes:
        """Read the whole body of the response with *head*.

        :raises Incomplete: the connection ended before the body did. A body that ends with the
            connection is taken to be complete.
        """
        if (head.get("Transfer-Encoding") or "").lower() == "chunked":
            chunks = []
            while chunk := self.chunk():
                chunks.append(chunk)
            return b"".join(chunks)
        if (length := head.get("Content-Length")) is not None:
            while len(self._received) < int(length):
                self._more("inside its body")
            body, self._received = self._received[: int(length)], self._received[int(length) :]
            return body
        while received := self.receive():
            self._received += received
        body, self._received = self._received, b""
        return body

    def timed_chunks(self) -> list[tuple[float, bytes]]:
        """Read a chunked body; each chunk with the moment it arrived (:func:`time.monotonic`)."""
        timed = []
        while chunk := self.chunk():
            timed.append((time.monotonic(), chunk))
        return timed

    def _more(self, where: str) -> None:
        received = self.receive()
        if not received:
            raise Incomplete(f"the response ended {where}, after {self._received!r}")
        self._received += received


def fetch(port: int, path: str = "/", *, method: str = "GET") -> tuple[Head, bytes]:
    """One request on a connection of its own.

    :raises Incomplete: the response was cut off.
    """
    with Connection(port) as connection:
        connection.send(path, method=method, headers="Connection: close\r\n")
        head = connection.head()
        return head, b"" if method == "HEAD" else connection.body(head)
