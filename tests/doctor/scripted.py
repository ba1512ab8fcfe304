"""A server on this machine that answers as a test says, byte by byte."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Answer = Callable[[socket.socket, str], None]
"""Called in a thread with a connection and the request that has come on it."""


class Scripted:
    """A server that runs: its port, and the requests that it got."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.requests: list[str] = []

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        """Where it answers."""
        return f"http://{host}:{self.port}{path}"

    def header(self, name: str, number: int = -1) -> str | None:
        """The value of a header in one of the requests."""
        for line in self.requests[number].split("\r\n"):
            key, _, value = line.partition(": ")
            if key.lower() == name.lower():
                return value
        return None


@contextmanager
def scripted(
    answer: Answer | bytes, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> Iterator[Scripted]:
    """Run a server that sends *answer*, or has it send what it likes, and closes the connection.

    :param tls: by which it speaks HTTPS.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.bind((host, 0))
        listener.listen()
        server = Scripted(listener.getsockname()[1])
        thread = threading.Thread(target=_serve, args=(listener, answer, server, tls), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(20)


def _serve(
    listener: socket.socket, answer: Answer | bytes, server: Scripted, tls: ssl.SSLContext | None
) -> None:
    while True:
        try:
            plain, _ = listener.accept()
        except OSError:
            return
        with suppress(OSError), _spoken(plain, tls) as connection:
            request = b""
            while not request.endswith(b"\r\n\r\n") and (data := connection.recv(65536)):
                request += data
            server.requests.append(request.decode("latin-1"))
            if isinstance(answer, bytes):
                connection.sendall(answer)
            else:
                answer(connection, server.requests[-1])
            if isinstance(connection, ssl.SSLSocket):
                connection.unwrap().close()


def _spoken(plain: socket.socket, tls: ssl.SSLContext | None) -> socket.socket:
    return plain if tls is None else tls.wrap_socket(plain, server_side=True)


def response(body: bytes = b"", *headers: str, status: str = "200 OK") -> bytes:
    """A response that closes the connection behind *body*."""
    lines = [f"HTTP/1.1 {status}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def chunk(data: bytes) -> bytes:
    """*data* as one chunk; without data, the last one."""
    return b"%x\r\n%b\r\n" % (len(data), data)
