"""The applications that `bench.requests` has served: the same pages, in the ways that there are.

The path says which: `/<way>/<page>`. `/cpu` gives the CPU time that the server's process has used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import flask
import jinja2
import starlette.responses
from starlette.requests import Request
from starlette.templating import Jinja2Templates

import streamtmpl.flask
from bench.ways_served import FLASK, SOURCES, STARLETTE, context, cpu, send_cpu
from streamtmpl.starlette import StreamTemplates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def _flask(render: Callable[..., Any]) -> flask.Flask:
    app = flask.Flask(__name__)
    app.jinja_options = {"loader": jinja2.DictLoader(SOURCES), "autoescape": True}

    @app.get("/<way>/<page>")
    def show(way: str, page: str) -> Any:
        return render(page, **context())

    return app


_FLASK = dict(
    zip(
        FLASK,
        map(
            _flask,
            (flask.render_template, flask.stream_template, streamtmpl.flask.stream_template),
        ),
        strict=True,
    )
)


def wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Each way of Flask's is an application of its own: ours changes its environment."""
    path = environ["PATH_INFO"]
    if path == "/cpu":
        return send_cpu(start_response)
    return _FLASK[path.split("/")[1]](environ, start_response)


def _environment(*, is_async: bool) -> jinja2.Environment:
    loader = jinja2.DictLoader(SOURCES)
    return jinja2.Environment(loader=loader, autoescape=True, enable_async=is_async)


def _from_templates(templates: Jinja2Templates) -> Callable[[Request, str], Any]:
    return lambda request, page: templates.TemplateResponse(request, page, context())


def _generated() -> Callable[[Request, str], Any]:
    environment = _environment(is_async=True)

    def respond(request: Request, page: str) -> Any:
        pieces = environment.get_template(page).generate_async(context())
        return starlette.responses.StreamingResponse(pieces, media_type="text/html")

    return respond


_STARLETTE = dict(
    zip(
        STARLETTE,
        (
            _from_templates(Jinja2Templates(env=_environment(is_async=False))),
            _generated(),
            _from_templates(StreamTemplates(env=_environment(is_async=True))),
            _from_templates(StreamTemplates(env=_environment(is_async=False))),
        ),
        strict=True,
    )
)


async def asgi(scope: Any, receive: Any, send: Any) -> None:
    """The ways of Starlette's, without its routing."""
    path = scope["path"]
    if path == "/cpu":
        response = starlette.responses.Response(cpu())
    else:
        _, way, page = path.split("/")
        response = _STARLETTE[way](Request(scope, receive), page)
    await response(scope, receive, send)
