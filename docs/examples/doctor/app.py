"""A page of three parts, a second apart, for a proxy to hold back: streamtmpl is not in it."""

import time

from flask import Flask, Response

app = Flask(__name__)


def parts():
    """The text of the page, while it is made."""
    for number in range(3):
        if number:
            time.sleep(1)
        yield f"<h2>Part {number}</h2>\n" + "<p>Some text.\n" * 60


@app.get("/report")
def report():
    return Response(parts(), mimetype="text/html")
