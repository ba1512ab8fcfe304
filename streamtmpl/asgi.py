"""Streams as ASGI applications.

One task owns a stream: it steps it, sends what it gives, and closes it. Another one waits for the
client's disconnect, for which servers do not agree on any other sign, and cancels the first. A page
that needs no wait and no second chunk is sent without them, as any other response.
"""

from __future__ import annotations

import asyncio
import sys
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from jinja2 import Template

from .chunks.options import AutoDeferred, Block, StreamOptions
from .chunks.render import asyncio_runs
from .events.response import add_event_headers, decoded_id
from .events.streams import KEEP_ALIVE, event_stream_async
from .responses.body import async_byte_stream, content_type_of
from .responses.head import WITHOUT_CONTENT, ResponseHead
from .responses.headers import add_vary
from .responses.policy import provisional, settle
from .responses.script import PAGE, PATCH, Script, script_response

if TYPE_CHECKING:
    from collections.abc import (
        AsyncIterable,
        Awaitable,
        Callable,
        Iterable,
        Mapping,
        MutableMapping,
    )
    from concurrent.futures import Executor
    from wsgiref.headers import Headers

    from .chunks.async_stream import AsyncChunkStream
    from .events.event import Event
    from .responses.head import HeaderItems
    from .responses.readers import Header

    Scope = MutableMapping[str, Any]
    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]


