"""AsyncChunkStream: the async twin of ChunkStream, over a render of either kind of environment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Generic, NoReturn

from jinja2.utils import internalcode

from streamtmpl.exceptions import StreamBusyError

from .ahead import RenderAhead
from .buffer import Buffer
from .closing import reported
from .cuts import check_chunk_size
from .encoder import AS_TEXT, encoder
from .render import Render
from .stream import Chunk, ChunkStream, closed_error, refuse_copying
from .tasks import TaskRender
from .threads import ThreadRender

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from types import TracebackType

    from typing_extensions import Self

    from .threads import Hop


class AsyncChunkStream(AsyncIterator[Chunk], Generic[Chunk]):
    """Chunks of a render, one at a time: an async iterator of ``str``, or ``bytes`` if encoded.

    Made by :func:`~streamtmpl.render_stream_async` and :func:`~streamtmpl.rechunk_async`. Use it
    as an async context manager, or await :meth:`aclose`, so that what the template was iterating
    is closed at once.
    """

    content_type: str | None = None
    """As of a :class:`~streamtmpl.ChunkStream`."""

    def __init__(self, render: Render) -> None:
        """A stream of the chunks that *render* gives, which has not begun."""
        self._render = render
        self._begun = self._ended = self._closed = self._stepping = False

    def encode_as(self, encoding: str) -> None:
        """From now on give chunks as bytes, unless they are already.

        :raises LookupError: there is no such text encoding.
        """
        self._render.encode_as(encoding)

    @internalcode
    async def __anext__(self) -> Chunk:
        """Wait for the next chunk.

        If the wait is cancelled, the stream is closed.

        :raises StreamClosedError: the stream has been closed, or a step before this one has failed
            or was cancelled.
        :raises StreamBusyError: another task is waiting for a chunk.
        """
        if self._closed:
            raise closed_error()
        if self._ended:
            raise StopAsyncIteration
        if self._stepping:
            raise StreamBusyError("another task is already waiting for a chunk of this stream")
        self._stepping = True
        try:
            if self._begun or (chunk := self._begin()) is None:
                chunk = await self._render.step()
            if chunk is None or self._render.over:
                self._ended = True
        except StopAsyncIteration as error:  # it would look like the end of the stream
            self._ended = self._closed = True
            await self._close_after_error()
            raise RuntimeError("the template raised StopAsyncIteration") from error
        except BaseException:
            # What follows must not look like the end of a page.
            self._ended = self._closed = True
            await self._close_after_error()
            raise
        finally:
            self._stepping = False
        if chunk is None:
            raise StopAsyncIteration
        return chunk  # type: ignore[no-any-return]

    @property
    def over(self) -> bool:
        """Whether nothing comes any more, neither a chunk nor an error."""
        return self._ended and not self._closed

    async def whole(self) -> Chunk | None:
        """Begin the render; all of it if it ends at once, without a wait and without a cut.

        ``None``: what there is comes by the steps.
        """
        if self._begun or self._ended:
            return None
        self._stepping = True
        try:
            whole = self._begin()
            if whole is None:
                whole = await self._render.whole()
        finally:
            self._stepping = False
        if whole is not None:
            self._ended = True
        return whole  # type: ignore[no-any-return]

    def _begin(self) -> Any:
        self._render = render = self._render.begun()
        self._begun = True
        return render.at_once()

    def in_lockstep(self) -> None:
        """From its first step on, render only while a chunk is awaited.

        To be called where asyncio's event loop runs for the steps alone.
        """
        if isinstance(self._render, TaskRender):
            self._render.in_lockstep = True

    def run_ahead(self, commit: Callable[[], object]) -> None:
        """Have the first step, or the first hop into a thread, go on behind the first short chunks.

        To be called before the first step, for a stream of bytes. One that is observed stops there.

        :param commit: called in the thread, if there is one, when the first chunk is cut and is not
            the last one.
        """
        render = self._render
        if type(render) is TaskRender:
            render.goes_ahead = True
        elif type(render) is ThreadRender and render.may_run_ahead and not self._begun:
            self._render = RenderAhead(render.stream, commit)

    async def _close_after_error(self) -> None:
        if self._begun:
            with reported():  # it must not hide the first one
                await self._render.close()

    async def aclose(self) -> None:
        """End the render: unwind the template and close what it was iterating.

        May be called at any time and more than once.

        :raises BaseException: what unwinding or closing raised.
        """
        self._closed = True
        if not self._ended:
            self._ended = True
            if self._begun:
                await self._render.close()

    async def close(self) -> None:
        """As :meth:`aclose`, for those who know the streams of files: Falcon awaits this."""
        await self.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            await self.aclose()
            return
        with reported():  # raised, it would hide the error that ended the block
            await self.aclose()

    def abandon(self) -> None:
        """End the render as far as that can be done from anywhere and without waiting."""
        self._closed = True
        if not self._ended:
            self._ended = True
            if self._begun:
                self._render.abandon()

    def __del__(self) -> None:
        if not self._ended:
            self.abandon()

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        refuse_copying(self)

    def __repr__(self) -> str:
        state = "closed" if self._closed else "ended" if self._ended else "open"
        return f"<{type(self).__name__} {state}>"


def coroutine_stream(
    begin: Callable[[Buffer], Coroutine[Any, Any, None]],
    chunk_size: int,
    encoding: str | None = None,
    on_error: Callable[[], Any] | None = None,
) -> AsyncChunkStream[Any]:
    """A stream of what a coroutine writes, in the current context variables.

    :param begin: this and *on_error* are those of :class:`CoroutineRender`.
    :param chunk_size: in characters.
    :param encoding: the codec to encode chunks with, or ``None``.
    """
    if type(chunk_size) is not int or chunk_size < 0:
        check_chunk_size(chunk_size)
    encode = AS_TEXT if encoding is None else encoder(encoding)
    return AsyncChunkStream(TaskRender(begin, chunk_size, encode, copy_context(), on_error))


def thread_stream(stream: ChunkStream[Any], hop: Hop | None = None) -> AsyncChunkStream[Any]:
    """An async stream of the chunks of a sync one, each stepped in a worker thread.

    *hop* calls a function with arguments in the thread that it chooses and gives a future of what
    the function returns; by default that is any thread of the event loop's executor.
    """
    return AsyncChunkStream(ThreadRender(stream, hop))
