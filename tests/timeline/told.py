"""Streams that are told by hand, at times that a test knows."""

from __future__ import annotations

from streamtmpl.observing import (
    BoundaryFailed,
    Chunk,
    FirstChunk,
    LateSession,
    Observer,
    RegionFailed,
    RegionReady,
    RegionStarted,
    RegionTimedOut,
    StreamClosed,
    StreamStarted,
    Waited,
)

START = 100.0
PAGE = "shop/dashboard.html"


def start(observer: Observer, template: str | None = PAGE, stream: int = 1) -> None:
    observer(StreamStarted(stream, START, template, ()))


def chunks(observer: Observer, number: int, step: float, stream: int = 1) -> float:
    """Tell of so many chunks, one each *step*; gives the time of the last one."""
    time = START
    for each in range(number):
        time = START + (each + 1) * step
        kind = Chunk if each else FirstChunk
        observer(kind(stream, time, 10, 10, "size"))
    return time


def close(observer: Observer, seconds: float, stream: int = 1) -> None:
    observer(StreamClosed(stream, START + seconds, "complete", None))


def dashboard(observer: Observer, stream: int = 1) -> None:
    """A page that waits twice, with three regions: one is ready, one late, and one fails."""
    sales, late, weather = (PAGE, 20), (PAGE, 31), ("shop/parts.html", 4)
    for event in (
        StreamStarted(stream, START, PAGE, ()),
        FirstChunk(stream, START + 0.12, 3800, 3920, "wait"),
        RegionStarted(stream, START + 0.3, "sales", *sales),
        RegionStarted(stream, START + 0.31, "deliveries", *late),
        Waited(stream, START + 0.9, "source", PAGE, 22, 0.5, "sales"),
        RegionReady(stream, START + 1.0, "sales", *sales, 900),
        Waited(stream, START + 1.1, "source", PAGE, 12, 0.97, None),
        Chunk(stream, START + 1.12, 16384, 16390, "size"),
        Chunk(stream, START + 1.15, 16384, 16400, "size"),
        Chunk(stream, START + 1.18, 9384, 9400, "wait"),
        RegionStarted(stream, START + 1.2, "weather", *weather),
        Waited(stream, START + 1.3, "await", "shop/table.html", 8, 0.1, None),
        BoundaryFailed(stream, START + 1.31, PAGE, 40, ValueError("no")),
        LateSession(stream, START + 1.32, PAGE, 41),
        RegionFailed(stream, START + 1.7, "weather", *weather, KeyError("rain")),
        RegionReady(stream, START + 1.72, "weather", *weather, 30),
        Waited(stream, START + 2.2, "await", PAGE, 33, 1.8, "deliveries"),
        RegionTimedOut(stream, START + 2.31, "deliveries", *late),
        RegionReady(stream, START + 2.33, "deliveries", *late, 30),
        Chunk(stream, START + 2.34, 300, 300, "region"),
        Chunk(stream, START + 2.35, 14, 14, "end"),
        StreamClosed(stream, START + 2.352, "complete", None),
    ):
        observer(event)
