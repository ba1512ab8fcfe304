"""How a stream goes out over ASGI: who waits for whom, and how it ends.

One task owns a stream: it steps it, sends what it gives, and closes it. If that takes more than a
moment, another one waits for the client's disconnect, for which servers do not agree on any other
sign, and cancels the first. A page that needs no wait and no second chunk is sent without them, as
any other response.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import nullcontext
from contextvars import copy_context
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from streamtmpl.chunks.render import asyncio_runs, begun_task_in

from .head import WITHOUT_CONTENT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping
    from contextlib import AbstractContextManager

    from streamtmpl.chunks.async_stream import AsyncChunkStream

    Scope = MutableMapping[str, Any]
    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]

UNWATCHED = 0.01
"""Seconds for which nobody waits for a disconnect: most pages have been sent by then."""


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
    start: Callable[[bool], Message],
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    """Send a response whose body is *stream*, and close the stream.

    :param start: gives the message ``http.response.start``, and is told whether the first chunk is
        the last one; called once, when that is there and before anything is sent, in the thread
        that renders if there is one.
    :raises RuntimeError: *scope* is not of HTTP.
    :raises Exception: what the stream raised. The end of the response has not been sent then.
    """
    if scope["type"] != "http":
        raise RuntimeError(f"a stream answers HTTP requests, not a scope of {scope['type']!r}")
    send = _telling_disconnects(scope, send)
    delivery = _Delivery(stream, start, send)
    if "session" not in scope:  # what the page changes in one is late once the head has left
        stream.run_ahead(delivery.commit)
    try:
        async with stream:
            if scope["method"] == "HEAD":
                await send(start(False))
            else:
                whole = await stream.whole()
                if whole is None:
                    if not await while_connected(stream, delivery.run, receive):
                        return
                    whole = delivery.whole
                if whole is not None:
                    await _send_whole(whole, delivery.commit(over=True), send)
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
    _head: Message | None = None

    def __init__(
        self,
        stream: AsyncChunkStream[bytes],
        start: Callable[[bool], Message],
        send: Send,
    ) -> None:
        self._stream, self._start, self._send = stream, start, send

    def commit(self, *, over: bool = False) -> Message:
        """The message with status and headers; what becomes of them from now on comes too late."""
        if self._head is None:
            self._head = self._start(over)
        return self._head

    async def run(self) -> None:
        """Send all but the end of the response."""
        stream, send = self._stream, self._send
        chunk = await anext(stream, None)
        if stream.over:
            self.whole = chunk or b""
            return
        message = self.commit()
        await send(message)
        if message["status"] in WITHOUT_CONTENT:
            return
        while chunk is not None:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
            chunk = await anext(stream, None)


async def _disconnect(receive: Receive, matters: Callable[[], bool] = lambda: True) -> None:
    """Wait until the client has disconnected; what it still sends is dropped.

    :param matters: whether it still is of interest, asked after each message.
    """
    while (await receive())["type"] != "http.disconnect" and matters():
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
    closing = watching = False

    async def own() -> None:
        nonlocal closing
        async with stream:
            try:
                await deliver()
            finally:
                closing = True  # and that is not interrupted

    owner = begun_task_in(copy_context(), asyncio.get_running_loop(), own())
    if owner is None:
        return True
    watcher: asyncio.Task[None] | None = None
    try:
        if not owner.done():
            await asyncio.wait((owner,), timeout=UNWATCHED)
        if not owner.done():
            watching = True
            watcher = asyncio.create_task(_disconnect(receive, lambda: watching))
            await asyncio.wait((owner, watcher), return_when=asyncio.FIRST_COMPLETED)
    finally:
        disconnected = not owner.done()
        if watcher is not None:
            watching = False  # a scope of anyio's may take the cancellation for its own (3.10)
            watcher.cancel()
        if not closing:
            owner.cancel()
        await _ended(*(task for task in (owner, watcher) if task is not None))
    if disconnected and owner.cancelled():
        assert watcher is not None, "who else knows of a disconnect"
        watcher.result()
        return False
    owner.result()
    return True


async def _ended(*tasks: asyncio.Task[None]) -> None:
    """Wait until *tasks* have ended, however often the wait is cancelled: closing must not be."""
    cancelled: asyncio.CancelledError | None = None
    while not all(task.done() for task in tasks):
        try:
            with nullcontext() if cancelled is None else _shield():
                await asyncio.wait(tasks)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled


def _shield() -> AbstractContextManager[Any]:
    """What a scope of anyio's that has been cancelled does not reach into, if there may be one.

    It would cancel a wait again in each turn of the event loop, which is then never idle.
    """
    anyio = sys.modules.get("anyio")
    return nullcontext() if anyio is None else anyio.CancelScope(shield=True)


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
