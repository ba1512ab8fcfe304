"""One server-sent event: what it says, and its lines by the HTML standard.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from jinja2 import Template

from streamtmpl.chunks.options import IN_ORDER, Block, StreamOptions
from streamtmpl.exceptions import NotStreamingError
from streamtmpl.rendering import async_stream_of, stream_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from streamtmpl.chunks.threads import Hop

COMMENT = ":\n\n"
"""A comment, which clients ignore: it keeps a connection alive."""

_LINE_END = re.compile(r"\r\n|\r|\n")  # str.splitlines() splits at more


class Part(NamedTuple):
    """A template, or one block of it, to be rendered with a context when it is sent.

    :ivar template: the template.
    :ivar context: the variables for it.
    :ivar block: the block that is rendered alone, or several in a tuple; ``None``: all of it.
    """

    template: Template
    context: Mapping[str, Any] | None = None
    block: Block | None = None

    @property
    def is_async(self) -> bool:
        """Whether its template belongs to an async environment."""
        return bool(self.template.environment.is_async)

    def render(self) -> str:
        """The text of it, from a template of a sync environment."""
        with stream_of(self.template, self.context, self._options()) as stream:
            return "".join(stream)

    async def render_async(self, hop: Hop | None = None) -> str:
        """The text of it; what is not async is rendered in a thread, which *hop* may choose."""
        made: Any = (self.template, self.context, self._options())
        if hop is None or self.is_async:
            stream = async_stream_of(*made)
        else:
            from streamtmpl.chunks.async_stream import thread_stream  # noqa: PLC0415 - asyncio

            stream = thread_stream(stream_of(*made), hop)
        async with stream:
            return "".join([chunk async for chunk in stream])

    def _options(self) -> StreamOptions:
        # Nothing can be patched into an event that has been sent.
        return StreamOptions(regions=IN_ORDER, block=self.block)


class Shaped(NamedTuple):
    """Data that is made of text, or of the text of a part, when it is sent."""

    content: str | Part
    shape: Callable[[str], str]


Data = str | Part | Shaped | None


@dataclass(frozen=True)
class Event:
    """One event of a stream.

    :ivar data: text, or a :class:`Part` that is rendered when it is sent (or a tuple of what makes
        one). With ``None`` the client is told *id* and *retry*, and sees no event.
    :ivar name: the event's type; clients take ``message`` where there is none.
    :ivar id: what a client that connects again sends as ``Last-Event-ID``.
    :ivar retry: milliseconds that a client waits before it connects again.
    """

    data: Data | tuple[Any, ...] = None
    name: str | None = None
    id: str | None = None
    retry: int | None = None

    def __post_init__(self) -> None:
        """Check what can be checked before anything is rendered.

        :raises TypeError: something is of the wrong type.
        :raises ValueError: *name* or *id* would end its line, *id* has a NUL, for which clients
            would ignore it, or *retry* is negative.
        """
        if self.data is not None and not isinstance(self.data, Shaped):
            object.__setattr__(self, "data", part_of(self.data))
        check_line("name", self.name, "\r\n")
        check_line("id", self.id, "\r\n\0")
        if self.retry is None:
            return
        if type(self.retry) is not int:
            raise TypeError(f"retry must be milliseconds, an int, not {self.retry!r}")
        if self.retry < 0:
            raise ValueError(f"retry must be 0 or more milliseconds, not {self.retry!r}")

    @property
    def part(self) -> Part | None:
        """The part that is rendered for it, if one is."""
        content = self.data.content if isinstance(self.data, Shaped) else self.data
        return content if isinstance(content, Part) else None

    def framed(self, rendered: str | None = None) -> str:
        """The lines of it.

        :param rendered: the text of its part, if it has one.
        :raises UnicodeEncodeError: there is a surrogate in it, for which UTF-8 has no bytes.
        """
        data: Any = self.data
        if isinstance(data, Shaped):
            content: Any = data.content if rendered is None else rendered
            data = data.shape(content)
        elif rendered is not None:
            data = rendered
        lines = [
            f"{field}: {value}\n"
            for field, value in (("event", self.name), ("id", self.id), ("retry", self.retry))
            if value is not None
        ]
        if data is not None:
            lines += [f"data: {line}\n" for line in lines_of(data)]
        text = "".join([*lines, "\n"])
        text.encode()
        return text


def part_of(data: Any) -> str | Part:
    """*data* that is text or makes a part, as what it is.

    :raises TypeError: it is neither.
    """
    if isinstance(data, str):
        return data
    if isinstance(data, tuple):
        part = data if isinstance(data, Part) else Part(*data)
        if isinstance(part.template, Template):
            return part
    raise TypeError(
        f"data must be text, or a part: (template, context, block), not {data!r}."
        " Give JSON as text: json.dumps(data)"
    )


def lines_of(text: str) -> list[str]:
    """The lines of *text*, ended where the lines of an event stream end."""
    return _LINE_END.split(text)


def event_of(item: Any) -> Event:
    """What a source has given, as an event.

    :raises NotStreamingError: it is none.
    """
    if isinstance(item, Event):
        return item
    raise NotStreamingError(
        f"expected an Event from the source, or None while there is none, not {item!r}:"
        " text is sent as Event(text)"
    )


def check_line(what: str, value: object, refused: str) -> None:
    """Refuse *value*, which messages call *what*, if it is no text or has a *refused* character.

    :raises TypeError: it is neither text nor ``None``.
    :raises ValueError: it has.
    """
    if value is None:
        return
    if not isinstance(value, str):
        raise TypeError(f"{what} must be text, not {value!r}")
    if any(character in value for character in refused):
        raise ValueError(
            f"{what} {value!r} has a character that it cannot have in an event stream:"
            f" none of {refused!r} can be in one"
        )
