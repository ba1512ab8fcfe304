"""The buffer that a whole render writes into, and when what it holds becomes a chunk.

Generated code writes runs with :attr:`Buffer.write` and asks at every boundary
``tell() > out.limit``: true means "cut here", and the code suspends so that whoever drives it may
:meth:`~Buffer.take` the text. No Jinja2 and no IO in here.
"""

from __future__ import annotations

import sys
from io import StringIO
from time import perf_counter
from typing import TYPE_CHECKING, Any

from .cuts import FIRST_CHUNK_SIZE, GROWTH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Protocol

    from streamtmpl.observing import Reason

    from .closing import OpenIterators
    from .options import RegionOptions

    class Nested(Protocol):
        """What begins in a text and is rendered apart from it, but not shown without it."""

        def begun_in_placeholder(self, nested: Any) -> None:
            """*nested* has begun in what stands for this one until it is ready."""

        def drop(self) -> None:
            """It is not to be shown."""


NEVER = sys.maxsize


class Buffer:
    """Collects the text of one render, or of one captured part of it.

    :ivar write: appends a ``str``.
    :ivar tell: the number of characters collected and not taken yet.
    :ivar size: the chunk size in characters; ``None``: nothing is cut.
    :ivar limit: a boundary cuts when more characters than this have collected.
    :ivar flush_limit: ``{% flush %}`` cuts when more characters than this have collected.
    :ivar sources: the :class:`~.closing.OpenIterators` to be closed with the stream; ``None`` where
        nobody closes them (``render()``).
    :ivar resumed: the moment (seconds, :func:`time.perf_counter`) the render last got control back.
    :ivar taken: whether text has been handed over.
    :ivar defers: how regions are deferred, in a buffer whose text is handed over.
    :ivar deferral: the regions that have been deferred.
    """

    write: Callable[[str], Any]
    tell: Callable[[], int]
    sources: Any
    defers: RegionOptions | None
    deferral: Any

    # What most buffers never change costs nothing as an attribute of the class. The others are not
    # there: Python is slow to set an attribute where the class has one of the same name.
    reason: Reason = "size"
    """Why the next chunk is cut, where somebody says so; who observes the stream sets it back."""
    _captures_for: Buffer | None = None  # to itself, it would leave each to the garbage collector
    owner: Nested | None = None
    """Whose text this is; ``None``: the document's."""
    interrupt: Callable[[], None] | None = None
    """What ends a wait for regions, in a buffer whose regions are rendered in other threads."""
    placeholder_of: Nested | None = None
    """What the text that is being written stands for until it is ready."""
    _whole_in: Buffer | None = None
    _begun: list[Nested]

    def __init__(self, chunk_size: int | None = None, sources: OpenIterators | None = None) -> None:
        """A buffer that cuts at *chunk_size* characters, or never (``None``)."""
        self._text = text = StringIO()
        self.write = text.write
        self.tell = text.tell
        self.sources = sources
        self.size = chunk_size
        self.resumed = 0.0
        self.taken = False
        self.defers = self.deferral = None
        if chunk_size is None:
            self.limit = self.flush_limit = NEVER
            return
        self.flush_limit = 0
        if chunk_size > FIRST_CHUNK_SIZE:
            self.limit = FIRST_CHUNK_SIZE - 1
        else:
            self.limit = chunk_size - 1 if chunk_size else 0

    def capture(self) -> Buffer:
        """A buffer for text that is to become a value: it never cuts."""
        inner = Buffer(None, self.sources)
        inner._captures_for = self.main
        return inner

    def whole(self) -> Buffer:
        """A buffer for text that goes into this one unchanged, as a whole or not at all."""
        inner = self.capture()
        inner._whole_in = self
        inner._begun = []
        return inner

    def begin(self, nested: Nested) -> Buffer:
        """Note that *nested* begins in here; returns the buffer that its place is in at last."""
        out = self
        while True:
            if out.placeholder_of is not None:
                out.placeholder_of.begun_in_placeholder(nested)
            if out._whole_in is None:
                return out
            out._begun.append(nested)
            out = out._whole_in

    def give_up(self) -> None:
        """This text is not to be shown: nor is what has begun in it."""
        for nested in self._begun:
            nested.drop()

    @property
    def main(self) -> Buffer:
        """The buffer whose text is handed over: this one, or the one this captures for."""
        return self._captures_for or self

    def take(self) -> str:
        """Remove and return what has collected; the next chunk may be longer."""
        if self.deferral is not None:
            self.deferral.settle(taken=True)
        text = self._text.getvalue()
        if text:
            # Once it has been truncated, a StringIO takes each character apart to store it.
            StringIO.__init__(self._text)
            self.taken = True
            if self.size and self.limit < self.size - 1:  # is_short(), but for the call
                self.lengthen()
        return text

    def is_short(self) -> bool:
        """Whether a chunk that is cut for its length is shorter than it will be later on."""
        return self.size is not None and self.limit < self.size - 1

    def lengthen(self) -> None:
        """Have boundaries cut later: chunks grow up to the chunk size."""
        assert self.size is not None
        self.limit = min(GROWTH * (self.limit + 1), self.size) - 1

    def replace(self, text: str) -> None:
        """Have *text* instead of what has collected."""
        StringIO.__init__(self._text)
        self._text.write(text)

    def holds_head(self) -> bool:
        """Whether there is text to hand over, and none has been yet."""
        if self.taken or self.flush_limit != 0 or not self.tell():
            return False
        self.reason = "wait" if self.deferral is None else "region"
        return True

    def getvalue(self) -> str:
        """What has collected, left in place."""
        return self._text.getvalue()

    def __iter__(self) -> Iterator[str]:
        """The text as one piece, so that ``concat(buffer)`` is the captured text."""
        return iter((self._text.getvalue(),))


clock = perf_counter
