"""A dashboard of three slow queries: the page is there at once, each part when it is ready.

hypercorn docs/examples/quart/dashboard:app

Open /?order=in to see it rendered in order instead.
"""

import asyncio

from quart import Quart

from streamtmpl.quart.views import StreamTemplates, stream_template

app = Quart(__name__)
app.config["DASHBOARD_PACE"] = 1.0
app.config["STREAMTMPL_DEFERRED"] = lambda request: (
    "in-order" if request.args.get("order") == "in" else "patch"
)
app.config.from_prefixed_env()  # QUART_DASHBOARD_PACE=5 makes the queries slower
StreamTemplates(app)


async def query(milliseconds):
    """Stands for a query to a database that takes its time."""
    await asyncio.sleep(milliseconds / 1000 * app.config["DASHBOARD_PACE"])


async def products():
    await query(800)
    return ["Espresso cup", "Teapot", "Milk jug"]


async def orders():
    await query(100)
    return 38


async def revenue():
    await query(300)
    return 1942


@app.get("/")
async def dashboard():
    return await stream_template(
        "dashboard.html", products=products, orders=orders, revenue=revenue
    )
