"""The standard library's server, which answers in HTTP/1.0, with the application of Flask."""

from __future__ import annotations

import sys
from wsgiref.simple_server import make_server

from .flask_pages import application

with make_server("127.0.0.1", int(sys.argv[1]), application) as server:
    server.serve_forever()
