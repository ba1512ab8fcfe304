"""Clients of WSGI and ASGI applications that have a response before it is complete."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from .asgi import Exchange, Lifespan, scope_of
from .delivery import Delivery, InlineDelivery
from .requests import Headers, Protocol, Request, protocol_of, request_of
from .responses import AsyncStreamResponse, StreamResponse
from .running import LoopThread, start_task, start_thread
from .wsgi import chunks_of

FAILED = 1.0
"""Seconds that a test which has failed already gives an event loop to end."""


R = TypeVar("R")


class _Client(Generic[R]):
    """What both clients know of their application, and of its responses."""

    def __init__(
        self,
        application: Any,
        *,
        timeout: float = 10.0,
        protocol: Protocol | None = None,
        lifespan: bool | None = None,
        spec_version: str = "2.3",
        raise_errors: bool = True,
    ) -> None:
        """Make requests to *application*.

        :param application: a WSGI or ASGI application: of Flask, Django, Quart, Starlette, FastAPI,
            Litestar or any other framework, or of none.
        :param timeout: seconds that a test waits for one chunk, or for the application to end.
        :param protocol: ``"wsgi"`` or ``"asgi"``, if the application does not show it.
        :param lifespan: have an ASGI application start and end, by the lifespan protocol;
            ``None``: if it does not raise at that.
        :param spec_version: of ASGI. From 2.4 on, ``send()`` raises :exc:`OSError` when the client
            has gone; before that, nothing is sent.
        :param raise_errors: raise what the application raises once it has begun a response. Else
            the response ends there, as where a server cuts the connection: it is not complete.
        """
        self._application = application
        self._timeout = timeout
        self._protocol = protocol or protocol_of(application)
        self._spec_version = spec_version
        self._raise_errors = raise_errors
        self._wants_lifespan = lifespan
        self._lifespan: Lifespan | None = None
        self._running = False
        self._responses: list[R] = []

    def _begun_lifespan(self) -> Lifespan | None:
        """That of the application, which begins now; ``None``: it has none."""
        wanted = self._protocol == "asgi" and self._wants_lifespan is not False
        self._lifespan = Lifespan(required=bool(self._wants_lifespan)) if wanted else None
        return self._lifespan

    def _exchange(self, request: Request, delivery: Delivery) -> Exchange:
        state = {} if self._lifespan is None else self._lifespan.state
        return Exchange(scope_of(request, self._spec_version, state), request.body, delivery)

    def _check_head(self, begun: bool, delivery: Delivery, request: Request) -> None:
        asked = f"{request.method} {request.raw_path}"
        if not begun:
            delivery.leave()
            raise AssertionError(
                f"{asked}: no response has begun within {self._timeout:g} s."
                f" {delivery.told()}".rstrip()
            )
        if delivery.head is None:
            raise delivery.error or AssertionError(f"{asked}: the application sent no response")


class StreamClient(_Client[StreamResponse]):
    """Makes requests to an application, for tests without an event loop.

    ``with StreamClient(application) as client``: leaving the block disconnects from responses that
    have not been read to their end, waits until nothing of them runs any more, and ends the
    application. A WSGI application runs in a thread for each request, an ASGI application in an
    event loop in a thread.
    """

    def __init__(
        self,
        application: Any,
        *,
        thread: bool = True,
        timeout: float = 10.0,
        protocol: Protocol | None = None,
        lifespan: bool | None = None,
        spec_version: str = "2.3",
        raise_errors: bool = True,
    ) -> None:
        """Make requests to *application*; see :class:`AsyncStreamClient`.

        :param thread: with ``False``, a WSGI application runs in the test's thread, when the test
            reads on: for connections that belong to that thread, such as those of Django's
            ``TestCase``. No wait can be given up there; a gate gives up after its own timeout.
        """
        super().__init__(
            application,
            timeout=timeout,
            protocol=protocol,
            lifespan=lifespan,
            spec_version=spec_version,
            raise_errors=raise_errors,
        )
        self._in_thread = thread
        self._loop: LoopThread | None = None

    def get(self, url: str, *, headers: Headers = ()) -> StreamResponse:
        """Send a GET request; see :meth:`request`."""
        return self.request("GET", url, headers=headers)

    def request(
        self, method: str, url: str, *, headers: Headers = (), body: bytes = b""
    ) -> StreamResponse:
        """Send a request, and wait until a server would send the head of the response.

        Under WSGI that is with the first chunk, under ASGI with ``http.response.start``.

        :param url: a path, maybe with a query.
        :raises AssertionError: no response has begun in time. The message says what is waited for.
            What the application raises is raised as it is.
        """
        self._start()
        request = request_of(method, url, headers, body)
        delivery = self._answer(request)
        self._check_head(delivery.wait(delivery.is_begun, self._timeout), delivery, request)
        response = StreamResponse(delivery, self._timeout, self._raise_errors)
        self._responses.append(response)
        return response

    def _answer(self, request: Request) -> Delivery:
        if (loop := self._loop) is not None:
            delivery = Delivery()
            exchange = self._exchange(request, delivery)
            loop.start(delivery, lambda: exchange.over(self._application))
            return delivery
        if not self._in_thread:
            return InlineDelivery(lambda delivery: chunks_of(self._application, request, delivery))
        delivery = Delivery()
        chunks = chunks_of(self._application, request, delivery)
        start_thread(delivery, chunks, f"{request.method} {request.raw_path}")
        return delivery

    def close(self) -> None:
        """Do what leaving the ``with`` block does."""
        try:
            for response in self._responses:
                response.close()
            self._end_lifespan()
        finally:
            self._abandon()

    def __enter__(self) -> StreamClient:
        """Start an ASGI application."""
        self._start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Close; when the test has failed already, without a wait for the application."""
        if kind is None:
            self.close()
        else:
            self._abandon(failed=True)

    def _start(self) -> None:
        if self._running or self._protocol == "wsgi":
            return
        self._running = True
        self._loop = LoopThread()
        if (lifespan := self._begun_lifespan()) is not None:
            self._loop.start(lifespan, lambda: lifespan.over(self._application))
            try:
                lifespan.check(lifespan.wait(lifespan.is_begun, self._timeout), "start")
            except BaseException:
                self._abandon(failed=True)
                raise

    def _end_lifespan(self) -> None:
        if self._running and (lifespan := self._lifespan) is not None:
            lifespan.stop()
            lifespan.check(lifespan.wait(lifespan.is_over, self._timeout), "end")

    def _abandon(self, *, failed: bool = False) -> None:
        for response in self._responses:
            response.__exit__(BaseException, None, None)
        self._responses.clear()
        loop, self._loop, self._running = self._loop, None, False
        if loop is not None and not loop.stop(FAILED if failed else self._timeout) and not failed:
            raise AssertionError("a task of the application goes on although it was cancelled")


