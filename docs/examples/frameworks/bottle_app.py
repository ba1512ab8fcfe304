"""A stream from Bottle: run it with the port, ``python bottle_app.py 8000``."""

import sys

from bottle import HTTPResponse, route, run
from timeline import events, template

from streamtmpl import render_stream


@route("/<number:int>")
def order(number):
    chunks = render_stream(template, {"number": number, "events": events()}, encoding="utf-8")
    return HTTPResponse(chunks, **{"X-Accel-Buffering": "no"})


if __name__ == "__main__":
    run(server="waitress", host="127.0.0.1", port=int(sys.argv[1]))
