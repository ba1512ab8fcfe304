"""A WSGI application without a framework that streams a page: python app.py [PORT].

It uses the server of the standard library, which is for trying out only. Behind gunicorn:
``gunicorn app:application``.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from wsgiref.simple_server import make_server

from jinja2 import FileSystemLoader

from streamtmpl import StreamEnvironment
from streamtmpl.wsgi import StreamResponse

TEMPLATES = Path(__file__).with_name("templates")
environment = StreamEnvironment(loader=FileSystemLoader(TEMPLATES), autoescape=True)


def events():
    """What happens in three seconds, as a slow query would give it."""
    for second in range(1, 4):
        time.sleep(1)
        yield f"second {second}"


def application(environ, start_response):
    if environ["PATH_INFO"] != "/":
        response = StreamResponse(["Not found\n"], status=404, content_type="text/plain")
    else:
        template = environment.get_template("timeline.html")
        response = StreamResponse(template, {"events": events()})
    return response(environ, start_response)


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    with make_server("127.0.0.1", port, application) as server:
        print(f"http://127.0.0.1:{port}/", flush=True)
        server.serve_forever()
