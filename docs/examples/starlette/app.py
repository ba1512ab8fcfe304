"""A report of many rows, with Starlette.

Run it with ``uvicorn --app-dir docs/examples/starlette app:app`` and open
http://127.0.0.1:8000/reports/2026.
"""

import logging
from pathlib import Path

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Route

from streamtmpl.starlette import StreamTemplates

logger = logging.getLogger("uvicorn.error")
templates = StreamTemplates(
    directory=Path(__file__).parent,
    context_processors=[lambda request: {"company": "Rows & Sons"}],
)


def sales(year):
    """One row at a time, as a database cursor gives them."""
    for number in range(1, 20_001):
        yield {"number": number, "item": f"Item <{number % 7}>", "price": number * 3 % 100}


def report(request):
    year = request.path_params["year"]
    if year != 2026:
        raise HTTPException(404, "no such report")
    return templates.TemplateResponse(
        request,
        "report.html",
        {"year": year, "sales": sales(year)},
        background=BackgroundTask(logger.info, "report of %s done", year),
    )


app = Starlette(
    routes=[Route("/reports/{year:int}", report, name="report")],
    middleware=[Middleware(GZipMiddleware)],
)
