"""AsyncChunkStream: the async twin of ChunkStream, over a render of either kind of environment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Generic

from jinja2.utils import internalcode

from streamtmpl.exceptions import StreamBusyError, StreamClosedError

from .buffer import Buffer, check_chunk_size
from .closing import report
from .encoder import Encoder
from .inline import InlineRender
from .render import CoroutineRender, Render, asyncio_runs
from .stream import Chunk, ChunkStream
from .tasks import LockstepRender, TaskRender
from .threads import ThreadRender

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from contextvars import Context
    from types import TracebackType

    from typing_extensions import Self

    from .threads import Hop


class AsyncChunkStream(AsyncIterator[Chunk], Generic[Chunk]):
    """Chunks of a render, one at a time: an async iterator of ``str``, or ``bytes`` if encoded.

    Made by :func:`~streamtmpl.render_stream_async` and :func:`~streamtmpl.rechunk_async`. Use it
    as an async context manager, or await :meth:`aclose`, so that what the template was iterating
    is closed at once.
    """

    def __init__(self, make: Callable[[type[CoroutineRender], Context], Render]) -> None:
        """A stream of the render that *make* gives at the first step.

        *make* is called with the kind of render that suits the event loop, and the context that
        the stream was created in.
        """
        self._make = make
        self._context = copy_context()
        self._made: Render | None = None
        self._task_kind: type[CoroutineRender] = TaskRender
        self._ended = self._closed = self._stepping = False
        self._encode: Encoder | None = None
        self._encoded = False

    def encode_as(self, encoding: str) -> None:
        """From now on give chunks as bytes, unless they are already.

        :raises LookupError: there is no such text encoding.
        """
        if self._encode is None:
            self._encode = Encoder(encoding)

    def __aiter__(self) -> Self:
        return self

    @internalcode
    async def __anext__(self) -> Chunk:
        """Wait for the next chunk.

        If the wait is cancelled, the stream is closed.

        :raises StreamClosedError: the stream has been closed.
        :raises StreamBusyError: another task is waiting for a chunk.
        """
        if self._closed:
            raise StreamClosedError("the stream is closed: render the template again")
        if self._ended:
            raise StopAsyncIteration
        if self._stepping:
            raise StreamBusyError("another task is already waiting for a chunk of this stream")
        self._stepping = True
        try:
            chunk = await self._render().step()
        except StopAsyncIteration as error:  # it would look like the end of the stream
            self._ended = True
            await self._close_after_error()
            raise RuntimeError("the template raised StopAsyncIteration") from error
        except BaseException:
            self._ended = True
            await self._close_after_error()
            raise
        finally:
            self._stepping = False
        if chunk is None:
            self._ended = True
            if self._encode is not None and self._encoded:
                chunk = self._encode("", final=True)
            if not chunk:
                raise StopAsyncIteration
        elif self._encode is not None and isinstance(chunk, str):
            self._encoded = True
            chunk = self._encode(chunk)
        return chunk  # type: ignore[no-any-return]

    def in_lockstep(self) -> Self:
        """This stream, made to render only while a chunk is awaited."""
        self._task_kind = LockstepRender
        return self

    def _render(self) -> Render:
        if self._made is None:
            kind = self._task_kind if asyncio_runs() else InlineRender
            self._made = self._make(kind, self._context)
        return self._made

    async def _close_after_error(self) -> None:
        try:
            await self._render().close()
        except BaseException as error:  # noqa: BLE001 - logged: it must not hide the first one
            report([error])

    async def aclose(self) -> None:
        """End the render: unwind the template and close what it was iterating.

        May be called at any time and more than once.

        :raises BaseException: what unwinding or closing raised.
        """
        self._closed = True
        if not self._ended:
            self._ended = True
            if self._made is not None:
                await self._made.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            await self.aclose()
        except BaseException as closing:
            if error is None:
                raise
            report([closing])  # raised, it would hide the error that ended the block

    def abandon(self) -> None:
        """End the render as far as that can be done from anywhere and without waiting."""
        self._closed = True
        if not self._ended:
            self._ended = True
            if self._made is not None:
                self._made.abandon()

    def __del__(self) -> None:
        self.abandon()

    def __repr__(self) -> str:
        state = "closed" if self._closed else "ended" if self._ended else "open"
        return f"<{type(self).__name__} {state}>"


def coroutine_stream(
    begin: Callable[[Buffer], Coroutine[Any, Any, None]],
    chunk_size: int,
    encoding: str | None = None,
    on_error: Callable[[], Any] | None = None,
) -> AsyncChunkStream[Any]:
    """A stream of what a coroutine writes; the arguments are those of :class:`CoroutineRender`."""
    size, encoder = check_chunk_size(chunk_size), Encoder(encoding)
    return AsyncChunkStream(
        lambda kind, context: kind(begin, size, encoder, context, on_error)  # type: ignore[arg-type, return-value]
    )


def thread_stream(stream: ChunkStream[Any], hop: Hop | None = None) -> AsyncChunkStream[Any]:
    """An async stream of the chunks of a sync one, each stepped in a worker thread.

    *hop* calls a function with arguments in the thread that it chooses and gives a future of what
    the function returns; by default that is any thread of the event loop's executor.
    """
    return AsyncChunkStream(lambda kind, context: ThreadRender(stream, hop))
