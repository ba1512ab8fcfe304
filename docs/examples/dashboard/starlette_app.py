"""The dashboard in Starlette: an async template, each of whose regions is a task.

uvicorn --app-dir docs/examples/dashboard starlette_app:app
"""

from pathlib import Path

import shop
from jinja2 import Environment, FileSystemLoader
from starlette.applications import Starlette
from starlette.routing import Route

from streamtmpl.starlette import StreamTemplates

loader = FileSystemLoader(Path(__file__).parent / "templates")
templates = StreamTemplates(env=Environment(loader=loader, autoescape=True, enable_async=True))


async def dashboard(request):
    context = {
        "framework": "Starlette",
        "query": shop.query_async,
        "elapsed": shop.stopwatch(),
        "fail": "fail" in request.query_params,
    }
    return templates.TemplateResponse(request, "dashboard.html", context)


app = Starlette(routes=[Route("/", dashboard)])
