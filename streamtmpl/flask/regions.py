"""An application context for each region that is rendered in a thread of an executor.

What belongs to one thread at a time is kept by the application context in Flask, and ended by its
teardown functions: the session of Flask-SQLAlchemy, a connection that is opened on ``g``. Regions
of one page that are rendered at once would share it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from contextvars import copy_context
from functools import cache
from typing import Any

from flask.ctx import _AppCtxGlobals
from flask.signals import appcontext_popped, appcontext_tearing_down

from streamtmpl.pallets.contexts import in_stream

from .hold import cv_app
from .supported import MERGED


class RegionExecutor(Executor):
    """An executor for the regions of one stream, each of which has an application context."""

    def __init__(self, executor: Executor, context: Any) -> None:
        """Have the threads of *executor* render regions of what is streamed in *context*."""
        self._executor = executor
        self._context = context

    def submit(  # type: ignore[override] # a region's context variables run what renders it
        self, run: Callable[..., Any], /, render: Callable[..., Any], *region: Any
    ) -> Future[None]:
        """Have *run*, a method of the region's context variables, run *render* in a thread."""
        # A region that has begun in another one has a copy of that one's, which ends before it.
        run(cv_app.set, self._context)
        return self._executor.submit(run, self._render, render, *region)

    def _render(self, render: Callable[..., Any], *region: Any) -> None:
        # In a copy: the part for errors is rendered in the thread of the document, if the time of
        # the region is over, and must not meet there what belongs to this thread.
        copy_context().run(self._render_in_own, render, *region)

    def _render_in_own(self, render: Callable[..., Any], *region: Any) -> None:
        own = _context_like(self._context)
        error: BaseException | None = None
        try:
            render(*region)
        except BaseException as raised:
            error = raised
            raise
        finally:
            in_stream.set(False)
            _end(own, error)


def _context_like(context: Any) -> Any:
    """An application context beside *context*, of the same request, which is current now."""
    own = context.copy() if MERGED else context.app.app_context()
    own.g = _globals_over(context.g)
    if MERGED:
        own._flashes = context._flashes
        own._after_request_functions = context._after_request_functions
        own.url_adapter = None  # else the push would match the URL anew, and change view_args
    own.push()
    if MERGED:
        own.url_adapter = context.url_adapter
    return own


def _end(own: Any, error: BaseException | None) -> None:
    """Pop the context of a region: its teardown functions see what the region has made alone."""
    _put_over(own.g, _AppCtxGlobals())
    if MERGED:
        own._request = None  # which goes on: no teardown functions of the request, no close()
    if MERGED or len(own._cv_tokens) > 1:  # held by a stream that the region has made
        with _logged():
            own.pop(error)
        return
    # As Flask 3.2 does it: a function that fails keeps no other from running, such as that which
    # gives a connection back. One may fail here that does not in a request, if it takes for granted
    # what the request has put on g.
    app = own.app
    for function in reversed(app.teardown_appcontext_funcs):
        with _logged():
            app.ensure_sync(function)(error)
    with _logged():
        appcontext_tearing_down.send(app, _async_wrapper=app.ensure_sync, exc=error)
    cv_app.reset(own._cv_tokens.pop())
    with _logged():
        appcontext_popped.send(app, _async_wrapper=app.ensure_sync)


@contextmanager
def _logged() -> Iterator[None]:
    """Around what tears down: the region has been rendered, and nobody else would see an error."""
    try:
        yield
    except Exception as error:
        logging.getLogger("streamtmpl").error(
            "error in a teardown function, in the application context of a deferred region",
            exc_info=error,
        )


class _Over:
    """Put before the class of ``g``: what is not set here is read from the request's, beneath."""

    __slots__ = ("_beneath",)
    __dict__: dict[str, Any]
    _beneath: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(self._beneath, name)

    def get(self, name: str, default: Any = None) -> Any:
        own = self.__dict__
        return own[name] if name in own else self._beneath.get(name, default)

    def setdefault(self, name: str, default: Any = None) -> Any:
        return self.get(name) if name in self else self.__dict__.setdefault(name, default)

    def __contains__(self, name: str) -> bool:
        return name in self.__dict__ or name in self._beneath

    def __iter__(self) -> Iterator[str]:
        return iter({**dict.fromkeys(self._beneath), **self.__dict__})


@cache
def _class_over(kind: Any) -> Any:
    return kind if issubclass(kind, _Over) else type(kind.__name__, (_Over, kind), {})


def _globals_over(request_globals: Any) -> Any:
    """The ``g`` of a region. What its class sets in all of them is read from beneath as well."""
    kind: Any = type(request_globals)
    over = _class_over(kind)
    own = over.__new__(over)
    _put_over(own, request_globals)
    return own


def _put_over(own: Any, beneath: Any) -> None:
    object.__setattr__(own, "_beneath", beneath)  # g's own sets what others read
