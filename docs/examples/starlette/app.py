"""A report of many rows, and a page with two slow regions, with Starlette.

Run it with ``uvicorn --app-dir docs/examples/starlette app:app`` and open
http://127.0.0.1:8000/reports/2026 and http://127.0.0.1:8000/.
"""

import logging
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Route

from streamtmpl.starlette import StreamTemplates

logger = logging.getLogger("uvicorn.error")
readers_of_text = re.compile("bot|crawl|spider|curl|wget", re.IGNORECASE)


def deferred(request):
    """How deferred regions go out: browsers patch them in, others read the text as it comes."""
    agent = request.headers.get("User-Agent", "")
    return "in-order" if readers_of_text.search(agent) else "patch"


templates = StreamTemplates(
    directory=Path(__file__).parent,
    context_processors=[lambda request: {"company": "Rows & Sons"}],
    deferred=deferred,
    executor=ThreadPoolExecutor(20),
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


def stock():
    """As a slow query would give it."""
    time.sleep(1.5)
    return 1204


def forecast():
    """As a service somewhere else would give it."""
    time.sleep(0.5)
    return "rain <and> wind"


def dashboard(request):
    context = {"stock": stock, "forecast": forecast}
    return templates.TemplateResponse(request, "dashboard.html", context)


app = Starlette(
    routes=[Route("/", dashboard), Route("/reports/{year:int}", report, name="report")],
    middleware=[Middleware(GZipMiddleware)],
)