class AsyncStreamClient(_Client[AsyncStreamResponse]):
    """Makes requests to an application, for async tests, on asyncio or trio.

    ``async with AsyncStreamClient(application) as client``, and as with :class:`StreamClient`. An
    ASGI application runs in tasks of the test's event loop, a WSGI application in a thread for each
    request.
    """

    async def get(self, url: str, *, headers: Headers = ()) -> AsyncStreamResponse:
        """Send a GET request; see :meth:`request`."""
        return await self.request("GET", url, headers=headers)

    async def request(
        self, method: str, url: str, *, headers: Headers = (), body: bytes = b""
    ) -> AsyncStreamResponse:
        """Send a request, and wait for the head; see :meth:`StreamClient.request`."""
        await self._start()
        request, delivery = request_of(method, url, headers, body), Delivery()
        if self._protocol == "wsgi":
            chunks = chunks_of(self._application, request, delivery)
            start_thread(delivery, chunks, f"{method} {url}")
        else:
            exchange = self._exchange(request, delivery)
            start_task(delivery, lambda: exchange.over(self._application))
        begun = await delivery.monitor.wait_async(delivery.is_begun, self._timeout)
        if not begun:
            delivery.cancel()
        self._check_head(begun, delivery, request)
        response = AsyncStreamResponse(delivery, self._timeout, self._raise_errors)
        self._responses.append(response)
        return response

    async def close(self) -> None:
        """Do what leaving the ``async with`` block does."""
        try:
            for response in self._responses:
                await response.close()
            if self._running and (lifespan := self._lifespan) is not None:
                lifespan.stop()
                over = await lifespan.monitor.wait_async(lifespan.is_over, self._timeout)
                lifespan.check(over, "end")
        finally:
            await self._abandon()

    async def __aenter__(self) -> AsyncStreamClient:
        """Start an ASGI application."""
        await self._start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Close; when the test has failed already, by cancelling what still runs."""
        if kind is None:
            await self.close()
        else:
            await self._abandon()

    async def _start(self) -> None:
        if self._running:
            return
        self._running = True
        if (lifespan := self._begun_lifespan()) is not None:
            start_task(lifespan, lambda: lifespan.over(self._application))
            begun = await lifespan.monitor.wait_async(lifespan.is_begun, self._timeout)
            try:
                lifespan.check(begun, "start")
            except BaseException:
                lifespan.cancel()
                raise

    async def _abandon(self) -> None:
        for response in self._responses:
            await response.__aexit__(BaseException, None, None)
        self._responses.clear()
        self._running = False
        if self._lifespan is not None:
            self._lifespan.cancel()
