"""A real server whose responses come in pieces, at the times that a test says."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

PATIENCE = 20.0
"""Seconds that a response waits for its gate at most."""

HTML = "text/html; charset=utf-8"

Piece = bytes | float | threading.Event
"""Bytes to send at once, seconds to wait, or an event to wait for."""


@dataclass
class Response:
    """What is sent for one path."""

    pieces: Sequence[Piece]
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    """Whether the connection is closed after the last piece as if the server had died."""


class PageServer:
    """Serves what it was told to, under paths that are new each time."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self._responses: dict[str, Response] = {}
        self._numbers = count()

    def add(
        self,
        *pieces: Piece | str,
        headers: Mapping[str, str] | None = None,
        content_type: str = HTML,
        cut: bool = False,
    ) -> str:
        """The address at which a response of these pieces is found from now on."""
        path = f"/{next(self._numbers)}"
        self._responses[path] = Response(
            [piece.encode() if isinstance(piece, str) else piece for piece in pieces],
            {"Content-Type": content_type, **(headers or {})},
            cut,
        )
        return self.address + path

    def find(self, path: str) -> Response | None:
        """What is sent for *path*."""
        return self._responses.get(path)


@contextmanager
def serving() -> Iterator[PageServer]:
    """Run a server on this machine."""
    pages: PageServer

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            response = pages.find(self.path)
            if response is None:
                self.send_error(404)
            else:
                _send(self, response)

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Print what is no disconnect: browsers disconnect at any time."""
            if not isinstance(sys.exc_info()[1], ConnectionError):
                super().handle_error(request, client_address)  # type: ignore[arg-type]

    with Server(("127.0.0.1", 0), Handler) as server:
        pages = PageServer(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield pages
        finally:
            server.shutdown()
            thread.join()


def _send(handler: BaseHTTPRequestHandler, response: Response) -> None:
    handler.send_response(200)
    headers = {
        "Transfer-Encoding": "chunked",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",  # to sniff, a browser would wait for more bytes
        **response.headers,
    }
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    try:
        for piece in response.pieces:
            _send_piece(handler, piece)
        if not response.cut:
            handler.wfile.write(b"0\r\n\r\n")
    except ConnectionError:
        pass  # the browser has gone on to the next page
    if response.cut:
        handler.close_connection = True


def _send_piece(handler: BaseHTTPRequestHandler, piece: Piece) -> None:
    if isinstance(piece, threading.Event):
        piece.wait(PATIENCE)
    elif isinstance(piece, float):
        time.sleep(piece)
    elif piece:  # a chunk of no bytes would end the response
        handler.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        handler.wfile.flush()
