"""The extension of an application: how it is set up, and what it serves."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary, WeakSet

from streamtmpl.responses.script import Script, script_response

from .config import NAME, configure
from .environment import make_streaming, setting_up

App = TypeVar("App")

Streams = WeakKeyDictionary[Any, WeakSet[Any]]
"""The streams of each request, by its context."""


class Extension(ABC, Generic[App]):
    """Makes the template environment of an application a streaming one."""

    def __init__(self, app: App | None = None) -> None:
        """Set up *app*; without one, call :meth:`init_app` later."""
        if app is not None:
            self.init_app(app)

    def init_app(self, app: App) -> None:
        """Set up *app* as the keys of its configuration say that begin with ``STREAMTMPL_``.

        :raises ValueError: one of them is out of its range, such as a negative chunk size.
        :raises TypeError: one of them is of a kind that it cannot be.
        """
        streams_of(app, self._connect)
        make_streaming(app)

    @abstractmethod
    def _connect(self, app: App) -> None:
        """Connect the signals by which *app* tells how its requests end."""


def streams_of(app: Any, connect: Callable[[Any], None]) -> Streams:
    """The streams of each request to *app*, which is set up for them if it is not yet.

    :param connect: connects the signals by which the application tells how its requests end.
    """
    if NAME not in app.extensions:
        with setting_up:
            configure(app)
            connect(app)
            app.extensions.setdefault(NAME, Streams())
    streams: Streams = app.extensions[NAME]
    return streams


def response_of_script(script: Script, app: Any, request: Any) -> Any:
    """The response that serves *script*, of the application's class for responses."""
    # The body of a response to HEAD is counted here, and left out by the framework or its server.
    method = "GET" if request.method == "HEAD" else request.method
    known = request.headers.get("If-None-Match")
    status, headers, body = script_response(script, method, known)
    response = app.response_class(body, status=status.value)
    response.headers.clear()  # it has set those of a page
    response.headers.extend(headers)
    return response
