"""Pages of ours with deferred regions, for the doctor's tests: the path says how they are sent."""

from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from jinja2 import DictLoader

from streamtmpl import StreamEnvironment
from streamtmpl.wsgi import StreamResponse

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PAGE = (
    "<!doctype html><title>Shop</title><body><h1>Shop</h1>"
    "{% for seconds in waits %}{% defer %}{{ wait(seconds) }}<b>ready</b>"
    "{% placeholder %}wait{% enddefer %}{% endfor %}</body>"
)
environment = StreamEnvironment(loader=DictLoader({"page": PAGE}), autoescape=True)
executor = ThreadPoolExecutor(8)


def wait(seconds: float) -> str:
    time.sleep(seconds)
    return ""


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    options: dict[str, Any] = {"executor": executor}
    if path == "/always":
        options["deferred"] = "patch"
    elif path == "/plain":
        options["deferred"] = "in-order"
    context = {"waits": [0.8, 1.6], "wait": wait}
    return StreamResponse(environment.get_template("page"), context, **options)(
        environ, start_response
    )
