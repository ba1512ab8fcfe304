"""A dashboard whose parts come as events, whenever something has been sold.

flask --app docs/examples/live/app run
"""

from flask import Flask, request
from till import Till

from streamtmpl.events import Event
from streamtmpl.flask import StreamTemplates, event_response, last_event_id, stream_template

app = Flask(__name__)
StreamTemplates(app)
till = Till()


@app.get("/")
def page():
    return stream_template("live.html", **till.day())


@app.get("/events")
def events():
    # Who connects again says which order came last, and gets those that it has missed.
    return event_response(sold_after(last_event_id() or request.args["after"]))


def sold_after(number):
    page = app.jinja_env.get_template("live.html")
    last = int(number)
    while True:
        orders = till.orders_after(last, timeout=1)
        for order in orders:
            last = order.number
            yield Event((page, {"order": order}, "order"), name="order", id=str(last))
        if orders:
            day = till.day()
            yield Event((page, day, "figures"), name="figures")
            yield Event((page, day, "teas"), name="teas")
        else:
            yield None  # nothing now: if the browser has gone, it ends here
