"""Rows are pulled, a few at a time, and chunks cut behind them.

To write several rows in one go costs a fraction of doing so row by row. How long each pull from a
lazy source takes is looked at, and what has collected is handed over after one that was slow, as in
the loops of templates. An async source is waited for with nothing in hand: what it has given is
written before.
"""

from __future__ import annotations

from itertools import islice
from types import coroutine
from typing import TYPE_CHECKING, Any

from streamtmpl.chunks.buffer import NEVER, clock
from streamtmpl.chunks.cuts import CUT, cut
from streamtmpl.runtime.sources import PATIENCE, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator, Iterable
    from typing import Protocol

    from streamtmpl.chunks.buffer import Buffer

    class Text(Protocol):
        """What is written for rows.

        :ivar unfinished: what shows, behind rows that have been handed over, that one has failed.
        """

        unfinished: str

        def begin(self, out: Buffer) -> None:
            """Write to *out* from now on."""

        def write(self, rows: list[Any]) -> None:
            """Write rows, and before the first one what stands above it.

            :raises RowError: one of them cannot be written.
            """

        def end(self) -> None:
            """Write what stands below the last row."""


MOST = 256
"""Rows that are pulled in one go at most."""


def write_rows(rows: Iterable[Any], text: Text, out: Buffer) -> Generator[None, None, None]:
    """Write *text* for *rows*; yields where a chunk is to be cut."""
    try:
        pulls = _Pulls(rows, text, out)
        while pulls.some():
            if pulls.ends():
                yield
                pulls.cut()
        text.end()
    except Exception:
        if _breaks_off(text, out):
            yield
        raise


async def write_rows_async(rows: Any, text: Text, out: Buffer) -> None:
    """Write *text* for *rows*, which may be an async iterable."""
    try:
        if hasattr(rows, "__aiter__"):
            await _write_awaited(rows, text, out)
        else:
            pulls = _Pulls(rows, text, out)
            while pulls.some():
                if pulls.ends():
                    await cut()
                    pulls.cut()
        text.end()
    except Exception:
        if _breaks_off(text, out):
            await cut()
        raise


async def _write_awaited(rows: Any, text: Text, out: Buffer) -> None:
    """Write rows that are awaited, all that are there before one is waited for."""
    source = Source(rows, out, awaits=True)
    text.begin(out)
    pulled: list[Any] = []
    width: float = NEVER

    async def pull() -> None:
        count = 1
        for item in source.iterator:
            try:
                pulled.append(await item)
            except StopAsyncIteration:
                return
            if len(pulled) >= count:
                await cut()
                count = _room(out, width)

    def write() -> None:
        nonlocal width
        if pulled:
            before = out.tell()
            text.write(pulled)
            width = (out.tell() - before) / len(pulled) or 1.0
            pulled.clear()

    await _writing(pull(), write, out)
    write()
    source.done()


class _GivenUp(BaseException):
    """Raised where a source waits one of whose rows cannot be written."""


@coroutine
def _writing(
    pull: Coroutine[Any, Any, None], write: Callable[[], None], out: Buffer
) -> Generator[Any, Any, None]:
    """Run *pull*, and *write* what it has pulled before it waits for anything or is to be cut.

    An error of writing is none of the source's, which sees at its wait that it is given up.
    """
    failure: BaseException | None = None
    told = False
    resume: Callable[[Any], Any] = pull.send
    value: Any = None
    while True:
        try:
            signal = resume(value)
        except StopIteration:
            break
        except BaseException:
            if failure is None:
                raise
            break
        resume, value = pull.send, None
        if failure is None:
            try:
                write()
            except BaseException as error:  # noqa: BLE001 - raised below
                failure = error
        if failure is not None and signal is CUT:
            pull.close()
            break
        if failure is not None and not told:
            # Not closed, nor GeneratorExit: an async generator that waits would stay as it is.
            resume, value, told = pull.throw, _GivenUp(), True
        elif signal is not CUT or out.tell() > out.limit:
            try:
                value = yield signal
            except BaseException as raised:  # noqa: BLE001 - the source's to handle
                resume, value = pull.throw, raised
    if failure is not None:
        raise failure


def _breaks_off(text: Text, out: Buffer) -> bool:
    """Whether to hand over, in place of what has collected, what shows that a row has failed."""
    if text.unfinished and out.taken:
        out.replace(text.unfinished)
        return True
    return False


def _room(out: Buffer, width: float) -> int:
    """How many rows of so many characters fill the chunk: 1 at least."""
    return max(1, min(int((out.limit - out.tell()) / width) + 1, MOST))


class _Pulls:
    """The pulls from a source, several of them before what they gave is written in one go."""

    _width: float = NEVER
    """Characters of a row, as far as is known."""
    _looked = 0.0
    _goes_on = True

    def __init__(self, rows: Iterable[Any], text: Text, out: Buffer) -> None:
        self._source = source = Source(rows, out)
        self._watched = source.stride != NEVER
        self._text = text
        self._out = out
        text.begin(out)

    def some(self) -> bool:
        """Pull and write the next rows; whether there may be more."""
        out = self._out
        before = out.tell()
        count = _room(out, self._width)
        if not self._watched:
            rows = list(islice(self._source.pulls, count))
            self._goes_on = len(rows) == count
        elif self._source.stride == 1:
            rows = self._one_by_one(count)
        else:
            rows = self._by_strides(count, min(self._source.stride, count))
        if rows:
            self._text.write(rows)
            self._width = (out.tell() - before) / len(rows) or 1.0
        if not self._goes_on:
            self._source.done()
        return self._goes_on

    def _one_by_one(self, count: int) -> list[Any]:
        """The next rows, up to one that the source was slow with."""
        rows = []
        looked = clock()
        for row in islice(self._source.pulls, count):
            rows.append(row)
            now = clock()
            if now - looked > PATIENCE:
                self._source.late(looked, now)
                looked = now
                break
            looked = now
        else:
            self._goes_on = len(rows) == count
        self._looked = looked
        return rows

    def _by_strides(self, count: int, stride: int) -> list[Any]:
        """The next rows of a source that has been fast: not each pull is looked at."""
        rows: list[Any] = []
        looked = clock()
        while len(rows) + stride <= count:
            had = len(rows)
            rows += islice(self._source.pulls, stride)
            now = clock()
            if len(rows) < had + stride:
                self._goes_on = False
                break
            if now - looked > PATIENCE:
                self._source.late(looked, now)
                looked = now
                break
            looked = now
        self._looked = looked
        return rows

    def ends(self) -> bool:
        """Whether a chunk ends here: enough has collected, or a pull was slow."""
        out = self._out
        return out.tell() > out.limit or (self._source.suspect and self._source.ends())

    def cut(self) -> None:
        """Note that a chunk was cut."""
        if self._watched:
            self._source.cut(self._looked)
