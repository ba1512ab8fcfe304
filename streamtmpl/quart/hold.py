"""The contexts of Quart, held until a stream ends, in whichever version of Quart this is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from contextvars import ContextVar, copy_context
from typing import Any

from quart import globals as contexts

from streamtmpl.chunks.compiled import drive
from streamtmpl.pallets.contexts import context_without, in_stream, to_end

from .supported import MERGED

_names: Any = contexts  # mypy sees those of the version that is installed
cv_app: ContextVar[Any] = _names._cv_app
cv_request: ContextVar[Any] | None = None if MERGED else _names._cv_request
"""From Quart 0.23 on, one context is that of the application and of the request."""


def request_context() -> Any:
    """The context of the current request, if there is one."""
    if cv_request is not None:
        return cv_request.get(None)
    context = cv_app.get(None)
    return context if context is not None and context.has_request else None


class HeldContexts:
    """Holds the contexts of the current request, in a contextvars context of its own.

    A context of Quart is torn down by its last pop. Before 0.23 it pops its pushes in reverse
    order: a hold puts its push at the bottom, so that Quart's own pops meet their own pushes, in
    their own contextvars context, whatever the order in which requests and streams end. From 0.23
    on it counts its pushes.
    """

    def __init__(self) -> None:
        """Hold the current contexts; outside of a request there is nothing to hold."""
        self.request_context = request_context()
        if self.request_context is None:
            self._context = copy_context()
            return
        self._app_context = cv_app.get()
        self._context = context_without(cv_app, cv_request or cv_app)
        self.run(self._push, self.request_context)

    def _push(self, request_context: Any) -> None:
        in_stream.set(True)
        self._app_token = cv_app.set(self._app_context)
        if cv_request is None:
            request_context._push_count += 1
            return
        self._app_context._cv_tokens.insert(0, self._app_token)
        self._request_token = (cv_request.set(request_context), None)
        request_context._cv_tokens.insert(0, self._request_token)

    @property
    def shows(self) -> bool:
        """Whether there is a request that will show what is streamed."""
        context = self.request_context
        return context is not None and context.request.method != "HEAD"

    def run(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call *function* in the held contexts."""
        return self._context.run(function, *args, **kwargs)

    async def make(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call *function*, which makes the stream, in what is held; if it fails, release that."""
        try:
            return self.run(function, *args, **kwargs)
        except BaseException:
            if self.request_context is not None:
                await self.step(self._pop, self.request_context, None)
            raise

    async def step(self, function: Callable[..., Coroutine[Any, Any, Any]], *args: Any) -> Any:
        """Await the coroutine function *function* in the held contexts."""
        return await drive(function(*args), run=self._context.run)

    @asynccontextmanager
    async def until_end(self) -> AsyncIterator[None]:
        """Release what is held in the end, with the error that has ended the stream."""
        error: BaseException | None = None
        try:
            yield
        except BaseException as raised:
            error = raised
            raise
        finally:
            if self.request_context is not None:
                await self.step(self._pop, self.request_context, error)

    async def _pop(self, request_context: Any, error: BaseException | None) -> None:
        in_stream.set(False)
        if cv_request is None:
            if request_context._push_count == 1:  # the last pop is ours: in our contextvars context
                request_context._cv_token = self._app_token
            await request_context.pop(error)
            return
        try:
            to_end(request_context._cv_tokens, self._request_token)
            await request_context.pop(error)
        finally:
            to_end(self._app_context._cv_tokens, self._app_token)
            await self._app_context.pop(error)
