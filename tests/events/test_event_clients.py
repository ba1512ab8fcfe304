"""The forms that client-side libraries expect, by their documentation."""

from __future__ import annotations

from typing import Any

import pytest

from streamtmpl import StreamEnvironment
from streamtmpl.events import Event, Part, datastar_patch, event_stream, htmx_oob, turbo_stream

from .event_source import Seen, seen

PAGE = StreamEnvironment(autoescape=True).from_string(
    "{% block row %}<li>{{ name }}</li>\n<li>\r\n</li>{% endblock %}"
)
ROW = Part(PAGE, {"name": "<"}, "row")


def only(event: Event) -> Seen:
    (one,) = seen(b"".join(event_stream([event], None)))
    return one


def test_turbo_with_a_part() -> None:
    assert only(turbo_stream("append", "rows", ROW, id="4")) == Seen(
        '<turbo-stream action="append" target="rows"><template>'
        "<li>&lt;</li>\n<li>\n</li></template></turbo-stream>",
        last_event_id="4",
    )


def test_turbo_without_content_and_with_a_selector() -> None:
    expected = '<turbo-stream action="remove" targets="[a=&#34;b&#34;]"></turbo-stream>'
    assert only(turbo_stream("remove", targets='[a="b"]')).data == expected


def test_datastar_has_its_options_before_each_line_of_the_elements() -> None:
    assert only(datastar_patch(ROW, selector="#rows", mode="append")) == Seen(
        "selector #rows\nmode append\nelements <li>&lt;</li>\nelements <li>\nelements </li>",
        "datastar-patch-elements",
    )
    assert only(datastar_patch("<p id=a>b")).data == "elements <p id=a>b"
    assert only(datastar_patch(selector="#a", mode="remove")).data == "selector #a\nmode remove"


def test_a_selector_of_datastars_is_one_line() -> None:
    with pytest.raises(ValueError, match=r"selector 'a.*nelements b' has a character"):
        datastar_patch("x", selector="a\nelements b")


def test_htmx_out_of_band() -> None:
    event = htmx_oob("beforeend:#rows", ROW, tag="ul", name="row", id="1")
    expected = '<ul hx-swap-oob="beforeend:#rows"><li>&lt;</li>\n<li>\n</li></ul>'
    assert only(event) == Seen(expected, "row", "1")


def test_content_is_text_or_a_part() -> None:
    wrong: Any = 7
    for make in (
        lambda: turbo_stream("append", "rows", wrong),
        lambda: datastar_patch(wrong),
        lambda: htmx_oob("true", wrong),
    ):
        with pytest.raises(TypeError, match="data must be text, or a part"):
            make()
