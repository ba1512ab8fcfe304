"""A page that grows while it is being rendered.

flask --app docs/examples/flask/timeline run
"""

import time

from flask import Flask, request

from streamtmpl.flask.views import StreamTemplates, stream_template

app = Flask(__name__)
app.config["TIMELINE_PACE"] = 0.5  # seconds for each event, as if it came from a slow query
app.config.from_prefixed_env()  # FLASK_TIMELINE_PACE=2 makes it slower
StreamTemplates(app)


def events(count):
    for number in range(1, count + 1):
        time.sleep(app.config["TIMELINE_PACE"])
        yield {"time": time.strftime("%H:%M:%S"), "title": f"Event {number} of {count}"}


@app.get("/")
def timeline():
    count = request.args.get("count", 20, type=int)
    return stream_template("timeline.html", events=events(count), count=count)
