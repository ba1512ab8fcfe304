"""Readers of streams, one for threads and one for tasks, that a test reads on with."""

from __future__ import annotations

import time
from collections.abc import AsyncIterable, Iterable, Iterator
from typing import TypeVar

from .bodies import BrowserBody
from .delivery import Data, Delivery, InlineDelivery, checked, close_iterator
from .moments import Moment
from .running import start_task, start_thread

SHOWN = 400
"""Characters of what has come that a message shows."""

S = TypeVar("S", bound="ChunkReader")
A = TypeVar("A", bound="AsyncChunkReader")


class Received:
    """What has been read so far; :class:`ChunkReader` says what the attributes are."""

    _what = "the stream"

    def __init__(self, delivery: Delivery, timeout: float, body: BrowserBody) -> None:
        """Nothing has been read of that delivery."""
        self.chunks: list[Data] = []
        self._parts: list[str] = []
        self._length = 0
        self._delivery, self._body = delivery, body
        self.timeout = timeout
        self._arrivals: list[tuple[int, Moment]] = []
        self._told: BaseException | None = None
        self._raises = True

    @property
    def text(self) -> str:
        """The text of all chunks, decoded as a browser does."""
        if len(self._parts) > 1:
            self._parts = ["".join(self._parts)]
        return "".join(self._parts)

    @property
    def complete(self) -> bool:
        """Whether the end has been read."""
        return self._delivery.complete and not self._delivery.has_chunk()

    @property
    def error(self) -> BaseException | None:
        """What the stream or the application has raised, if anything."""
        return self._delivery.error

    def sent_at(self, text: str) -> Moment:
        """The moment that the chunk with the end of *text* was handed over.

        :raises AssertionError: *text* has not been read.
        """
        at = self.text.find(text)
        if at < 0:
            raise AssertionError(f"{text!r} has not been read{self._shown()}")
        return next(when for length, when in self._arrivals if length >= at + len(text))

    def _limit(self) -> float:
        """When a wait that begins now is over: of all the chunks that it takes, not of each."""
        return time.monotonic() + self.timeout

    def _take(self, ready: bool, wanted: str) -> str | None:
        if not ready:
            late = f"{wanted} has not come within {self.timeout:g} s{self._shown()}"
            raise AssertionError("\n".join(filter(None, [late, self._delivery.told()])))
        sent = self._delivery.take()
        if sent is None:
            if not self._delivery.complete:  # else it has come after the response: for close()
                self._raise()
            return None
        text = sent.data if isinstance(sent.data, str) else self._body.more(sent.data)
        self._parts.append(text)
        self._length += len(text)
        self.chunks.append(sent.data)
        self._arrivals.append((self._length, sent.moment))
        return text

    def _missing(self, text: str) -> AssertionError:
        return AssertionError(f"{text!r} has not come, and {self._what} has ended{self._shown()}")

    def _raise(self) -> None:
        """Raise what the maker of the chunks has raised, but only once."""
        error = self.error
        if error is not None and error is not self._told and self._raises:
            self._told = error
            raise error

    def _end(self, over: bool) -> None:
        if not over:
            raise AssertionError(
                f"{self._what} still runs {self.timeout:g} s after its reader has gone."
                f" {self._delivery.told()}".rstrip()
            )
        if (thread := self._delivery.thread) is not None:
            thread.join()  # which has nothing left to do
        self._raise()

    def _shown(self) -> str:
        if not self.text:
            return ". Nothing has."
        cut = "..." if len(self.text) > SHOWN else ""
        return f". This has:\n    {cut}{self.text[-SHOWN:]!r}"


