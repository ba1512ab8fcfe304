"""The examples of events, started as a reader would start them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.events.event_source import EventSource, Seen

from .http_client import Connection, fetch
from .launch import Server, free_port, module, running

CHAT, LIVE = "docs/examples/chat", "docs/examples/live"
COMMANDS: dict[str, Callable[[str], list[str]]] = {
    "live": lambda port: module("flask", "--app", f"{LIVE}/app", "run", "--port", port),
    "chat-flask": lambda port: module("flask", "--app", f"{CHAT}/flask_app", "run", "--port", port),
    "chat-fastapi": lambda port: module(
        "uvicorn", "--app-dir", CHAT, "fastapi_app:app", "--port", port
    ),
}
NEEDS = {"live": "flask", "chat-flask": "flask", "chat-fastapi": "fastapi"}
CHATS = pytest.mark.parametrize("name", ["chat-flask", "chat-fastapi"])


@contextmanager
def started(name: str, folder: Path) -> Iterator[Server]:
    if find_spec(NEEDS[name]) is None:
        pytest.skip(f"{NEEDS[name]} is not installed")
    port = free_port()
    variables = {"LIVE_PACE": "0.05", "CHAT_PACE": "0.1"}
    with running(COMMANDS[name](str(port)), port, folder / "log", variables) as server:
        yield server


def listened(server: Server, path: str, headers: str, enough: Callable[[list[Seen]], bool]) -> list:
    """The events of a stream until there are *enough*."""
    source = EventSource()
    with Connection(server.port) as connection:
        connection.send(path, headers=headers)
        head = connection.head()
        assert head.get("Content-Type") == "text/event-stream"
        assert head.get("Transfer-Encoding") == "chunked"
        while not enough(source.seen):
            before = len(source.seen)
            source.take(connection.chunk())
            assert len(source.seen) <= before + 1  # each is a chunk
    return source.seen


def has_ended(events: list[Seen]) -> bool:
    return bool(events) and events[-1].type == "end"


def has_figures(events: list[Seen]) -> bool:
    return any(event.type == "figures" for event in events)


@CHATS
def test_the_words_come_one_by_one(name: str, tmp_path: Path) -> None:
    with started(name, tmp_path) as server:
        _, page = fetch(server.port)
        assert b"Ask about tea" in page
        assert b'class="question"' not in page
        path = f"/answer?question={quote('<b>How hot?')}"
        events = listened(server, path, "", has_ended)
        exchange, *words, end = events
        assert exchange.type == "exchange"
        assert '<p class="question">&lt;b&gt;How hot?</p>' in exchange.data
        assert "".join(word.data for word in words).startswith("Green tea wants water of 70 °C,")
        assert [word.last_event_id for word in words] == [str(n + 1) for n in range(len(words))]
        assert end.data == ""

        header = "Last-Event-ID: 14\r\n"
        rest = listened(server, path, header, has_ended)
        assert rest == events[15:]  # the question is there, and fourteen words
        assert "Traceback" not in server.logged()


def test_the_dashboard_is_sent_what_has_been_sold(tmp_path: Path) -> None:
    with started("live", tmp_path) as server:
        _, page = fetch(server.port)
        assert page.count(b"kg of ") == 8
        after = int(page.split(b"after=")[1].split(b'"')[0])
        events = listened(server, f"/events?after={after}", "", has_figures)
        orders = [event for event in events if event.type == "order"]
        numbers = [int(event.last_event_id) for event in orders]
        assert numbers == list(range(after + 1, after + 1 + len(orders)))
        assert all("<li>" in event.data for event in orders)
        figures = [event for event in events if event.type == "figures"]
        count = int(figures[0].data.split("<dd>")[1].split("<")[0])
        assert count >= int(orders[0].last_event_id)
        header = f"Last-Event-ID: {after + 1}\r\n"
        again = listened(server, f"/events?after={after}", header, lambda seen: len(seen) >= 1)
        assert again[0].last_event_id == str(after + 2)  # what it has missed comes first
