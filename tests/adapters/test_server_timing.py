"""The header ``Server-Timing``, whatever the response."""

from __future__ import annotations

from typing import Any

from streamtmpl.observing import FirstChunk, StreamStarted, Waited
from streamtmpl.responses.timing import MOST, ServerTiming


def header_of(*waits: tuple[str | None, int | None, float], **known: str) -> str | None:
    timing = ServerTiming()
    timing(StreamStarted(1, 10.0, "page.html", ()))
    for template, line, seconds in waits:
        timing(Waited(1, 10.0, "source", template, line, seconds, None))
    timing(FirstChunk(1, 10.5, 1, 1, "size"))
    timing(Waited(1, 11.0, "source", "late.html", 1, 1.0, None))
    headers: dict[str, Any] = dict(known)
    timing.add_to(headers)
    return headers.get("Server-Timing")


def test_waits_at_one_line_are_one_metric() -> None:
    assert header_of(("a.html", 2, 0.1), ("a.html", 2, 0.2), ("b.html", 2, 0.05)) == (
        'first-chunk;dur=500.0, source;dur=300.0;desc="a.html:2", source;dur=50.0;desc="b.html:2"'
    )


def test_the_longest_waits_are_told() -> None:
    header = header_of(*((f"{n}.html", 1, n / 1000) for n in range(1, 50)))
    assert header is not None
    assert header.count("source;") == MOST
    assert 'desc="49.html:1"' in header


def test_what_a_name_must_not_do_to_a_header() -> None:
    assert header_of(('a"\\\r\nSet-Cookie: ü.html', 1, 0.1)) == (
        'first-chunk;dur=500.0, source;dur=100.0;desc="a\\"\\\\??Set-Cookie: ?.html:1"'
    )


def test_what_has_no_name_and_no_line() -> None:
    assert header_of((None, None, 0.1)) == (
        'first-chunk;dur=500.0, source;dur=100.0;desc="<template>"'
    )


def test_a_region_holds_no_first_chunk_back() -> None:
    timing = ServerTiming()
    timing(StreamStarted(1, 10.0, None, ()))
    timing(Waited(1, 10.1, "await", "page.html", 1, 0.1, "region"))
    timing(FirstChunk(1, 10.2, 1, None, "end"))
    headers: dict[str, str] = {}
    timing.add_to(headers)
    assert headers == {"Server-Timing": "first-chunk;dur=200.0"}


def test_nothing_is_known_before_the_first_chunk() -> None:
    timing = ServerTiming()
    timing(StreamStarted(1, 10.0, None, ()))
    headers: dict[str, str] = {}
    timing.add_to(headers)
    assert headers == {}
