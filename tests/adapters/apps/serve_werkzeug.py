"""Serves the application with Werkzeug's development server, on the port that is given."""

from __future__ import annotations

import sys

from werkzeug.serving import run_simple

from .wsgi_app import application

if __name__ == "__main__":
    run_simple("127.0.0.1", int(sys.argv[1]), application, threaded=True)
