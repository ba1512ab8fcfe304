"""Events in the form that a client-side library expects; each function names its source.

Their *content* is text, or a :class:`~streamtmpl.events.Part`. Text is HTML and goes out as it is.
"""

from __future__ import annotations

from typing import Any

from markupsafe import escape

from .event import Event, Part, Shaped, check_line, lines_of, part_of

Content = str | Part | tuple[Any, ...]


def turbo_stream(
    action: str,
    target: str | None = None,
    content: Content | None = None,
    *,
    targets: str | None = None,
    id: str | None = None,
) -> Event:
    """An event that Turbo takes for a stream action.

    By https://turbo.hotwired.dev/reference/streams; the page has
    ``<turbo-stream-source src="/events">``.

    :param action: such as ``"append"``, ``"replace"`` or ``"remove"``.
    :param target: the id of the element that it is about; or *targets*, a CSS selector.
    :param content: what goes into its ``<template>``; ``None``: there is none.
    :param id: the event's.
    """
    places = (("action", action), ("target", target), ("targets", targets))
    attributes = "".join(
        f' {name}="{escape(value)}"' for name, value in places if value is not None
    )
    start, end = f"<turbo-stream{attributes}>", "</turbo-stream>"
    if content is None:
        return Event(start + end, id=id)
    return _shaped(content, lambda text: f"{start}<template>{text}</template>{end}", id=id)


def htmx_oob(
    swap: str = "true",
    content: Content = "",
    *,
    tag: str = "div",
    name: str | None = None,
    id: str | None = None,
) -> Event:
    """An event whose content htmx swaps out of band: into another place than its listener's.

    By https://htmx.org/attributes/hx-swap-oob/ and https://htmx.org/extensions/sse/; the listener
    is an element with ``sse-swap``.

    :param swap: the style and a CSS selector, as in ``"beforeend:#rows"``.
    :param content: what is swapped.
    :param tag: the element around it, of which only the content is swapped: ``"tbody"`` for rows.
    :param name: the event's type, which ``sse-swap`` has; ``None``: it is ``message``.
    :param id: the event's.
    """
    start = f'<{tag} hx-swap-oob="{escape(swap)}">'
    return _shaped(content, lambda text: f"{start}{text}</{tag}>", name=name, id=id)


def datastar_patch(
    content: Content | None = None,
    *,
    selector: str | None = None,
    mode: str | None = None,
    id: str | None = None,
) -> Event:
    """An event by which Datastar patches elements.

    By https://data-star.dev/reference/sse_events.

    :param content: the elements; ``None``: there are none, as for ``mode="remove"``.
    :param selector: a CSS selector of what is patched; ``None``: by the ids of the elements.
    :param mode: such as ``"inner"`` or ``"append"``; ``None``: Datastar morphs the elements.
    :param id: the event's.
    :raises ValueError: *selector* or *mode* has a line end.
    """
    head = []
    for option, value in (("selector", selector), ("mode", mode)):
        check_line(option, value, "\r\n")
        if value is not None:
            head.append(f"{option} {value}")

    def shape(text: str) -> str:
        return "\n".join([*head, *(f"elements {line}" for line in lines_of(text))])

    name = "datastar-patch-elements"
    if content is None:
        return Event("\n".join(head), name=name, id=id)
    return _shaped(content, shape, name=name, id=id)


def _shaped(content: Content, shape: Any, **fields: str | None) -> Event:
    return Event(Shaped(part_of(content), shape), **fields)  # type: ignore[arg-type]
