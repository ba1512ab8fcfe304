"""The pages that `bench.requests` has served, and the ways in which frameworks send them.

The ways stand here by name, so that they are known where a framework is not installed.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = 200
LAYOUT = (
    "<!doctype html><title>{% block title %}{% endblock %}</title>{% block main %}{% endblock %}"
)
SOURCES = {
    "layout.html": LAYOUT,
    "small": "{% extends 'layout.html' %}{% block title %}Hello{% endblock %}"
    "{% block main %}<h1>Hello {{ name }}!</h1>{% endblock %}",
    "200 rows": "{% extends 'layout.html' %}{% block title %}Orders{% endblock %}"
    "{% block main %}<table>{% for row in rows %}<tr><td>{{ loop.index }}</td>"
    "{% for cell in row.values() %}<td>{{ cell }}</td>{% endfor %}</tr>\n{% endfor %}</table>"
    "{% endblock %}",
}
PAGES = ("small", "200 rows")

FLASK = ("flask.render_template", "flask.stream_template", "streamtmpl.flask.stream_template")
DJANGO = (
    "django.shortcuts.render",
    "StreamingHttpResponse(generate())",
    "streamtmpl.django.StreamTemplateResponse",
)
STARLETTE = (
    "Jinja2Templates",
    "StreamingResponse(generate_async())",
    "streamtmpl.starlette, async",
    "streamtmpl.starlette, sync",
)


def context() -> dict[str, Any]:
    """What every page is rendered with."""
    row = {"id": 4711, "name": "Ruiz & Sons", "city": "Antwerp", "total": 99.5, "state": "paid"}
    return {"name": "<Ann>", "rows": [row] * ROWS}


def cpu() -> bytes:
    """The CPU seconds that this process has used."""
    return b"%.6f" % time.process_time()


def send_cpu(start_response: Callable[..., Any]) -> list[bytes]:
    """The response of a WSGI application that says so."""
    body = cpu()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
