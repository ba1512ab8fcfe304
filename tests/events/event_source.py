"""What a client makes of an event stream, step by step as the HTML standard says it.

https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

from __future__ import annotations

from typing import NamedTuple


class Seen(NamedTuple):
    """An event as scripts of a page see it."""

    data: str
    type: str = "message"
    last_event_id: str = ""


class EventSource:
    """The state of a client that is given the bytes of a stream.

    :ivar seen: the events that have been dispatched.
    :ivar comments: the lines that were comments.
    """

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.comments: list[str] = []
        self.retry: int | None = None
        self.last_event_id = ""
        self._data, self._type, self._id = "", "", ""

    def take(self, stream: bytes) -> EventSource:
        """Interpret a whole stream."""
        # "UTF-8 decode" takes one byte order mark away and replaces what is wrong.
        text = stream.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
        line = ""
        position = 0
        while position < len(text):
            character = text[position]
            position += 1
            if character == "\r":
                if text[position : position + 1] == "\n":
                    position += 1
            elif character != "\n":
                line += character
                continue
            self._line(line)
            line = ""
        return self  # what is left is no line, and an event without its empty line is none

    def _line(self, line: str) -> None:
        if line == "":
            self._dispatch()
        elif line[0] == ":":
            self.comments.append(line)
        elif ":" in line:
            at = line.index(":")
            value = line[at + 1 :]
            self._field(line[:at], value[1:] if value[:1] == " " else value)
        else:
            self._field(line, "")

    def _field(self, name: str, value: str) -> None:
        if name == "event":
            self._type = value
        elif name == "data":
            self._data += value + "\n"
        elif name == "id":
            if "\0" not in value:
                self._id = value
        elif name == "retry" and value and all(digit in "0123456789" for digit in value):
            self.retry = int(value)

    def _dispatch(self) -> None:
        self.last_event_id = self._id
        if self._data:
            self.seen.append(Seen(self._data[:-1], self._type or "message", self.last_event_id))
        self._data, self._type = "", ""


def seen(stream: bytes) -> list[Seen]:
    """The events that a page sees of a stream."""
    return EventSource().take(stream).seen
