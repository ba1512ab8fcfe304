"""A WSGI application whose responses the tests hold, abandon, stall and break.

A request says what it wants by its path and query. What the template does is told to the test by
files in the folder ``STREAMTMPL_TEST_FOLDER``, and the other way round: a server with one worker
that is busy with a stream could not answer a second request.
"""

from __future__ import annotations

import gc
import json
import os
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from jinja2 import DictLoader

from streamtmpl import ChunkStream, StreamEnvironment
from streamtmpl.wsgi import StreamResponse, patch_script

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

FOLDER = Path(os.environ.get("STREAMTMPL_TEST_FOLDER", "."))
ROW = 65536

user: ContextVar[str] = ContextVar("user", default="nobody")
opened = 0

TEMPLATES = {
    "gate": "<h1>{{ name }}</h1>{% flush %}{{ wait(name) }}<p>end</p>",
    "rows": "{% for row in rows %}{{ row }}\n{% endfor %}",
    "error": "<h1>{{ name }}</h1>\n{% flush %}\n{{ wait(name) }}{{ 1 // 0 }}",
    "early": "<h1>{{ name }}</h1>\n\n{{ 1 // 0 }}",
    "users": "{% for part in range(20) %}{{ user() }} {% if part == 10 %}{% flush %}"
    "{{ wait(gate) }}{% endif %}{% endfor %}",
    "regions": "<p>shell</p>{% for number in (1, 2) %}"
    "{% defer %}{{ wait(name ~ number) }}<b>{{ number }}</b>{% placeholder %}wait{% enddefer %}"
    "{% endfor %}<p>end</p></body>",
    "watched": "<p>shell</p>"
    "{% defer %}{% for row in rows %}{% if row is none %}{{ row }}{% endif %}{% endfor %}"
    "{% enddefer %}{% flush %}{{ wait(name ~ '-shell') }}"
    "{% for number in range(500) %}{% defer %}{{ wait(name) }}{{ number }}{% enddefer %}"
    "{% endfor %}",
    "failing": "<p>shell</p>{% defer %}{{ 1 / 0 }}{% error %}<i>{{ error }}</i>{% enddefer %}\n"
    "{% defer %}{{ 1 // 0 }}{% enddefer %}{% defer %}<b>fine</b>{% enddefer %}</body>",
    "deferred-users": "<p>{{ user() }}</p>{% for number in (1, 2) %}{% defer %}"
    "{{ wait(gate) }}<p>{{ user() }}</p>{% placeholder %}wait{% enddefer %}{% endfor %}",
}
executor = ThreadPoolExecutor(150)
"""For the regions of all streams that a test has open at once."""
environment = StreamEnvironment(loader=DictLoader(TEMPLATES), autoescape=True, keep_alive=0)
keeping_alive = StreamEnvironment(loader=DictLoader(TEMPLATES), autoescape=True, keep_alive=0.5)


def wait(name: str) -> str:
    """Tell the test that the template has come here, and wait until it opens the gate."""
    (FOLDER / f"{name}.waiting").touch()
    while not (FOLDER / f"{name}.open").exists():
        time.sleep(0.01)
    return ""


def ticks(name: str) -> Iterator[str]:
    """Rows without end, about one each millisecond."""
    global opened
    opened += 1
    try:
        while True:
            yield "x" * 100
            time.sleep(0.001)
    finally:
        opened -= 1
        (FOLDER / f"{name}.closed").touch()


def big(name: str, count: int) -> Iterator[str]:
    """Many rows of 64 KiB; a file tells how many there have been."""
    for number in range(count):
        (FOLDER / f"{name}.produced").write_text(str(number))
        yield "x" * (ROW - 1)
    (FOLDER / f"{name}.ended").touch()


def stats() -> str:
    """What is open in this process."""
    gc.collect()
    return json.dumps(
        {
            "sources": opened,
            # One that has ended may be held by the thread that served it, until the next one.
            "streams": sum(
                isinstance(thing, ChunkStream) and repr(thing) == "<ChunkStream open>"
                for thing in gc.get_objects()
            ),
            "threads": threading.active_count(),
            "files": len(os.listdir("/proc/self/fd")),
        }
    )


def response_to(path: str, query: dict[str, str]) -> StreamResponse:
    """The response to a request."""
    name = query.get("name", "nobody")
    context: dict[str, Any] = {"name": name, "wait": wait, **query}
    if path == "/stats":
        return StreamResponse([stats()], content_type="application/json")
    if path == "/endless":
        context["rows"] = ticks(name)
        return StreamResponse(environment.get_template("rows"), context, chunk_size=0)
    if path == "/big":
        context["rows"] = big(name, int(query["rows"]))
        return StreamResponse(environment.get_template("rows"), context)
    if path == "/users":
        context["user"] = user.get
        return StreamResponse(environment.get_template("users"), context, chunk_size=0)
    if path in ("/regions", "/watched", "/failing", "/deferred-users"):
        context.update(rows=ticks(name), user=user.get)
        mode: Any = query.get("deferred", "patch")
        rendering = keeping_alive if "alive" in query else environment
        return StreamResponse(
            rendering.get_template(path[1:]),
            context,
            deferred=mode,
            executor=executor if "threads" in query else None,
        )
    headers = {"X-Accel-Buffering": "yes"} if "buffered" in query else {}
    return StreamResponse(environment.get_template(path[1:]), context, headers=headers)


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """The application: the name that was asked for is the user while the request is handled."""
    query = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
    if environ["PATH_INFO"] == "/script":
        return patch_script(environ, start_response)
    token = user.set(query.get("name", "nobody"))
    try:
        return response_to(environ["PATH_INFO"], query)(environ, start_response)
    finally:
        user.reset(token)
