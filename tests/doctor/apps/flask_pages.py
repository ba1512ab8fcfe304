"""An application of Flask without our templates, set up as the words in ``DOCTOR_TEST`` say."""

from __future__ import annotations

import os

import flask

from .parts import parts, rows, stalling

app = flask.Flask(__name__)
application = app
setup = os.environ.get("DOCTOR_TEST", "").split()


@app.get("/stream")
def stream() -> flask.Response:
    headers = {"X-Accel-Buffering": "no"} if "accel" in setup else {}
    return flask.Response(parts(), headers=headers, mimetype="text/html")


@app.get("/rows")
def many() -> flask.Response:
    return flask.Response(rows(), mimetype="text/html")


@app.get("/stalling")
def stalls() -> flask.Response:
    return flask.Response(stalling(), mimetype="text/html")


@app.get("/whole")
def whole() -> flask.Response:
    return flask.make_response("".join(parts()))


@app.get("/tagged")
def tagged() -> flask.Response:
    response = flask.make_response("".join(parts()))
    response.add_etag()
    return response


@app.get("/failing")
def failing() -> flask.Response:
    return flask.Response(parts(fail=True), mimetype="text/html")


@app.get("/quick")
def quick() -> flask.Response:
    return flask.Response(iter(["<p>hello"]), mimetype="text/html")


if "compress" in setup:
    from flask_compress import Compress

    app.config["COMPRESS_ALGORITHM_STREAMING"] = ["zstd", "br", "gzip"]
    Compress(app)
if "profiler" in setup:
    from werkzeug.middleware.profiler import ProfilerMiddleware

    application = ProfilerMiddleware(app, stream=None)  # type: ignore[assignment]
