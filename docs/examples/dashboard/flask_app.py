"""The dashboard in Flask: a synchronous template, whose regions are rendered in threads.

flask --app docs/examples/dashboard/flask_app run
"""

from concurrent.futures import ThreadPoolExecutor

import shop
from flask import Flask, request

from streamtmpl.flask import StreamTemplates, stream_template

app = Flask(__name__)
app.config["STREAMTMPL_EXECUTOR"] = ThreadPoolExecutor(12, thread_name_prefix="regions")
StreamTemplates(app)


@app.get("/")
def dashboard():
    return stream_template(
        "dashboard.html",
        framework="Flask",
        query=shop.query,
        elapsed=shop.stopwatch(),
        fail="fail" in request.args,
    )
