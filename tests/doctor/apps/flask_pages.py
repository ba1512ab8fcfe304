"""An application of Flask without our templates, set up well or badly by ``DOCTOR_TEST``."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import flask
from werkzeug.middleware.profiler import ProfilerMiddleware

PARTS = 3
SECONDS = 0.4
"""What each part but the first takes."""

app = flask.Flask(__name__)
application = app
setup = os.environ.get("DOCTOR_TEST", "").split()


def parts() -> Iterator[str]:
    """A page of three parts, of some 1,500 characters each, which take 0.8 seconds."""
    for number in range(PARTS):
        if number:
            time.sleep(SECONDS)
        yield f"<h2>Part {number}</h2>" + "<p>some text</p>" * 90


@app.get("/stream")
def stream() -> flask.Response:
    headers = {"X-Accel-Buffering": "no"} if "accel" in setup else {}
    return flask.Response(parts(), headers=headers, mimetype="text/html")


@app.get("/rows")
def rows() -> flask.Response:
    def rows() -> Iterator[str]:
        for number in range(150):
            yield f"<tr><td>{number}<td>" + "x" * 100
            time.sleep(0.02)

    return flask.Response(rows(), mimetype="text/html")


@app.get("/whole")
def whole() -> flask.Response:
    return flask.make_response("".join(parts()))


@app.get("/tagged")
def tagged() -> flask.Response:
    response = flask.make_response("".join(parts()))
    response.add_etag()
    return response


@app.get("/quick")
def quick() -> str:
    return "<p>hello"


if "compress" in setup:
    from flask_compress import Compress

    app.config["COMPRESS_STREAMS"] = True
    app.config["COMPRESS_ALGORITHM_STREAMING"] = ["zstd", "br", "gzip", "deflate"]
    Compress(app)
if "profiler" in setup:
    with open(os.devnull, "w") as nowhere:
        pass
    application = ProfilerMiddleware(app, stream=None)
