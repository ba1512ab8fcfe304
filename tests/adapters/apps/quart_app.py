"""An application of Quart for real servers, whose templates and teardowns can be watched."""

from __future__ import annotations

import asyncio

from jinja2 import DictLoader
from quart import Quart, g, has_request_context, request

from streamtmpl.quart.supported import VERSION
from streamtmpl.quart.views import StreamTemplates, stream_template

from .view_pages import TEMPLATES

app = Quart(__name__)
app.jinja_loader = DictLoader(TEMPLATES)
StreamTemplates(app)

counts = {"begun": 0, "closed": 0, "request": 0, "app": 0, "wrong": 0}
may_go_on = asyncio.Event()


@app.before_request
async def before():
    g.user = "counts" if request.path == "/counts" else request.args.get("q", "nobody")


@app.teardown_request
async def torn_down(error):
    if request.path != "/counts":
        counts["request" if g.user == request.args.get("q", "nobody") else "wrong"] += 1


@app.teardown_appcontext
async def app_torn_down(error):
    if g.get("user", "counts") != "counts":
        merged = VERSION >= (0, 23)  # the application's context is the request's
        counts["app" if has_request_context() is merged else "wrong"] += 1


@app.errorhandler(ZeroDivisionError)
async def divided(error):
    return "divided", 422


@app.get("/counts")
async def show_counts():
    return counts


@app.get("/waits")
async def waits():
    async def wait():
        await asyncio.wait_for(may_go_on.wait(), 20)
        return ""

    return await stream_template("waits.html", wait=wait)


@app.get("/go")
async def go():
    may_go_on.set()
    return "gone"


@app.get("/endless")
async def endless():
    async def numbers():
        counts["begun"] += 1
        try:
            for n in range(10_000_000):
                yield n
        finally:
            counts["closed"] += 1

    return await stream_template("endless.html", numbers=numbers())


@app.get("/fails")
async def fails():
    return await stream_template("fails.html", numbers=range(5000))


@app.get("/early")
async def early():
    return await stream_template("early.html")


@app.get("/mine")
async def mine():
    return await stream_template("mine.html")
