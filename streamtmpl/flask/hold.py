"""The contexts of Flask, held until a stream ends, in whichever version of Flask this is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token, copy_context
from functools import cache
from typing import Any

from flask import globals as contexts

from streamtmpl.pallets.contexts import context_without, in_stream, to_end

from .supported import MERGED

_names: Any = contexts  # mypy sees those of the version that is installed
cv_app: ContextVar[Any] = _names._cv_app
cv_request: ContextVar[Any] | None = None if MERGED else _names._cv_request
"""From Flask 3.2 on, one context is that of the application and of the request."""

_home: ContextVar[None] = ContextVar("streamtmpl_home", default=None)
"""Set in the contextvars context that a request is served in: only there its token is valid."""


def request_context() -> Any:
    """The context of the current request, if there is one."""
    if cv_request is not None:
        return cv_request.get(None)
    context = cv_app.get(None)
    return context if context is not None and context.has_request else None


class HeldContexts:
    """Holds the contexts of the current request, in a contextvars context of its own.

    A context of Flask is torn down by its last pop. Before 3.2 it pops its pushes in reverse
    order: a hold puts its push at the bottom, so that Flask's own pops meet their own pushes, in
    their own contextvars context, whatever the order in which requests and streams end. From 3.2
    on it counts its pushes.

    Teardown functions undo what was done before the view, such as to set a context variable. So
    the last pop is in the contextvars context that the request was served in, if the stream ends
    there, as it does in most servers.
    """

    def __init__(self) -> None:
        """Hold the current contexts; outside of a request there is nothing to hold."""
        self.request_context = request_context()
        self._home: Token[None] | None = None
        if self.request_context is None:
            self._context = copy_context()
            return
        self._app_context = cv_app.get()
        self._context = context_without(cv_app, cv_request or cv_app)
        if cv_request is None:
            _count_holds(self._app_context)
        self.run(in_stream.set, True)
        self.run(self._push)

    def served_here(self) -> None:
        """Note that the current contextvars context is the one that the request is served in."""
        self._home = _home.set(None)

    def _push(self) -> None:
        self._app_token = cv_app.set(self._app_context)
        if cv_request is None:
            self._app_context._push_count += 1
            self._app_context.streamtmpl_holds += 1
            return
        self._app_context._cv_tokens.insert(0, self._app_token)
        # RequestContext.push() would match the URL anew, and view_args may have been changed.
        self._request_token = (cv_request.set(self.request_context), None)
        self.request_context._cv_tokens.insert(0, self._request_token)

    def run(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call *function* in the held contexts."""
        return self._context.run(function, *args, **kwargs)

    def make(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call *function*, which makes the stream, in what is held; if it fails, release that."""
        try:
            return self.run(function, *args, **kwargs)
        except BaseException:
            self._release(None)
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
            self._release(error)

    def _release(self, error: BaseException | None) -> None:
        if self.request_context is None:
            return
        self.run(in_stream.set, False)
        if self._is_home():
            self.run(self._take_back)
            self._push()
            self._pop(error)
        else:
            self.run(self._pop, error)

    def _is_home(self) -> bool:
        if self._home is None:
            return False
        try:
            _home.reset(self._home)
        except ValueError:  # it was set in another contextvars context
            return False
        return True

    def _take_back(self) -> None:
        """Undo the push."""
        cv_app.reset(self._app_token)
        if cv_request is None:
            self._app_context._push_count -= 1
            self._app_context.streamtmpl_holds -= 1
            return
        self._app_context._cv_tokens.remove(self._app_token)
        self.request_context._cv_tokens.remove(self._request_token)
        cv_request.reset(self._request_token[0])

    def _pop(self, error: BaseException | None) -> None:
        app_context, request_context = self._app_context, self.request_context
        if cv_request is None:
            if app_context._push_count > 1:
                self._take_back()
                return
            app_context.streamtmpl_holds -= 1
            app_context._cv_token = self._app_token  # of the contextvars context that this runs in
            app_context.pop(error)
            return
        try:
            to_end(request_context._cv_tokens, self._request_token)
            request_context.pop(error)
        finally:
            to_end(app_context._cv_tokens, self._app_token)
            app_context.pop(error)


class _CountsHolds:
    """Put before the class of a context that counts its pushes, which holds are among.

    Flask's own last pop leaves the context current where others are to come. These are ours, in
    other contextvars contexts.
    """

    streamtmpl_holds = 0
    _push_count: int
    _cv_token: Any

    def pop(self, exc: BaseException | None = None) -> None:
        super().pop(exc)  # type: ignore[misc] # Flask's
        if self._push_count == self.streamtmpl_holds > 0:
            cv_app.reset(self._cv_token)
            self._cv_token = None  # the test client may push it anew


@cache
def _counting(kind: Any) -> Any:
    return type(kind.__name__, (_CountsHolds, kind), {})


def _count_holds(context: Any) -> None:
    if not isinstance(context, _CountsHolds):
        kind: Any = type(context)
        context.__class__ = _counting(kind)
