"""A dashboard of three slow queries: the page is there at once, each part when it is ready.

flask --app docs/examples/flask/dashboard run

Open /?order=in to see it rendered in order instead, as bots and curl get it.
"""

import re
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter, sleep

from flask import Flask, g

from streamtmpl.flask.views import StreamTemplates, stream_template

BOTS = re.compile(r"bot\b|crawl|spider|curl|wget", re.IGNORECASE)


def order(request):
    """What cannot patch a page, or would not wait for its patches, gets it in order."""
    if request.args.get("order") == "in" or BOTS.search(request.user_agent.string):
        return "in-order"
    return "patch"


app = Flask(__name__)
app.config["DASHBOARD_PACE"] = 1.0
app.config["DASHBOARD_TIMEOUT"] = 5.0  # seconds that a part may take
app.config["STREAMTMPL_DEFERRED"] = order
app.config["STREAMTMPL_EXECUTOR"] = ThreadPoolExecutor(12, thread_name_prefix="regions")
app.config.from_prefixed_env()  # FLASK_DASHBOARD_PACE=5 makes the queries slower
StreamTemplates(app)


def query(milliseconds):
    """Stands for a query to a database that takes its time."""
    sleep(milliseconds / 1000 * app.config["DASHBOARD_PACE"])


def products():
    query(800)
    return [("Espresso cup", 412), ("Teapot", 268), ("Milk jug", 151), ("Saucer", 94)]


def orders():
    query(100)
    return {"open": 38, "packed": 17, "sent": 126}


def revenue():
    query(300)
    return [("Mon", 62), ("Tue", 48), ("Wed", 75), ("Thu", 91), ("Fri", 100), ("Sat", 57)]


def elapsed():
    """Seconds since the request came in; regions see its `g` and `request` as the view does."""
    return f"{perf_counter() - g.began:.2f} s"


@app.before_request
def begin():
    g.began = perf_counter()


@app.get("/")
def dashboard():
    return stream_template(
        "dashboard.html", products=products, orders=orders, revenue=revenue, elapsed=elapsed
    )
