"""Events as lines: what a client reads is what was given, by the HTML standard."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import Markup

from streamtmpl import StreamEnvironment
from streamtmpl.events import Event, Part, event_stream

from .event_source import EventSource, Seen, seen

TRICKY = ["\r", "\n", "\r\n", "\n\r", ":", " ", "\0", "\x0b", "\x0c", "\x1c", "\x85", "\u2028"]
TRICKY += ["\ufeff", "data:", "id: 7", "event", "é", "😀", ""]
TEXT = st.one_of(
    st.lists(st.sampled_from(TRICKY), max_size=8).map("".join),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
)
LINE = TEXT.map(lambda text: re.sub("[\r\n]", "", text))
EVENTS = st.builds(
    Event,
    st.none() | TEXT,
    st.none() | LINE,
    st.none() | LINE.map(lambda text: text.replace("\0", "")),
    st.none() | st.integers(0, 10**12),
)


def sent(*events: Event) -> bytes:
    return b"".join(event_stream(events, keep_alive=None))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(EVENTS, max_size=6))
def test_a_client_reads_what_was_given(events: list[Event]) -> None:
    client = EventSource().take(sent(*events))
    expected, last_id, retry = [], "", None
    for event in events:
        last_id = last_id if event.id is None else event.id
        retry = retry if event.retry is None else event.retry
        if isinstance(event.data, str):
            lines = event.data.replace("\r\n", "\n").replace("\r", "\n")
            expected.append(Seen(lines, event.name or "message", last_id))
    assert client.seen == expected
    assert (client.last_event_id, client.retry) == (last_id, retry)


def test_the_lines_of_an_event() -> None:
    event = Event("one\r\ntwo\rthree\n", name="rows", id="7", retry=2000)
    lines = b"event: rows\nid: 7\nretry: 2000\ndata: one\ndata: two\ndata: three\ndata: \n\n"
    assert list(event_stream([event], None)) == [b":\n\n", lines]


def test_other_ends_of_lines_than_the_standards_stay() -> None:
    data = "a\x0bb\x0cc\x1cd\x1de\x1ef\x85g\u2028h\u2029i"
    assert data.splitlines() == list("abcdefghi")
    assert seen(sent(Event(data))) == [Seen(data)]


def test_a_byte_order_mark_at_the_beginning_is_data() -> None:
    assert seen(sent(Event("\ufeffa"))) == [Seen("\ufeffa")]


def test_empty_data_is_an_event_and_none_is_not() -> None:
    assert seen(sent(Event(""), Event(None, id="3"), Event("x"))) == [
        Seen(""),
        Seen("x", last_event_id="3"),
    ]


def test_markup_is_text() -> None:
    assert seen(sent(Event(Markup("<b>\r\n"), name=Markup("<")))) == [Seen("<b>\n", "<")]


@pytest.mark.parametrize("bad", ["\n", "a\nb", "a\r", "\r\n"])
def test_names_and_ids_are_one_line(bad: str) -> None:
    with pytest.raises(ValueError, match=r"name .* has a character"):
        Event("x", name=bad)
    with pytest.raises(ValueError, match=r"id .* has a character"):
        Event("x", id=bad)


def test_an_id_with_nul_is_refused_since_clients_would_ignore_it() -> None:
    with pytest.raises(ValueError, match="id 'a\\\\x00b'"):
        Event("x", id="a\0b")
    assert Event("x", name="a\0b").name == "a\0b"


def test_retry_is_a_number_of_milliseconds() -> None:
    with pytest.raises(ValueError, match="0 or more milliseconds, not -1"):
        Event(retry=-1)
    for wrong in (1.5, "2000", True):
        with pytest.raises(TypeError, match="retry must be milliseconds"):
            Event(retry=wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [b"bytes", 7, {"a": 1}, ("template", {}), object()])
def test_data_is_text_or_a_part(wrong: Any) -> None:
    with pytest.raises(TypeError, match="data must be text, or a part"):
        Event(wrong)


def test_name_and_id_are_text() -> None:
    for field in ("name", "id"):
        with pytest.raises(TypeError, match=f"{field} must be text, not 7"):
            Event("x", **{field: 7})  # type: ignore[arg-type]


def test_a_tuple_is_a_part() -> None:
    template = StreamEnvironment().from_string("{% block row %}<{{ x }}>{% endblock %}|")
    for part in ((template, {"x": 1}, "row"), Part(template, {"x": 1}, "row")):
        assert seen(sent(Event(part))) == [Seen("<1>")]
    assert seen(sent(Event((template, {"x": 1})))) == [Seen("<1>|")]
    assert seen(sent(Event((template,)))) == [Seen("<>|")]
