"""A chat in Flask: each answer is a stream of events that ends.

flask --app docs/examples/chat/flask_app run
"""

import model
from flask import Flask, request

from streamtmpl.events import Event
from streamtmpl.flask import StreamTemplates, event_response, last_event_id, stream_template

app = Flask(__name__)
StreamTemplates(app)


@app.get("/")
def page():
    return stream_template("chat.html")


@app.get("/answer")
def answer():
    return event_response(events(request.args["question"], int(last_event_id() or 0)))


def events(question, heard):
    page = app.jinja_env.get_template("chat.html")
    if not heard:  # else the browser has connected again, and goes on with the next word
        yield Event((page, {"question": question}, "exchange"), name="exchange")
    for number, word in model.said(question, heard):
        yield Event(word, id=str(number))
    yield Event("", name="end")
