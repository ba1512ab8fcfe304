"""A page that reads a database to its last line, with FastAPI (0.118 or newer).

Run it with ``uvicorn --app-dir docs/examples/fastapi app:app`` and open http://127.0.0.1:8000/.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, Request

from streamtmpl.starlette import StreamTemplateResponse, StreamTemplates

app = FastAPI()
templates = StreamTemplates(directory=Path(__file__).parent)


def database() -> Iterator[sqlite3.Connection]:
    """A connection, which stays open until the page has been sent."""
    # FastAPI calls this, the endpoint and the template in different threads, one after the other.
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    connection.execute("CREATE TABLE planets (name, moons)")
    planets = [("Earth", 1), ("Mars", 2), ("Neptune", 16)]
    connection.executemany("INSERT INTO planets VALUES (?, ?)", planets)
    yield connection
    connection.close()


@app.get("/")
def planets(
    request: Request, connection: Annotated[sqlite3.Connection, Depends(database)]
) -> StreamTemplateResponse:
    rows = connection.execute("SELECT name, moons FROM planets ORDER BY moons")
    return templates.TemplateResponse(request, "planets.html", {"rows": rows})