class StreamResponse:
    """An ASGI application that answers one request with a stream.

    ::

        async def app(scope, receive, send):
            template = env.get_template("report.html")
            await StreamResponse(template, {"rows": rows()})(scope, receive, send)

    The stream runs in the context variables that the response was created in. Nothing is sent
    before the first chunk is there: an error up to then is raised to the caller, who can still send
    an error page. One after it is raised as well, and the response is left without its end, so that
    the server cuts the connection.

    :ivar headers: the headers, which may be changed until the first chunk is sent.
    """

    def __init__(
        self,
        source: Any,
        context: Mapping[str, Any] | None = None,
        *,
        status: int | str = 200,
        headers: HeaderItems = (),
        content_type: str | None = None,
        chunk_size: int | None = None,
        commit_after: str | None = None,
        deferred: AutoDeferred = "auto",
        nonce: str | None = None,
        executor: Executor | None = None,
        block: Block | None = None,
    ) -> None:
        """Check the arguments and prepare the stream; nothing is rendered yet.

        :param source: a template, rendered with *context*; a stream of this package; or an iterable
            or async iterable of either ``str`` or ``bytes``. What is not async is stepped in a
            worker thread, which needs asyncio.
        :param status: the status code.
        :param headers: a mapping, or pairs of name and value.
        :param content_type: the type, and a charset that text is encoded in (UTF-8 unless named);
            that of the stream, or of HTML, unless given.
        :param chunk_size: as in :func:`~streamtmpl.render_stream`.
        :param commit_after: the name of a block of the template; nothing is sent before it has been
            rendered.
        :param deferred: where a template's deferred regions go: ``"patch"`` or ``"in-order"``, as
            with :func:`~streamtmpl.render_stream`, or ``"auto"``: as it suits who asks.
        :param nonce: what the response's Content-Security-Policy allows the inline script by.
        :param executor: whose threads render deferred regions of a sync template.
        :param block: the block of the template that is sent alone, or several in a tuple.
        :raises NotStreamingError: *source* cannot be streamed.
        :raises TypeError: a header is not of strings; or something is given that goes with a
            template only, and *source* is none.
        :raises ValueError: a header or the status could not be sent, or *deferred* is no mode.
        :raises LookupError: there is no such charset.
        """
        self._head = ResponseHead(status, headers, content_type or content_type_of(source))
        regions = provisional(deferred, nonce, executor)
        options = StreamOptions(chunk_size, self._head.charset, commit_after, regions, block)
        self._undecided = options if deferred == "auto" and isinstance(source, Template) else None
        self._source = source
        self._stream = async_byte_stream(source, context, options)
        self.headers: Headers = self._head.headers

    @property
    def status(self) -> int:
        """The status code, which may be changed until the first chunk is sent."""
        return self._head.status

    @status.setter
    def status(self, status: int | str) -> None:
        self._head.status = status

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request; a second one needs another response.

        Returns as well when the client has disconnected. A HEAD request gets the headers, and
        nothing is rendered for it.

        :raises RuntimeError: *scope* is not of HTTP.
        :raises StreamClosedError: the response has been sent already.
        """
        if self._undecided is not None and scope["type"] == "http":
            add_vary(self.headers, settle(self._undecided, headers_of(scope)))
        await send_stream(self._stream, self._start, scope, receive, send)
        if scope["method"] == "HEAD":
            await close_source(self._source)

    async def _start(self) -> Message:
        pairs = self._head.sent()
        return {
            "type": "http.response.start",
            "status": self._head.status,
            "headers": _as_bytes(pairs),
        }


class EventResponse(StreamResponse):
    """An ASGI application that answers one request with an event stream."""

    def __init__(
        self,
        source: AsyncIterable[Event | None] | Iterable[Event | None],
        *,
        keep_alive: float | None = KEEP_ALIVE,
        stop_on_error: bool = False,
        status: int | str = 200,
        headers: HeaderItems = (),
    ) -> None:
        """Prepare to send the events of *source*; none is asked for yet.

        :param source: an async iterable of events, or an ordinary one.
        :param keep_alive: this and *stop_on_error* are those of
            :func:`~streamtmpl.events.event_stream_async`, as are the errors.
        :param status: the status code.
        :param headers: a mapping, or pairs; those of an event stream are added.
        """
        stream = event_stream_async(source, keep_alive, stop_on_error=stop_on_error)
        super().__init__(stream, status=status, headers=headers)
        add_event_headers(self.headers)
        self._source = source  # what a HEAD request leaves unread


def last_event_id(scope: Scope) -> str | None:
    """The id of the last event that the client has seen, if it connects again."""
    return decoded_id(headers_of(scope)("Last-Event-ID"))


def headers_of(scope: Scope) -> Header:
    """What gives the headers of the request by name, the last one if there are several."""
    headers = dict(scope.get("headers", ()))

    def header(name: str) -> str | None:
        found = headers.get(name.lower().encode())
        return None if found is None else found.decode("latin-1")

    return header


def _as_bytes(headers: list[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]


async def close_source(source: Any) -> None:
    """Close what no step of a stream has opened, so that the stream has nothing to close."""
    close = getattr(source, "aclose", None)
    if close is not None:
        await close()
    elif callable(close := getattr(source, "close", None)):
        if asyncio_runs():
            await asyncio.to_thread(close)
        else:
            close()


async def send_stream(
    stream: AsyncChunkStream[bytes],
    start: Callable[[], Awaitable[Message]],
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    """Send a response whose body is *stream*, and close the stream.

    :param start: gives the message ``http.response.start``; called when the first chunk is there,
        and before anything is sent.
    :raises RuntimeError: *scope* is not of HTTP.
    :raises Exception: what the stream raised. The end of the response has not been sent then.
    """
    if scope["type"] != "http":
        raise RuntimeError(f"a stream answers HTTP requests, not a scope of {scope['type']!r}")
    send = _telling_disconnects(scope, send)
    try:
        async with stream:
            if scope["method"] == "HEAD":
                await send(await start())
            elif (whole := await stream.whole()) is not None:
                await _send_whole(whole, await start(), send)
                return
            else:
                delivery = _Delivery(stream, start, send)
                if not await while_connected(stream, delivery.run, receive):
                    return
                if delivery.whole is not None:
                    await _send_whole(delivery.whole, await start(), send)
                    return
        # Servers report a disconnect as soon as they have this: nobody watches any more.
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    except _Disconnected:
        pass


async def _send_whole(body: bytes, start: Message, send: Send) -> None:
    """Send a response that is there as a whole: with its length, and to whoever is still there."""
    if start["status"] in WITHOUT_CONTENT:
        body = b""
    else:
        length = (b"content-length", str(len(body)).encode())
        start = {**start, "headers": [*start["headers"], length]}
    await send(start)
    await send({"type": "http.response.body", "body": body, "more_body": False})


class _Disconnected(Exception):
    """The server has told, when something was to be sent, that the client is gone."""


def _telling_disconnects(scope: Scope, send: Send) -> Send:
    """*send*, which raises :class:`_Disconnected` where the server's raises an ``OSError`` for it.

    Servers do so from version 2.4 of the specification on.
    """
    if not _tells_disconnects(scope.get("asgi", {}).get("spec_version", "2.0")):
        return send

    async def send_if_connected(message: Message) -> None:
        try:
            await send(message)
        except OSError as error:
            raise _Disconnected from error

    return send_if_connected


@lru_cache(8)
def _tells_disconnects(version: str) -> bool:
    return tuple(map(int, version.split("."))) >= (2, 4)


class _Delivery:
    """Sends the head and the chunks of a response; the next chunk is asked for when one is sent.

    :ivar whole: what is still to be sent, and is the whole response: its first chunk is its last.
    """

    whole: bytes | None = None

    def __init__(
        self,
        stream: AsyncChunkStream[bytes],
        start: Callable[[], Awaitable[Message]],
        send: Send,
    ) -> None:
        self._stream, self._start, self._send = stream, start, send

    async def run(self) -> None:
        """Send all but the end of the response."""
        stream, send = self._stream, self._send
        chunk = await anext(stream, None)
        if stream.over:
            self.whole = chunk or b""
            return
        message = await self._start()
        await send(message)
        if message["status"] in WITHOUT_CONTENT:
            return
        while chunk is not None:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
            chunk = await anext(stream, None)


async def _disconnect(receive: Receive) -> None:
    """Wait until the client has disconnected; what it still sends is dropped."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def while_connected(
    stream: AsyncChunkStream[bytes], deliver: Callable[[], Awaitable[None]], receive: Receive
) -> bool:
    """Run *deliver*, cancel it when the client disconnects, and say whether it has ended."""
    if asyncio_runs():
        return await _on_asyncio(stream, deliver, receive)
    trio = sys.modules.get("trio")
    if trio is None:
        raise RuntimeError("streams are sent under asyncio or trio, not under another event loop")
    return await _on_trio(trio, deliver, receive)


