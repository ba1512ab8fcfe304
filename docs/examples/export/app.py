"""A CSV export with a progress of its own, in Flask.

flask --app docs/examples/export/app run

A browser does not know how long a streamed file will be. The page from which it is exported does:
it is streamed beside the file, and each <progress> in it covers the one before. There is no script.
"""

import os
import time
from threading import Condition
from uuid import uuid4

from flask import Flask, abort

from streamtmpl import attachment, csv_rows
from streamtmpl.flask import StreamTemplates, stream_response, stream_template

app = Flask(__name__)
StreamTemplates(app)

ORDERS = 100_000
PACE = float(os.environ.get("EXPORT_PACE", "0.05"))
"""Seconds that our database takes for 1,000 orders."""


def orders():
    for number in range(1, ORDERS + 1):
        if number % 1000 == 0:
            time.sleep(PACE)
        yield {
            "number": number,
            "customer": f"Customer {number % 977}",
            "total": number % 89 * 0.25,
        }


class Export:
    """One export: how far it is, which one thread writes and another one reads."""

    def __init__(self, total):
        self.total = total
        self.done = 0
        self.has_ended = False
        self._changed = Condition()

    def counted(self, rows):
        """The rows, counted as they leave."""
        try:
            for row in rows:
                yield row
                self.done += 1
                if self.done * 100 % self.total < 100:
                    with self._changed:
                        self._changed.notify_all()
        finally:  # behind the last row, or when the client has gone
            with self._changed:
                self.has_ended = True
                self._changed.notify_all()

    def progress(self):
        """How many rows have left, at each per cent and in the end."""
        has_ended = False
        while not has_ended:
            with self._changed:
                if not self.has_ended:
                    self._changed.wait(10)
                has_ended = self.has_ended  # before the count: the last one is of the end
            yield self.done


exports = {}
"""Those that have not begun, of this process: several need a place that they share."""


@app.get("/")
def page():
    return stream_template("orders.html", total=ORDERS)


@app.get("/export")
def export_page():
    """The page that begins an export and shows how far it is."""
    name = uuid4().hex
    exports[name] = Export(ORDERS)
    return stream_template("export.html", name=name, export=exports[name])


@app.get("/export/<name>.csv")
def export_csv(name):
    export = exports.pop(name, None) or abort(404)
    return stream_response(csv_rows(export.counted(orders())), headers=attachment("orders.csv"))
