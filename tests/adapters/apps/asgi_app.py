"""Pages whose progress a test controls and watches; ``/sync/...`` and ``/async/...`` are twins.

============================  ======================================================================
``/<kind>/gated/<gate>``      a head, and the rest when the gate has been opened
``/<kind>/endless``           rows without an end
``/<kind>/quiet``             a head, and then a source that gives next to nothing
``/<kind>/big``               120 MB
``/<kind>/late-error``        an error in line 3, after a chunk has been sent
``/<kind>/early-error``       an error in line 1
``/<kind>/whoami/<user>``     the user in context variable and context, before and after 50 such
                              pages have begun
``/<kind>/page``              a small page
``/<kind>/regions/<gate>``    two deferred regions, behind the gates ``<gate>1`` and ``<gate>2``;
                              with ``/in-order`` behind it, in order
``/<kind>/watched/<gate>``    a region behind the gate, and one with a source that gives next to
                              nothing
``/<kind>/failing``           regions that fail
``/<kind>/users/<user>``      the user, as above, in a document and in two regions behind the
                              gate ``users-<kind>``
``/script``                   the patch script
``/open/<gate>``              opens a gate
``/state``                    what is going on, as JSON
============================  ======================================================================
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

import anyio
from jinja2 import DictLoader

from streamtmpl import AsyncChunkStream, ChunkStream, StreamEnvironment
from streamtmpl.asgi import StreamResponse, patch_script

BLOCK = "x" * 256 * 1024
BLOCKS = 120 * 1024 * 1024 // len(BLOCK)
CROWD = 50

TEMPLATES = {
    "gated": "head{% flush %}{{ wait(gate) }}rest",
    "endless": "{% for number in rows() %}{{ number }} {{ 'x' * 500 }}\n{% endfor %}",
    "quiet": "head{% flush %}{% for number in silence() %}{{ number }}{% endfor %}",
    "big": "{% for number in blocks() %}{{ block }}{% endfor %}",
    "late-error": "one\n{% flush %}\n{{ 1 // 0 }}",
    "early-error": "{{ 1 // 0 }}",
    "whoami": "{% for turn in range(3) %}<{{ user() }} {{ given }}>{% flush %}{% endfor %}",
    "regions": "<p>shell</p>{% for number in (1, 2) %}"
    "{% defer %}{{ wait(gate ~ number) }}<b>{{ number }}</b>{% placeholder %}wait{% enddefer %}"
    "{% endfor %}<p>end</p></body>",
    "watched": "<p>shell</p>{% defer %}{{ wait(gate) }}{% enddefer %}"
    "{% defer %}{% for number in silence() %}{{ number }}{% endfor %}{% enddefer %}</body>",
    "failing": "<p>shell</p>{% defer %}{{ 1 / 0 }}{% error %}<i>{{ error }}</i>{% enddefer %}\n"
    "{% defer %}{{ 1 // 0 }}{% enddefer %}{% defer %}<b>fine</b>{% enddefer %}</body>",
    "users": "<p>{{ user() }} {{ given }}</p>{% for number in (1, 2) %}{% defer %}"
    "{{ wait(crowd) }}<p>{{ user() }} {{ given }}</p>{% placeholder %}wait{% enddefer %}"
    "{% endfor %}",
    "page": "<p>{{ 'page' }}</p>",
}
LOADER = DictLoader(TEMPLATES)
ENVIRONMENTS = {
    "sync": StreamEnvironment(loader=LOADER, autoescape=True),
    "async": StreamEnvironment(loader=LOADER, autoescape=True, enable_async=True),
}

# A sync stream that waits for its regions takes a thread, and must not wait for one of its own.
step_executor = ThreadPoolExecutor(CROWD + 10)
region_executor = ThreadPoolExecutor(2 * CROWD)
user: ContextVar[str] = ContextVar("user")
opened: set[str] = set()
counts: Counter[str] = Counter()


class Counted:
    """Counts how many sources are open."""

    def __enter__(self) -> None:
        counts["begun"] += 1
        counts["open"] += 1

    def __exit__(self, *error: object) -> None:
        counts["open"] -= 1


def wait(gate: str) -> str:
    while gate not in opened:
        time.sleep(0.005)
    return ""


async def wait_async(gate: str) -> str:
    while gate not in opened:
        await anyio.sleep(0.005)
    return ""


def rows() -> Iterator[int]:
    with Counted():
        number = 0
        while True:
            time.sleep(0.0005)
            yield (number := number + 1)


async def rows_async() -> AsyncIterator[int]:
    with Counted():
        number = 0
        while True:
            await anyio.sleep(0.0005)
            yield (number := number + 1)


def silence() -> Iterator[str]:
    """Gives something now and then: nothing can end a thread that waits for ever."""
    with Counted():
        while True:
            time.sleep(0.2)
            yield "."


async def silence_async() -> AsyncIterator[str]:
    with Counted():
        await anyio.sleep_forever()
        yield ""


def blocks() -> Iterator[int]:
    counts["blocks"] = 0
    with Counted():
        for number in range(BLOCKS):
            counts["blocks"] += 1
            yield number


CONTEXTS: dict[str, dict[str, Any]] = {
    "sync": {"wait": wait, "rows": rows, "silence": silence},
    "async": {"wait": wait_async, "rows": rows_async, "silence": silence_async},
}


def state() -> dict[str, int]:
    gc.collect()
    kinds = Counter(type(thing) for thing in gc.get_objects())
    try:
        tasks = len(asyncio.all_tasks())
    except RuntimeError:  # trio runs
        tasks = 0
    return {
        "begun": counts["begun"],
        "open": counts["open"],
        "blocks": counts["blocks"],
        "streams": kinds[AsyncChunkStream] + kinds[ChunkStream],
        "tasks": tasks,
        "threads": threading.active_count(),
        "files": len(os.listdir("/proc/self/fd")),
    }


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        raise RuntimeError("HTTP only")
    first, *rest = scope["path"].strip("/").split("/")
    if first == "open":
        opened.add(rest[0])
        await StreamResponse(["opened"])(scope, receive, send)
    elif first == "state":
        text = json.dumps(state()).encode()
        response: Any = [(b"content-length", str(len(text)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": response})
        await send({"type": "http.response.body", "body": text})
    elif first == "script":
        await patch_script(scope, receive, send)
    else:
        await page(first, *rest)(scope, receive, send)


def page(kind: str, name: str, argument: str = "", deferred: Any = "patch") -> Any:
    template = ENVIRONMENTS[kind].get_template(name)
    context = {
        **CONTEXTS[kind],
        "blocks": blocks,
        "block": BLOCK,
        "gate": argument,
        "given": argument,
        "crowd": f"users-{kind}",
        "user": user.get,
    }
    if name in ("regions", "watched", "users") and kind == "sync":
        asyncio.get_running_loop().set_default_executor(step_executor)
    token = user.set(argument)
    response = StreamResponse(template, context, deferred=deferred, executor=region_executor)
    user.reset(token)
    if name != "whoami":
        return response

    async def in_a_crowd(scope: Any, receive: Any, send: Any) -> None:
        async def send_when_all_are_here(message: Any) -> None:
            await send(message)
            if message.get("body") and not counts[f"here {argument}"]:
                counts[f"here {argument}"] = 1
                counts[f"crowd {kind}"] += 1
                while counts[f"crowd {kind}"] < CROWD:
                    await anyio.sleep(0.005)

        await response(scope, receive, send_when_all_are_here)

    return in_a_crowd
