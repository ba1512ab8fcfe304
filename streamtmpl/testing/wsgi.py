"""A WSGI application answers a request, without a server (PEP 3333)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from io import BytesIO
from types import TracebackType
from typing import Any

from .delivery import Delivery, Head, close_iterator, sendable
from .requests import Request

ErrorInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]


def environ_of(request: Request) -> dict[str, Any]:
    """The environment that a server would make of a request."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": request.path.encode().decode("latin-1"),
        "QUERY_STRING": request.query,
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers:
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    return environ


def chunks_of(application: Any, request: Request, delivery: Delivery) -> Iterator[bytes]:
    """The chunks of the response; the head is given to *delivery* when a server would send it."""
    start = _Start(delivery)
    iterable = application(environ_of(request), start)
    try:
        yield from start.written()
        for chunk in iterable:
            yield from start.written()
            if sendable(chunk, bytes):
                start.send_head()
                yield chunk
        yield from start.written()
        start.send_head()
    finally:
        close_iterator(iterable)


class _Start:
    """``start_response`` of one request."""

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery
        self._head: Head | None = None
        self._written: list[bytes] = []

    def __call__(
        self, status: str, headers: list[tuple[str, str]], exc_info: ErrorInfo | None = None
    ) -> Any:
        try:
            if exc_info is not None and exc_info[1] is not None:
                if self._delivery.head is not None:
                    raise exc_info[1].with_traceback(exc_info[2])
            elif self._head is not None:
                raise AssertionError("start_response was called twice, without exc_info")
            code, _, reason = status.partition(" ")
            self._head = Head(int(code), reason, list(headers))
        finally:
            exc_info = None
        return self._written.append

    def send_head(self) -> None:
        if self._head is None:
            raise AssertionError("the application has not called start_response")
        if self._delivery.head is None:
            self._delivery.begin(self._head)

    def written(self) -> Iterator[bytes]:
        """What was given to the callable that ``start_response`` returns."""
        while self._written:
            self.send_head()
            yield sendable(self._written.pop(0), bytes)
