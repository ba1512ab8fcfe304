"""The contexts of Flask, held until a stream ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from flask.globals import _cv_app, _cv_request

from streamtmpl.pallets.contexts import context_without, in_stream, to_end

if TYPE_CHECKING:
    from flask.ctx import RequestContext


KNOWN = ((2, 3), (3, 0), (3, 1))
"""The versions of Flask whose contexts :class:`HeldContexts` knows."""


class HeldContexts:
    """Holds the contexts of the current request, in a contextvars context of its own.

    A context of Flask is torn down by its last pop, and pops its pushes in reverse order. A hold
    puts its push at the bottom, so that Flask's own pops meet their own pushes, in their own
    contextvars context, whatever the order in which requests and streams end.
    """

    def __init__(self) -> None:
        """Hold the current contexts; outside of a request there is nothing to hold."""
        self.request_context: RequestContext | None = _cv_request.get(None)
        if self.request_context is None:
            self._context = copy_context()
            return
        self._app_context = _cv_app.get()
        self._context = context_without(_cv_app, _cv_request)
        self.run(self._push, self.request_context)

    def _push(self, request_context: RequestContext) -> None:
        self._app_context.push()
        tokens = self._app_context._cv_tokens
        self._app_token = tokens.pop()
        tokens.insert(0, self._app_token)
        # RequestContext.push() would match the URL anew, and view_args may have been changed.
        self._request_token = (_cv_request.set(request_context), None)
        request_context._cv_tokens.insert(0, self._request_token)
        in_stream.set(True)

    def run(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call *function* in the held contexts."""
        return self._context.run(function, *args, **kwargs)

    def make(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call *function*, which makes the stream, in what is held; if it fails, release that."""
        try:
            return self.run(function, *args, **kwargs)
        except BaseException:
            if self.request_context is not None:
                self.run(self._pop, self.request_context, None)
            raise

    @contextmanager
    def until_end(self) -> Iterator[None]:
        """Release what is held in the end, with the error that has ended the stream."""
        error: BaseException | None = None
        try:
            yield
        except BaseException as raised:
            error = raised
            raise
        finally:
            if self.request_context is not None:
                self.run(self._pop, self.request_context, error)

    def _pop(self, request_context: RequestContext, error: BaseException | None) -> None:
        in_stream.set(False)
        try:
            to_end(request_context._cv_tokens, self._request_token)
            request_context.pop(error)
        finally:
            to_end(self._app_context._cv_tokens, self._app_token)
            self._app_context.pop(error)
