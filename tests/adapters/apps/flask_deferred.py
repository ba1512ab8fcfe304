"""An application of Flask whose pages have many deferred regions, for real servers.

The first region is endless; each of the others waits for a request to ``/go``. Two may run at once.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from flask import Flask, g, request
from jinja2 import DictLoader

from streamtmpl.flask.views import StreamTemplates, stream_template

REGIONS = 500
TEMPLATES = {
    "regions.html": "<body>{% for n in range(regions) %}{% defer %}{{ begin(n) }}"
    "{% for piece in pieces(n) %}{{ piece }}{% endfor %}{% enddefer %}{% endfor %}<p>end</p></body>"
}

app = Flask(__name__)
app.jinja_loader = DictLoader(TEMPLATES)
app.config["STREAMTMPL_DEFERRED"] = "patch"
app.config["STREAMTMPL_EXECUTOR"] = ThreadPoolExecutor(4)
app.config["STREAMTMPL_MAX_DEFERRED"] = 2
StreamTemplates(app)

counts = {"begun": 0, "ended": 0, "request": 0, "app": 0, "wrong": 0}
lock = threading.Lock()
permits = threading.Semaphore(0)


def count(name: str) -> None:
    with lock:
        counts[name] += 1


@app.before_request
def before():
    g.path = request.path


@app.teardown_request
def torn_down(error):
    if request.path == "/":
        count("request")


@app.teardown_appcontext
def app_torn_down(error):
    if g.get("path") == "/":  # not for regions, whose contexts end before
        count("app")


@app.get("/counts")
def show_counts():
    return counts


@app.get("/go")
def go():
    permits.release(request.args.get("regions", 1, type=int))
    return "gone"


@app.get("/")
def regions():
    return stream_template("regions.html", regions=REGIONS, begin=begin, pieces=pieces)


def begin(number):
    count("begun")
    if number > 0:
        permits.acquire(timeout=20)
    return ""


def pieces(number):
    try:
        while number == 0:
            yield "x" * 1000
            time.sleep(0.001)  # it is to be endless, not to fill the memory
        yield "x" * 100_000
    finally:
        # The request is still that of the page, though it has been torn down.
        count("ended" if (request.path, g.path) == ("/", "/") else "wrong")
