"""Requests, and which protocol an application speaks."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple
from urllib.parse import unquote

Headers = Mapping[str, str] | Iterable[tuple[str, str]]
Protocol = Literal["wsgi", "asgi"]


class Request(NamedTuple):
    """A request, as it is sent."""

    method: str
    path: str
    """Without escapes."""
    raw_path: str
    query: str
    headers: list[tuple[str, str]]
    body: bytes


def request_of(method: str, url: str, headers: Headers, body: bytes) -> Request:
    """The request for a *url* that is a path, maybe with a query."""
    if not url.startswith("/"):
        raise ValueError(f"a path begins with '/': {url!r}")
    path, _, query = url.partition("?")
    pairs = list(headers.items() if isinstance(headers, Mapping) else headers)
    names = {name.lower() for name, _ in pairs}
    if "host" not in names:
        pairs.insert(0, ("Host", "testserver"))
    if body and "content-length" not in names:
        pairs.append(("Content-Length", str(len(body))))
    return Request(method.upper(), unquote(path), path, query, pairs, body)


def protocol_of(application: Any) -> Protocol:
    """Which protocol *application* speaks.

    An ASGI application is a coroutine function, or what is called with three arguments.
    """
    called = getattr(application, "__call__", None)  # noqa: B004 - the method, not whether
    if inspect.iscoroutinefunction(application) or inspect.iscoroutinefunction(called):
        return "asgi"
    if not callable(application):
        raise TypeError(f"neither a WSGI nor an ASGI application: {application!r}")
    try:
        signature = inspect.signature(application)
    except (TypeError, ValueError):
        return "wsgi"
    if _takes(signature, 2):
        return "wsgi"
    if not _takes(signature, 3):
        raise TypeError(f"neither a WSGI nor an ASGI application: {application!r}")
    return "asgi"


def _takes(signature: inspect.Signature, count: int) -> bool:
    try:
        signature.bind(*range(count))
    except TypeError:
        return False
    return True
