"""Pages that listen to events, each with its library, and what they listen to: an ASGI application.

``/pages/<client>`` is a page, and ``/events/<client>`` what it listens to: what ``/tell?<text>``
tells all who listen. ``/drop`` ends their responses, ``/open`` says how many there are, and
``/tricky`` sends :data:`TRICKY`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from streamtmpl import StreamEnvironment
from streamtmpl.asgi import EventResponse, StreamResponse, last_event_id
from streamtmpl.events import Event, Part, datastar_patch, htmx_oob, turbo_stream

from ..libraries import source

PAGE = StreamEnvironment(autoescape=True).from_string(
    "<ul id=rows>{% block row %}\n<li id='{{ text }}'>\n{{ text }} &amp; more\n</li>"
    "{% endblock %}</ul>"
)
# Or Chromium keeps the page, and what it listens to, for when the user comes back.
LEFT = "<script>addEventListener('unload', () => {})</script>"
PLAIN = """<script>
seen = []; opened = 0;
const source = new EventSource("/events/plain");
source.onopen = () => opened++;
const see = event => seen.push([event.type, event.data, event.lastEventId]);
source.onmessage = see;
source.addEventListener("told", see);
</script>"""
TRICKY_PAGE = """<script>
seen = []; ended = false;
const source = new EventSource("/tricky");
const see = event => seen.push([event.data, event.type, event.lastEventId]);
source.onmessage = see;
source.addEventListener("näme", see);
source.addEventListener("end", () => { source.close(); ended = true; });
</script>"""
PAGES = {
    "plain": PLAIN,
    "tricky": TRICKY_PAGE,
    "turbo": "<script src='/library/Turbo'></script><ul id=rows></ul>"
    "<turbo-stream-source src=/events/turbo></turbo-stream-source>",
    "htmx": "<script src='/library/htmx 2'></script><script src='/library/htmx sse'></script>"
    "<div hx-ext=sse sse-connect=/events/htmx>"
    "<ul id=rows sse-swap=told hx-swap=beforeend></ul></div>",
    "oob": "<script src='/library/htmx 2'></script><script src='/library/htmx sse'></script>"
    "<ul id=rows></ul><p hx-ext=sse sse-connect=/events/oob sse-swap=told hx-swap=none></p>",
    "datastar": "<script type=module src='/library/Datastar'></script>"
    "<ul id=rows></ul><p data-on-load=\"@get('/events/datastar')\"></p>",
}
# Against the standard, Firefox leaves NUL out of data, and takes no id without data.
TEXTS = [
    *("a\nb", "a\rb", "a\r\nb", "\n", "\r\r\n\n", "", " a", ":", "data: a", "id: 9", "\ufeff"),
    *("a\x0bb", "a\x85b", "a\u2028b\u2029", "é😀", "\t", "a:b", "<b>&amp;</b>"),
]
TRICKY = [
    *(Event(text) for text in TEXTS),
    *(Event(f"{number}", id=text) for number, text in enumerate(["1", "é😀", " 2", ":", ""])),
    Event("after it", name="näme"),
    Event("end", name="end"),
]


def event(client: str, text: str) -> Event:
    """What a client is told."""
    part = Part(PAGE, {"text": text}, "row")
    if client == "turbo":
        return turbo_stream("append", "rows", part, id=text)
    if client == "datastar":
        return datastar_patch(part, selector="#rows", mode="append", id=text)
    if client == "oob":
        return htmx_oob("beforeend:#rows", part, tag="ul", name="told", id=text)
    return Event(part, name="told", id=text)


queues: list[asyncio.Queue[str | None]] = []


async def listen(client: str, last: str | None) -> AsyncIterator[Event]:
    queue: asyncio.Queue[str | None] = asyncio.Queue()
    queues.append(queue)
    try:
        if client == "plain":
            yield Event(f"after {last}", retry=50)
        while (text := await queue.get()) is not None:
            yield event(client, text)
    finally:
        queues.remove(queue)


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    _, kind, *rest = scope["path"].split("/")
    name, query = "/".join(rest), scope["query_string"].decode()
    response: Any
    if kind == "events":
        response = EventResponse(listen(name, last_event_id(scope)), keep_alive=0.2)
    elif kind == "tricky":
        response = EventResponse(TRICKY)
    elif kind == "library":
        response = StreamResponse([source(name)], content_type="text/javascript")
    elif kind == "pages":
        response = StreamResponse(["<!DOCTYPE html><title>Events</title>", LEFT, PAGES[name]])
    else:
        if kind in ("tell", "drop"):
            for queue in queues:
                queue.put_nowait(query if kind == "tell" else None)
        response = StreamResponse([str(len(queues))])
    await response(scope, receive, send)
