"""Bare WSGI applications."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

HTML = [("Content-Type", "text/html; charset=utf-8")]
Start = Callable[..., Any]


class Body:
    """An iterable that counts how often it was closed."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.chunks, self.closings = chunks, 0

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.chunks)

    def close(self) -> None:
        self.closings += 1


def application_of(body: Any, status: str = "200 OK", headers: Any = HTML) -> Any:
    def application(environ: dict[str, Any], start_response: Start) -> Any:
        start_response(status, headers)
        return body

    return application
