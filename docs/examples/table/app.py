"""The stock of a shop as a table. htmx searches, sorts and pages it by parts of one template.

flask --app docs/examples/table/app run
"""

import os
from pathlib import Path

from flask import Flask, request
from jinja2 import FileSystemLoader

from streamtmpl.flask import StreamTemplates, stream_response

HERE = Path(__file__).parent
SIZE = 6
TEAS = [  # name, origin, kilograms, euros for one
    ("Assam, second flush", "India", 240, 15.3),
    ("Bai Mu Dan", "China", 18, 42.0),
    ("Chai, black", "India", 95, 17.9),
    ("Darjeeling, autumn", "India", 62, 35.8),
    ("Earl Grey", "Sri Lanka", 180, 16.4),
    ("Genmaicha", "Japan", 40, 24.5),
    ("Gyokuro", "Japan", 7, 118.0),
    ("Hojicha", "Japan", 33, 27.2),
    ("Jasmine Pearls", "China", 25, 49.5),
    ("Keemun", "China", 54, 29.9),
    ("Lapsang Souchong", "China", 71, 22.0),
    ("Matcha", "Japan", 12, 164.0),
    ("Nilgiri", "India", 110, 13.7),
    ("Oolong, Tie Guan Yin", "China", 21, 58.6),
    ("Rooibos, organic", "South Africa", 150, 11.8),
    ("Sencha, first flush", "Japan", 48, 28.2),
    ("Uva", "Sri Lanka", 88, 18.1),
    ("Yunnan Gold", "China", 16, 44.4),
]
COLUMNS = {"name": "Tea", "origin": "Origin", "kilograms": "Kilograms", "euros": "Euros / kg"}

app = Flask(__name__)
app.jinja_env.trim_blocks = True
app.jinja_loader = FileSystemLoader([HERE / "templates", HERE.parent / "dashboard" / "templates"])
StreamTemplates(app)


@app.get("/")
def stock():
    query, sort = request.args.get("q", ""), request.args.get("sort", "name")
    column = sort.removeprefix("-")
    teas = [tea for tea in TEAS if query.lower() in " ".join(map(str, tea)).lower()]
    if column in COLUMNS:
        place = [*COLUMNS].index(column)
        teas.sort(key=lambda tea: tea[place], reverse=sort.startswith("-"))
    pages = max(1, -(-len(teas) // SIZE))
    page = min(max(1, request.args.get("page", 1, type=int)), pages)
    part = wants_part()
    response = stream_response(
        "stock.html",
        {
            "query": query,
            "sort": sort,
            "columns": COLUMNS,
            "total": len(teas),
            "teas": teas[(page - 1) * SIZE : page * SIZE],
            "page": page,
            "pages": pages,
            "part": part,
            "htmx": os.environ.get("HTMX", "https://cdn.jsdelivr.net/npm/htmx.org@2"),
        },
        block=("found", "results") if part else None,
    )
    response.vary.add("HX-Request")  # this address has two texts, which a cache must tell apart
    return response


def wants_part():
    """Whether htmx asks, and not to show the whole page again that the reader goes back to."""
    headers = request.headers
    return "HX-Request" in headers and "HX-History-Restore-Request" not in headers
