"""How a reader gets chunks from who makes them: one at a time, in the order of events."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextvars import copy_context
from threading import Thread
from typing import Any, NamedTuple

from .gates import place_of, waited_at
from .moments import Moment, moment
from .monitor import Monitor

Data = bytes | str
BYTES = (bytes, bytearray, memoryview)


class Head(NamedTuple):
    """Status and headers of a response, as they were sent."""

    status: int
    reason: str
    headers: list[tuple[str, str]]


class Sent(NamedTuple):
    """A chunk, and when it was handed over."""

    data: Data
    moment: Moment


class Delivery:
    """Between a maker of chunks, in a thread or task of its own, and their reader.

    The maker waits until its chunk has been taken. So it is one chunk ahead of the reader, like an
    application behind a server whose buffers are full, and never more.

    :ivar head: status and headers, once they have been sent.
    :ivar complete: whether the maker has come to its end by itself.
    :ivar ended: whether nothing of the maker runs any more.
    :ivar gone: whether the reader has gone away.
    :ivar error: what the maker has raised.
    :ivar thread: the thread that the maker has for itself.
    :ivar loop_thread: the thread of the event loop that the maker shares with others.
    :ivar cancel: cancels the task that the maker has for itself.
    :ivar interruptible: whether it is right to do so as soon as the reader has gone.
    """

    def __init__(self) -> None:
        """Nothing has been sent."""
        self.monitor = Monitor()
        self.head: Head | None = None
        self.complete = False
        self.ended = False
        self.gone = False
        self.error: BaseException | None = None
        self.thread: Thread | None = None
        self.loop_thread: Thread | None = None
        self.cancel: Callable[[], object] = lambda: None
        self.interruptible = False
        self._chunk: Sent | None = None

    # What the maker calls.

    def begin(self, head: Head) -> None:
        """Status and headers are sent."""
        with self.monitor.change():
            self.head = head

    def put(self, data: Data) -> bool:
        """Hand a chunk over; block the thread until it has been taken.

        :return: whether there is a reader still.
        """
        self.monitor.wait(self._is_free, None)
        self._hand_over(data)
        self.monitor.wait(self._is_free, None)
        return not self.gone

    async def put_async(self, data: Data) -> bool:
        """Hand a chunk over likewise, in a task."""
        await self.monitor.wait_async(self._is_free, None)
        self._hand_over(data)
        await self.monitor.wait_async(self._is_free, None)
        return not self.gone

    def finish(self) -> None:
        """The last chunk has been handed over."""
        with self.monitor.change():
            self.complete = True

    def fail(self, error: BaseException) -> None:
        """The maker has raised an error."""
        with self.monitor.change():
            self.error = error

    def end(self) -> None:
        """Nothing of the maker runs any more."""
        with self.monitor.change():
            self.ended = True

    def run(self, chunks: Iterator[Data]) -> None:
        """Hand over all of *chunks*, a generator, and close it: the body of the maker's thread."""
        try:
            try:
                for chunk in chunks:
                    if not self.put(chunk):
                        break
                else:
                    self.finish()
            finally:
                close_iterator(chunks)
        except BaseException as error:  # noqa: BLE001 - raised to the reader
            self.fail(error)
        finally:
            self.end()

    # What the reader calls.

    def is_begun(self) -> bool:
        """Whether there is a head, or nothing will come."""
        return self.head is not None or self.complete or self.ended

    def is_ready(self) -> bool:
        """Whether there is a chunk, or none will come."""
        return self._chunk is not None or self.complete or self.ended

    def has_chunk(self) -> bool:
        """Whether a chunk has been handed over and not been taken."""
        return self._chunk is not None

    def is_over(self) -> bool:
        """Whether nothing of the maker runs any more."""
        return self.ended

    def wait(self, condition: Callable[[], bool], timeout: float) -> bool:
        """Block the thread until *condition*, one of the three above, holds; whether it does."""
        return self.monitor.wait(condition, timeout)

    def take(self) -> Sent | None:
        """The chunk that is there, so that the maker goes on; ``None``: there is none."""
        with self.monitor.change():
            chunk, self._chunk = self._chunk, None
        return chunk

    def leave(self) -> None:
        """The reader goes away."""
        with self.monitor.change():
            self.gone = True
            self._chunk = None

    def told(self) -> str:
        """What the maker waits for, for messages."""
        if waits := waited_at():
            return f"Waited at: {waits}."
        thread = self.thread or self.loop_thread
        frame = None if thread is None else sys._current_frames().get(thread.ident or 0)
        place = place_of(frame)
        return "" if place is None else f"The application is in {place}."

    def _hand_over(self, data: Data) -> None:
        with self.monitor.change():
            if not self.gone:
                self._chunk = Sent(data, moment("sent", data))

    def _is_free(self) -> bool:
        return self._chunk is None or self.gone


def checked(chunk: Data) -> Data:
    """*chunk*, if it is text or bytes.

    :raises TypeError: it is something else.
    """
    if not isinstance(chunk, (str, *BYTES)):
        raise TypeError(f"chunks are of str or bytes, not of {type(chunk).__name__}: {chunk!r}")
    return chunk


def sendable(chunk: Any, kinds: type | tuple[type, ...] = BYTES) -> Any:
    """*chunk*, if a server takes it; else the application would only fail where it is deployed.

    :raises AssertionError: it is no bytes.
    """
    if not isinstance(chunk, kinds):
        kind = type(chunk).__name__
        raise AssertionError(f"a server takes chunks of bytes, not of {kind}: {chunk!r}")
    return chunk


class InlineDelivery(Delivery):
    """Chunks of a generator that is stepped in the reader's thread, when it asks for one."""

    def __init__(self, make: Callable[[Delivery], Iterator[Data]]) -> None:
        """The chunks of the generator that *make* gives."""
        super().__init__()
        self.chunks = make(self)
        self._context = copy_context()  # what is set there is not set in the test

    def wait(self, condition: Callable[[], bool], timeout: float) -> bool:
        """Step the generator to its next chunk, unless there is one."""
        if condition == self.is_over:
            self._close()
        elif not condition():
            try:
                self._hand_over(self._context.run(next, self.chunks))
            except StopIteration:
                self.finish()
                self._close()
            except BaseException as error:  # noqa: BLE001 - raised to the reader
                self._close()
                self.fail(error)
        return True

    def leave(self) -> None:
        """Close the generator."""
        super().leave()
        self._close()

    def _close(self) -> None:
        if not self.ended:
            try:
                self._context.run(close_iterator, self.chunks)
            except BaseException as error:  # noqa: BLE001 - raised to the reader
                self.fail(error)
            self.end()


def close_iterator(iterator: object) -> None:
    """Close what can be closed."""
    close = getattr(iterator, "close", None)
    if close is not None:
        close()
