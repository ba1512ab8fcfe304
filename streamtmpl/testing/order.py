"""What was sent before something else happened."""

from __future__ import annotations

from .gates import Gate
from .moments import Moment
from .readers import AsyncChunkReader, ChunkReader


def assert_sent_before(
    read: ChunkReader | AsyncChunkReader, text: str, event: Gate | Moment
) -> None:
    """Assert that *text* had been sent, all of it, before *event*.

    :param read: a response or a reader. What it has not read does not count.
    :param event: a gate: the moment it was opened, if it was; or a moment, which
        :meth:`Gate.send`, :meth:`Gate.open` and a recorder give: ``recorder["query"]``.
    :raises AssertionError: it had not been sent, or not been read.
    """
    sent = read.sent_at(text)
    moment = event.opened if isinstance(event, Gate) else event
    if moment is not None and sent.place > moment.place:
        raise AssertionError(f"{text!r} was to be sent before '{moment}', but was sent after it")
