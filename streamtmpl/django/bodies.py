"""The bodies of Django's streamed responses."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import TYPE_CHECKING, Any

from asgiref.sync import AsyncToSync, async_to_sync, sync_to_async
from django.template.response import ContentNotRenderedError

from streamtmpl.chunks.async_stream import thread_stream
from streamtmpl.chunks.blocking import iterate
from streamtmpl.chunks.closing import reported
from streamtmpl.responses.first import Begun, BegunAsync, begun_async

if TYPE_CHECKING:
    from streamtmpl.chunks.stream import ChunkStream

    from .late import LateChanges


class Body(ABC):
    """The chunks of a response, the first of which :meth:`begin` has taken."""

    _rendered = False
    _stream: Any = None
    _chunks: Any = None
    """Those of the stream, from the first on."""
    length: int | None = None
    """How many bytes they are, if the first of them is the last one."""

    def __init__(self, late: LateChanges) -> None:
        self._late = late

    def begin(self, make: Callable[[], Any], is_async: bool) -> None:
        """Render up to the first chunk of the stream that *make* makes."""
        self._rendered = True
        (self._begin_async if is_async else self._begin_sync)(make)

    def _begun(self, stream: Any, first: bytes | None) -> None:
        """Note what is known when *stream* has given its *first* chunk."""
        if first is None or stream.over:
            self.length = len(first or b"")

    @abstractmethod
    def _begin_sync(self, make: Callable[[], Any]) -> None: ...

    @abstractmethod
    def _begin_async(self, make: Callable[[], Any]) -> None: ...

    def leave_out(self) -> None:
        """Send nothing, whether rendering has begun or not."""
        self.close()
        self._rendered = True
        self._stream = self._chunks = None

    def _commit(self) -> None:
        if not self._rendered:
            raise ContentNotRenderedError(
                "the response has not been rendered: Django does that with what a view returns,"
                " anybody else calls its render() first"
            )
        self._late.committed()

    @abstractmethod
    def close(self) -> None:
        """Close the stream. What that raises is logged: Django would swallow it."""

    @abstractmethod
    async def aclose(self) -> None:
        """Close the stream in an event loop; what that raises is logged as well."""


class SyncBody(Body, Iterator[bytes]):
    """The chunks under WSGI."""

    def _begin_sync(self, make: Callable[[], Any]) -> None:
        self._stream = stream = make()
        self._chunks = Begun(stream)
        self._begun(stream, self._chunks.first)

    def _begin_async(self, make: Callable[[], Any]) -> None:
        stream = make()
        self._stream = iterate(stream)
        self._chunks = Begun(self._stream)
        self._begun(stream, self._chunks.first)

    def __next__(self) -> bytes:
        self._commit()
        if self._chunks is None:
            raise StopIteration
        try:
            chunk: bytes = next(self._chunks)
        except BaseException:
            self._late.tell()
            raise
        return chunk

    def close(self) -> None:
        if self._stream is not None:
            _close(self._stream)
        self._late.tell()

    async def aclose(self) -> None:
        await sync_to_async(self.close, thread_sensitive=True)()


class AsyncBody(Body, AsyncIterator[bytes]):
    """The chunks under ASGI: :meth:`begin` and :meth:`close` are called in the request's thread."""

    _sync: ChunkStream[bytes] | None = None
    _ended = False

    def _begin_sync(self, make: Callable[[], Any]) -> None:
        self._sync = sync = make()
        first = next(sync, None)
        self._begun(sync, first)
        self._stream = thread_stream(sync, _into_request_thread)
        self._chunks = BegunAsync(first, self._stream)

    def _begin_async(self, make: Callable[[], Any]) -> None:
        async def begin() -> None:
            # The template must not find the thread that waits for this when it waits no longer.
            executors = AsyncToSync.executors
            executors.current = waiting = _WaitingThread(executors.current)
            try:
                # Made in the event loop's thread: some of Django's context variables, such as the
                # active language, hold in one thread only.
                self._stream = make()
                self._chunks = await begun_async(self._stream)
                self._begun(self._stream, self._chunks.first)
            finally:
                waiting.has_gone()

        async_to_sync(begin)()

    async def __anext__(self) -> bytes:
        self._commit()
        if self._chunks is None:
            raise StopAsyncIteration
        try:
            chunk: bytes = await anext(self._chunks)
        except BaseException:
            self._ended = True
            self._late.tell()
            raise
        return chunk

    def close(self) -> None:
        if self._sync is not None:
            _close(self._sync)
        elif self._stream is not None:
            self._stream.abandon()
        self._late.tell()

    async def aclose(self) -> None:
        if not self._ended and self._stream is not None:
            self._ended = True
            if self._sync is not None:
                await _into_request_thread(_close, self._sync)
            else:
                with reported(Exception):
                    await self._stream.aclose()
        self._late.tell()


class _WaitingThread:
    """The executor by which asgiref runs functions in a thread that waits for a coroutine.

    It is in a context variable, of which the stream has a copy for as long as it lives. Once it is
    false, asgiref runs them in the thread of the request as ever.
    """

    def __init__(self, executor: Any) -> None:
        self._executor = executor

    def __bool__(self) -> bool:
        return self._executor is not None

    def submit(self, function: Callable[..., Any], *args: Any) -> Any:
        """Run *function* in the thread."""
        return self._executor.submit(function, *args)

    def has_gone(self) -> None:
        """The thread does not wait any more."""
        self._executor = None


def _close(stream: Any) -> None:
    with reported(Exception):
        stream.close()


def _into_request_thread(function: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
    call: Coroutine[Any, Any, Any] = sync_to_async(function, thread_sensitive=True)(*args)
    return asyncio.ensure_future(call)
