"""An application of Flask for real servers, whose templates and teardowns can be watched."""

from __future__ import annotations

import threading
from importlib import import_module
from importlib.util import find_spec

from flask import Flask, abort, g, has_request_context, request
from jinja2 import DictLoader

from streamtmpl.flask.views import StreamTemplates, stream_response, stream_template

from .view_pages import TEMPLATES

app = Flask(__name__)
app.jinja_loader = DictLoader(TEMPLATES)
StreamTemplates(app)
if find_spec("flask_compress") is not None:
    import_module("flask_compress").Compress(app)

counts = {"begun": 0, "closed": 0, "request": 0, "app": 0, "wrong": 0}
lock = threading.Lock()
may_go_on = threading.Event()


def count(name: str) -> None:
    with lock:
        counts[name] += 1


@app.before_request
def before():
    g.user = "counts" if request.path == "/counts" else request.args.get("q", "nobody")


@app.teardown_request
def torn_down(error):
    if request.path != "/counts":
        count("request" if g.user == request.args.get("q", "nobody") else "wrong")


@app.teardown_appcontext
def app_torn_down(error):
    if g.user != "counts":  # the request's context has gone
        count("wrong" if has_request_context() else "app")


@app.errorhandler(ZeroDivisionError)
def divided(error):
    return "divided", 422


@app.get("/counts")
def show_counts():
    return counts


@app.get("/waits")
def waits():
    return stream_template("waits.html", wait=lambda: may_go_on.wait(20) and "")


@app.get("/go")
def go():
    may_go_on.set()
    return "gone"


@app.get("/endless")
def endless():
    def numbers():
        count("begun")
        try:
            n = 0
            while n < 10_000_000:
                yield n
                n += 1
        finally:
            count("closed")

    return stream_template("endless.html", numbers=numbers())


@app.get("/fails")
def fails():
    return stream_template("fails.html", numbers=range(5000))


@app.get("/early")
def early():
    return stream_template("early.html")


@app.get("/mine")
def mine():
    return stream_response("mine.html")


@app.get("/missing")
def missing():
    def find():
        abort(404)

    return stream_response(app.jinja_env.from_string("{{ find() }}"), {"find": find})
