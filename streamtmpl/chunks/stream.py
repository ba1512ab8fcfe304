"""ChunkStream: the chunks of a render of a sync environment, its context and closing.

A stream runs every step, and the close, in one :mod:`contextvars` context: a copy of the one it was
created in. It closes whatever the template was iterating when it ends, however it ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import copy_context
from threading import get_ident
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

from jinja2.utils import internalcode

from streamtmpl.exceptions import StreamBusyError, StreamClosedError

from .buffer import Buffer, clock
from .closing import OpenIterators, RaisesOnce, open_iterators, report, reported
from .cuts import check_chunk_size
from .encoder import encoder
from .turns import is_refusal, run_in_turn, turn_ended, waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import TracebackType

    from typing_extensions import Self


Chunk = TypeVar("Chunk", str, bytes)


def closed_error() -> StreamClosedError:
    """The error of asking a stream for a chunk that has been closed or has failed."""
    return StreamClosedError(
        "the stream is closed, or has ended with an error: render the template again"
    )


def refuse_copying(stream: object) -> NoReturn:
    """What copying or pickling a stream comes to.

    :raises TypeError: always.
    """
    raise TypeError(
        f"cannot copy or pickle {stream!r}: a stream is one render under way."
        " Render the template once more instead"
    )


class ChunkStream(RaisesOnce, Iterator[Chunk], Generic[Chunk]):
    """Chunks of a render, one at a time: an iterator of ``str``, or of ``bytes`` if encoded.

    Made by :func:`~streamtmpl.render_stream` and :func:`~streamtmpl.rechunk`. Use it as a context
    manager, or call :meth:`close`, so that what the template was iterating is closed at once; a
    stream that is dropped is closed by the garbage collector.
    """

    __slots__ = (
        "__weakref__",
        "_begin",
        "_closed",
        "_context",
        "_encode",
        "_ended",
        "_on_error",
        "_out",
        "_steps",
        "_thread",
    )

    content_type: str | None = None
    """What a response that sends it is of, unless it is told otherwise; ``None``: of HTML."""

    def __init__(
        self,
        begin: Callable[[Buffer], Generator[None, None, None]],
        chunk_size: int,
        encoding: str | None = None,
        on_error: Callable[[], Any] | None = None,
    ) -> None:
        """A stream of what *begin* writes into the buffer that it is called with.

        *begin* returns a generator that yields where a chunk may be cut. *chunk_size* is in
        characters. *on_error* is called while an ``Exception`` of the render is handled, and may
        raise it anew with a better traceback.
        """
        self._ended = True  # in case that the next lines raise: there is nothing to be closed
        self._closed = False
        self._encode = None if encoding is None else encoder(encoding)
        if type(chunk_size) is not int or chunk_size < 0:
            check_chunk_size(chunk_size)
        self._out = Buffer(chunk_size, OpenIterators())
        self._begin = begin
        self._on_error = on_error
        self._context = copy_context()
        self._steps: Generator[None, None, None] | None = None
        self._thread: int | None = None
        self._closing_error = None
        self._ended = False

    def encode_as(self, encoding: str) -> None:
        """From now on give chunks as bytes, unless they are already.

        :raises LookupError: there is no such text encoding.
        """
        if self._encode is None:
            self._encode = encoder(encoding)

    @property
    def over(self) -> bool:
        """Whether nothing comes any more, neither a chunk nor an error."""
        return self._ended and not self._closed and self._closing_error is None

    @property
    def has_regions(self) -> bool:
        """Whether there have been deferred regions in it so far."""
        return self._out.deferral is not None

    @property
    def chunk_size(self) -> int:
        """How many characters make a chunk that need not be short."""
        size: int = self._out.size  # type: ignore[assignment] # that of a stream is a number
        return size

    @internalcode
    def next_by_length(self) -> tuple[Chunk | None, bool]:
        """The next chunk, ``None`` at the end, and whether it was cut for its length alone.

        One that was not is awaited by somebody: behind a flush, before a wait, around regions.
        """
        out = self._out
        out.reason = "size"
        chunk = next(self, None)
        return chunk, out.reason == "size" and out.deferral is None

    @internalcode
    def __next__(self) -> Chunk:
        """Run the render up to its next cut and return what has collected.

        :raises StreamClosedError: the stream has been closed, or a step before this one has failed.
        :raises StreamBusyError: called from inside the template that is being rendered.
        """
        if self._ended and not self._closed and self._closing_error is None:
            raise StopIteration
        # Most of it are the lines of _in_turn(): to call it would be felt by a small page.
        if not waiting:
            try:
                chunk = self._context.run(self._step)
                self._thread = None
                if chunk:
                    return chunk  # type: ignore[no-any-return]
                raise StopIteration
            except RuntimeError as error:
                if not is_refusal(error):
                    raise
            finally:
                if waiting:
                    turn_ended(self._context)
        if chunk := self._wait(self._step):
            return chunk  # type: ignore[no-any-return]
        raise StopIteration

    @internalcode
    def _in_turn(self, function: Callable[[], Any]) -> Any:
        """Run *function* in the stream's context, when no other thread steps or closes it."""
        if not waiting:
            try:
                result = self._context.run(function)
                self._thread = None
                return result
            except RuntimeError as error:
                if not is_refusal(error):
                    raise
            finally:
                if waiting:
                    turn_ended(self._context)
        return self._wait(function)

    @internalcode
    def _wait(self, function: Callable[[], Any]) -> Any:
        self._check_outside()
        result = run_in_turn(self._context, function)
        self._thread = None
        return result

    def _check_outside(self) -> None:
        if self._thread == get_ident():
            raise StreamBusyError(
                "the stream is running: it cannot be stepped or closed from inside its own template"
            )

    @internalcode
    def _step(self) -> Any:
        """The next chunk; empty if there is none any more."""
        self._thread = get_ident()  # until this has been left, another step would wait for itself
        if self._ended:
            if self._closed:
                raise closed_error()
            self._closed = self._closing_error is not None
            self._raise_first()
            return None
        try:
            out, steps = self._out, self._steps
            if steps is None:
                open_iterators.set(out.sources)
                steps = self._steps = self._begin(out)
            else:
                out.resumed = clock()
            encode = self._encode
            while True:
                for _ in steps:
                    text = out.take()
                    if chunk := text if encode is None else encode(text):
                        return chunk
                if out.deferral is None or (steps := out.deferral.rest()) is None:
                    break
                self._steps = steps
            sources = out.sources
            opened = sources.open
            if opened:
                text = out.take()  # closing may take its time: that is the next step's
                if chunk := text if encode is None else encode(text):
                    return chunk
            self._ended = True
            self._steps = None
            sources.closed = True
            if opened:
                self._keep_first(sources.close())
            last: Any = out.getvalue()
            if encode is not None:
                last = encode(last, final=True)
        except BaseException as error:
            self._closed = True  # what follows must not look like the end of a page
            report(self._unwind())
            if self._on_error is not None and isinstance(error, Exception):
                self._on_error()
            raise
        if not last:
            self._closed = self._closing_error is not None
            self._raise_first()
        return last

    def _unwind(self) -> list[BaseException]:
        """Unwind the template's frames, then close what it was iterating; gives the errors."""
        self._ended = True
        errors: list[BaseException] = []
        steps, self._steps = self._steps, None
        if steps is not None:
            try:
                steps.close()
            except BaseException as error:  # noqa: BLE001 - noted: the sources must be closed
                errors.append(error)
        return [*errors, *self._out.sources.close()]

    def close(self) -> None:
        """End the render: unwind the template and close what it was iterating.

        May be called at any time, from any thread, and more than once; a step that is running in
        another thread is waited for. One that waits there for deferred regions ends at once.

        :raises BaseException: what unwinding or closing raised.
        """
        self.interrupt()
        self._in_turn(self._close)

    def interrupt(self) -> None:
        """If a step waits in another thread for deferred regions, have it end at once.

        :raises StreamClosedError: in that step; it has closed the stream.
        :raises StreamBusyError: called from inside the stream's own template.
        """
        if self._out.interrupt is not None and self._runs():
            self._check_outside()
            self._out.interrupt()

    def _runs(self) -> bool:
        """Whether the stream is being stepped or closed."""
        try:
            self._context.run(bool)
        except RuntimeError:  # somebody is in it
            return True
        finally:
            if waiting:
                turn_ended(self._context)
        return False

    def _close(self) -> None:
        self._thread = get_ident()
        self._closed = True
        if not self._ended:
            self._keep_first(self._unwind())
        self._raise_first()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
            return
        with reported():  # raised, it would hide the error that ended the block
            self.close()

    def __del__(self) -> None:
        if not self._ended:
            self.close()

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        refuse_copying(self)

    def __repr__(self) -> str:
        state = "closed" if self._closed else "ended" if self._ended else "open"
        return f"<{type(self).__name__} {state}>"
