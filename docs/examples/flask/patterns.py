"""Streaming contents in Flask, three ways: a generator, a template, a generator with a request.

flask --app docs/examples/flask/patterns run
"""

from flask import Flask, request

from streamtmpl import csv_rows
from streamtmpl.flask.views import (
    StreamTemplates,
    stream_response,
    stream_template,
    stream_with_context,
)

app = Flask(__name__)
StreamTemplates(app)


def readings():
    for number in range(1, 20_001):
        yield {"number": number, "sensor": f"S{number % 7}", "value": number * 0.25}


@app.get("/readings.csv")
def readings_csv():
    """A large file out of a generator."""
    return stream_response(csv_rows(readings()))


@app.get("/readings")
def readings_page():
    """The same data through a template, which can use the request up to its last line."""
    return stream_template("readings.html", readings=readings())


@app.get("/hello")
def hello():
    """A generator that is sent item by item and uses the request."""

    @stream_with_context
    def greeting():
        yield "Hello "
        yield request.args.get("name", "whoever you are")
        yield "!"

    return greeting()
