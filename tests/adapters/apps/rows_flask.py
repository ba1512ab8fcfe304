"""Exports by Flask: all rows, or a source that fails before row ``?fails=``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Flask, Response, request

from streamtmpl import attachment, csv_rows, json_array, json_lines
from streamtmpl.flask import stream_response

app = Flask(__name__)
ROWS = 20_000


def orders() -> Iterator[dict[str, Any]]:
    for number in range(ROWS):
        if number == request.args.get("fails", type=int):  # the request is there to the last row
            raise OSError("the connection to the database is gone")
        yield {"id": number, "name": f"Ann, {number}"}


@app.get("/orders.csv")
def orders_csv() -> Response:
    return stream_response(csv_rows(orders()), headers=attachment("Aufträge.csv"))


@app.get("/orders.jsonl")
def orders_jsonl() -> Response:
    return stream_response(json_lines(orders()))


@app.get("/orders.json")
def orders_json() -> Response:
    return stream_response(json_array(orders()))
