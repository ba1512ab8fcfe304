"""Pages of sync templates, whose regions render in an executor's threads, in Flask."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from flask import Flask, Response, abort
from jinja2 import FileSystemLoader
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from streamtmpl.flask.views import StreamTemplates, page_script, patch_script, stream_response

from .wanted import FOLDER, SCRIPTS, Wanted

threads = ThreadPoolExecutor(24)


def page(number: str) -> Response:
    try:
        wanted = Wanted(number)
    except FileNotFoundError:
        abort(404)
    return stream_response(
        wanted.template, wanted.variables(), headers=wanted.headers, **wanted.options
    )


def made(script: str | None) -> Flask:
    app = Flask(__name__)
    app.jinja_loader = FileSystemLoader(FOLDER)
    app.config["STREAMTMPL_EXECUTOR"] = threads
    app.config["STREAMTMPL_PATCH_SCRIPT"] = script
    StreamTemplates(app)
    app.add_url_rule("/patch.js", view_func=patch_script)
    app.add_url_rule("/page.js", view_func=page_script)
    app.add_url_rule("/<number>", view_func=page)
    return app


nothing = Flask("nothing")
app = DispatcherMiddleware(
    nothing, {f"/{kind}": made(script).wsgi_app for kind, script in SCRIPTS.items()}
)