async def _on_asyncio(
    stream: AsyncChunkStream[bytes], deliver: Callable[[], Awaitable[None]], receive: Receive
) -> bool:
    closing = False

    async def own() -> None:
        nonlocal closing
        async with stream:
            try:
                await deliver()
            finally:
                closing = True  # and that is not interrupted

    owner = asyncio.create_task(own())
    watcher = asyncio.create_task(_disconnect(receive))
    try:
        await asyncio.wait((owner, watcher), return_when=asyncio.FIRST_COMPLETED)
    finally:
        disconnected = not owner.done()
        watcher.cancel()
        if not closing:
            owner.cancel()
        await _ended(owner, watcher)
    if disconnected and owner.cancelled():
        watcher.result()
        return False
    owner.result()
    return True


async def _ended(*tasks: asyncio.Task[None]) -> None:
    """Wait until *tasks* have ended, however often the wait is cancelled.

    A cancelled scope of anyio's cancels the wait again and again, a closing stream must not be.
    """
    cancelled = None
    while not all(task.done() for task in tasks):
        try:
            await asyncio.wait(tasks)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled


async def _on_trio(trio: Any, deliver: Callable[[], Awaitable[None]], receive: Receive) -> bool:
    errors: list[Exception] = []
    delivered = False

    async def run(function: Callable[[], Awaitable[None]]) -> None:
        try:
            await function()
        except Exception as error:  # noqa: BLE001 - raised below: the nursery would wrap it
            errors.append(error)
        nursery.cancel_scope.cancel()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(run, partial(_disconnect, receive))
        await run(deliver)
        delivered = True
    if errors:
        raise errors[0]
    return delivered


class _ServedScript:
    """The applications below: objects, since frameworks take functions for endpoints."""

    def __init__(self, name: str, script: Script) -> None:
        self.__name__ = name
        self._script = script

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request.

        :raises RuntimeError: *scope* is not of HTTP.
        """
        if scope["type"] != "http":
            raise RuntimeError(
                f"the script answers HTTP requests, not a scope of {scope['type']!r}"
            )
        known = [value for name, value in scope["headers"] if name == b"if-none-match"]
        status, headers, body = script_response(
            self._script, scope["method"], b",".join(known).decode("latin-1")
        )
        await send(
            {
                "type": "http.response.start",
                "status": status.value,
                "headers": _as_bytes(headers),
            }
        )
        await send({"type": "http.response.body", "body": body})


patch_script = _ServedScript("patch_script", PATCH)
"""An ASGI application that serves the script for browsers that do not patch by themselves.

Its URL goes into the environment's ``patch_script``.
"""

page_script = _ServedScript("page_script", PAGE)
"""An ASGI application that serves the page script.

A page refers to it in a ``<script src="...">`` at the end of its content.
"""
