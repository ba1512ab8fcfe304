"""Flask 3.2, where one context is that of the application and of the request.

It has not been released: a stand-in does what its main branch has changed. The context counts its
pushes, a push that is not the first and a pop that is not the last leave the context variable as it
is, and there is no variable for requests. With Flask 3.2 installed, all other tests of the adapter
are about it.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, copy_context
from typing import Any

import pytest

pytest.importorskip("flask")

from flask.ctx import _AppCtxGlobals

from streamtmpl.flask import hold, regions
from streamtmpl.flask.hold import HeldContexts
from streamtmpl.flask.regions import RegionExecutor
from streamtmpl.pallets.contexts import in_stream


class StandIn:
    """A context as Flask 3.2 has it, as far as holding it goes."""

    has_request = True

    def __init__(self) -> None:
        self._push_count = 0
        self._cv_token: Any = None
        self.events: list[Any] = []
        self.g = _AppCtxGlobals()
        self.url_adapter: Any = "adapter"
        self._request: Any = "request"
        self._flashes = ["Saved."]
        self._after_request_functions: list[Any] = []

    def copy(self) -> StandIn:
        made = StandIn()
        made.events, made._flashes = self.events, []
        return made

    def push(self) -> None:
        self._push_count += 1
        if self._cv_token is None:
            self._cv_token = hold.cv_app.set(self)
            self.events.append("pushed")
            self.matches = self.url_adapter is not None

    def pop(self, exc: BaseException | None = None) -> None:
        if self._cv_token is None or hold.cv_app.get(None) is not self:
            raise RuntimeError("it is not the active context")
        self._push_count -= 1
        if self._push_count > 0:
            return
        self.events.append(exc if self._request else "of the application alone")
        hold.cv_app.reset(self._cv_token)
        self._cv_token = None


@pytest.fixture(autouse=True)
def merged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hold, "cv_request", None)
    monkeypatch.setattr(regions, "MERGED", True)


class Request:
    """A request in a contextvars context of its own, as a worker thread has one."""

    def __init__(self, served: Context | None = None) -> None:
        self.served = served or copy_context()
        self.context = StandIn()
        self.run(self.context.push)

    def run(self, function: Callable[..., Any], *args: Any) -> Any:
        return self.served.run(function, *args)

    def hold(self) -> HeldContexts:
        def held() -> HeldContexts:
            made = HeldContexts()
            made.served_here()
            return made

        made: HeldContexts = self.run(held)
        return made

    def ends(self, error: BaseException | None = None) -> None:
        self.run(self.context.pop, error)

    def current(self) -> Any:
        return self.run(hold.cv_app.get, None)


def end(held: HeldContexts, error: BaseException | None = None) -> None:
    with pytest.raises(type(error)) if error else held.until_end():
        if error:
            with held.until_end():
                raise error


def test_the_end_of_the_stream_tears_down_and_nothing_stays_in_the_thread() -> None:
    request = Request()
    held = request.hold()
    request.ends()
    assert request.current() is None
    assert held.run(hold.cv_app.get) is request.context
    assert held.run(in_stream.get)
    assert request.context.events == ["pushed"]
    request.run(end, held)
    assert request.context.events == ["pushed", None]
    assert request.current() is None
    assert held.run(hold.cv_app.get, None) is None
    assert request.context._push_count == 0


def test_a_stream_may_end_in_another_context_variables_context() -> None:
    request = Request()
    held = request.hold()
    request.ends()
    error = ZeroDivisionError()
    Context().run(end, held, error)
    assert request.context.events == ["pushed", error]
    assert request.current() is None


def test_a_stream_that_ends_before_its_request_tears_nothing_down() -> None:
    request = Request()
    held = request.hold()
    request.run(end, held)
    assert request.current() is request.context
    assert request.context.events == ["pushed"]
    request.ends()
    assert request.context.events == ["pushed", None]
    assert request.current() is None


@pytest.mark.parametrize("first", [0, 1])
def test_the_last_of_two_streams_tears_down(first: int) -> None:
    request = Request()
    holds = [request.hold(), request.hold()]
    request.ends()
    assert request.current() is None
    request.run(end, holds[first])
    assert request.context.events == ["pushed"]
    Context().run(end, holds[1 - first])
    assert request.context.events == ["pushed", None]


@pytest.mark.parametrize("stream_ends_first", [True, False])
def test_the_test_client_may_push_it_once_more(stream_ends_first: bool) -> None:
    request = Request()
    held = request.hold()
    request.ends()
    request.run(request.context.push)
    assert request.current() is request.context
    endings = [lambda: request.run(end, held), request.ends]
    for ending in endings if stream_ends_first else reversed(endings):
        assert request.context.events == ["pushed", "pushed"]
        ending()
    assert request.context.events == ["pushed", "pushed", None]
    assert request.current() is None


def test_requests_in_one_thread_do_not_meet() -> None:
    first = Request()
    held = first.hold()
    first.ends()
    second = Request(first.served)
    second.run(end, held)
    assert second.current() is second.context
    assert first.context.events == ["pushed", None]


def test_a_region_in_a_thread_ends_its_own_context_and_not_the_request() -> None:
    request = Request()
    seen: list[Any] = []

    def render(region: str) -> None:
        own = hold.cv_app.get()
        seen.extend((region, own, own.g.user, own.url_adapter, own._flashes, own._request))

    request.context.g.user = "Ann"
    variables = request.run(copy_context)
    with ThreadPoolExecutor(1) as executor:
        RegionExecutor(executor, request.context).submit(variables.run, render, "region").result()
    name, own, *others = seen
    assert name == "region"
    assert own is not request.context
    assert not own.matches
    assert others == ["Ann", "adapter", ["Saved."], "request"]
    assert request.context.events == ["pushed", "pushed", "of the application alone"]
    assert request.current() is request.context
    assert variables.run(hold.cv_app.get) is request.context