class ChunkReader(Received):
    """Reads a stream in a test, chunk by chunk; each wait has an end.

    ``with`` closes it. What the stream raises is raised where the test reads on.

    :ivar chunks: the chunks as they came.
    :ivar timeout: seconds that a wait lasts at most; it may be changed.
    """

    @classmethod
    def of(
        cls, stream: Iterable[Data], *, timeout: float = 10.0, thread: bool = True
    ) -> ChunkReader:
        """Read a generator, or any iterable of ``str`` or ``bytes``, that is closed in the end.

        :param timeout: seconds that a test waits for one chunk, or for the end.
        :param thread: step it in a thread of its own, one chunk ahead of the test; else in the
            test's thread, when it reads on, where no wait can be given up.
        """
        if not thread:
            return ChunkReader(InlineDelivery(lambda _: _Owned(stream)), timeout, BrowserBody())
        delivery = Delivery()
        start_thread(delivery, _Owned(stream), "a stream")
        return ChunkReader(delivery, timeout, BrowserBody())

    def next(self) -> str | None:
        """Wait for the next chunk and give its text; ``None`` at the end.

        The text may be empty: a part of a character, or of compressed data.

        :raises AssertionError: nothing has come in time. The message says what is waited for.
        """
        return self._next("the next chunk", self._limit())

    def read_until(self, text: str) -> str:
        """Read until *text* has come; gives all text so far.

        :raises AssertionError: it has not come, in time or at all.
        """
        sought, more, until = _Sought(text), self.text, self._limit()
        while not sought.is_in(more):
            if (came := self._next(repr(text), until)) is None:
                raise self._missing(text)
            more = came
        return self.text

    def read(self) -> str:
        """Read to the end; gives all text.

        :raises AssertionError: it has not come in time.
        """
        until = self._limit()
        while self._next("the end", until) is not None:
            pass
        return self.text

    def disconnect(self, *, wait: bool = True) -> None:
        """Go away in the middle of the stream.

        :param wait: wait until nothing of it runs any more. An application that is blocked, at a
            gate say, notices later: then do not wait, open the gate, and :meth:`close`.
        :raises AssertionError: it still runs after the timeout.
        """
        self._delivery.leave()
        if wait:
            self._end(self._delivery.wait(self._delivery.is_over, self.timeout))

    def close(self) -> None:
        """Disconnect unless all has been read, and wait until nothing runs any more."""
        self.disconnect()

    def __enter__(self: S) -> S:
        """The reader itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Close; when the test has failed already, without a wait."""
        if kind is None:
            self.close()
        else:
            self._delivery.leave()

    def _next(self, wanted: str, until: float) -> str | None:
        delivery, left = self._delivery, until - time.monotonic()
        return self._take(left > 0 and delivery.wait(delivery.is_ready, left), wanted)


class AsyncChunkReader(Received):
    """A reader for async tests, on asyncio or trio: ``async with`` closes it."""

    @classmethod
    def of(cls, stream: AsyncIterable[Data], *, timeout: float = 10.0) -> AsyncChunkReader:
        """Read an async generator, or any async iterable of ``str`` or ``bytes``.

        It is stepped in a task of its own, one chunk ahead of the test, and closed in the end.
        """
        delivery = Delivery()
        start_task(delivery, lambda: _put_all(stream, delivery))
        return AsyncChunkReader(delivery, timeout, BrowserBody())

    async def next(self) -> str | None:
        """Wait for the next chunk; see :meth:`ChunkReader.next`."""
        return await self._next("the next chunk", self._limit())

    async def read_until(self, text: str) -> str:
        """Read until *text* has come; see :meth:`ChunkReader.read_until`."""
        sought, more, until = _Sought(text), self.text, self._limit()
        while not sought.is_in(more):
            if (came := await self._next(repr(text), until)) is None:
                raise self._missing(text)
            more = came
        return self.text

    async def read(self) -> str:
        """Read to the end; gives all text."""
        until = self._limit()
        while await self._next("the end", until) is not None:
            pass
        return self.text

    async def disconnect(self, *, wait: bool = True) -> None:
        """Go away in the middle of the stream; see :meth:`ChunkReader.disconnect`."""
        self._delivery.leave()
        if self._delivery.interruptible:
            self._delivery.cancel()
        if wait:
            over = await self._delivery.monitor.wait_async(self._delivery.is_over, self.timeout)
            if not over:
                self._delivery.cancel()
            self._end(over)

    async def close(self) -> None:
        """Disconnect unless all has been read, and wait until nothing runs any more."""
        await self.disconnect()

    async def __aenter__(self: A) -> A:
        """The reader itself."""
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Close; when the test has failed already, by cancelling what still runs."""
        if kind is None:
            await self.close()
        else:
            self._delivery.leave()
            self._delivery.cancel()

    async def _next(self, wanted: str, until: float) -> str | None:
        delivery, left = self._delivery, until - time.monotonic()
        ready = left > 0 and await delivery.monitor.wait_async(delivery.is_ready, left)
        return self._take(ready, wanted)


class _Sought:
    """A text that is looked for in what comes, part by part."""

    def __init__(self, text: str) -> None:
        self._text, self._before = text, ""

    def is_in(self, part: str) -> bool:
        """Whether the text ends in this part."""
        seen = self._before + part
        self._before = seen[max(0, len(seen) - len(self._text) + 1) :]
        return self._text in seen


class _Owned(Iterator[Data]):
    """The chunks of a stream that is closed with them, whether or not it is a generator."""

    def __init__(self, stream: Iterable[Data]) -> None:
        self._iterator, self._stream = iter(stream), stream

    def __next__(self) -> Data:
        return checked(next(self._iterator))

    def close(self) -> None:
        close_iterator(self._iterator)
        if self._stream is not self._iterator:
            close_iterator(self._stream)


async def _put_all(stream: AsyncIterable[Data], delivery: Delivery) -> None:
    iterator = aiter(stream)
    try:
        while True:
            delivery.interruptible = True
            try:
                chunk = await anext(iterator)
            except StopAsyncIteration:
                break
            finally:
                delivery.interruptible = False
            if not await delivery.put_async(checked(chunk)):
                return
        delivery.finish()
    finally:
        for each in (iterator, stream) if stream is not iterator else (iterator,):
            close = getattr(each, "aclose", None)
            if close is not None:
                await close()
