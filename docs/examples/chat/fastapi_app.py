"""A chat in FastAPI: each answer is a stream of events that ends.

uvicorn --app-dir docs/examples/chat fastapi_app:app
"""

from pathlib import Path

import model
from fastapi import FastAPI, Request

from streamtmpl.events import Event
from streamtmpl.starlette import EventResponse, StreamTemplates, last_event_id

app = FastAPI()
templates = StreamTemplates(directory=Path(__file__).parent / "templates")


@app.get("/")
async def page(request: Request):
    return templates.TemplateResponse(request, "chat.html")


@app.get("/answer", response_class=EventResponse)
async def answer(request: Request, question: str):
    return EventResponse(events(question, int(last_event_id(request) or 0)))


async def events(question, heard):
    page = templates.get_template("chat.html")
    if not heard:  # else the browser has connected again, and goes on with the next word
        yield Event((page, {"question": question}, "exchange"), name="exchange")
    async for number, word in model.said_async(question, heard):
        yield Event(word, id=str(number))
    yield Event("", name="end")
