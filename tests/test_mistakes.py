"""Mistakes in calling the library: the message says what was given and what was meant."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args

import pytest

from streamtmpl import (
    NotStreamingError,
    StreamEnvironment,
    UnknownBlockError,
    rechunk,
    rechunk_async,
    render_stream,
    render_stream_async,
)
from streamtmpl.asgi import StreamResponse as AsgiResponse
from streamtmpl.chunks.options import Deferred, regions_shown
from streamtmpl.responses.body import byte_stream
from streamtmpl.wsgi import StreamResponse

TEMPLATE = StreamEnvironment().from_string("{% for row in rows %}{{ row }}{% endfor %}")
ASYNC = StreamEnvironment(enable_async=True).from_string("{{ rows }}")


def rows() -> Iterator[str]:
    yield "a"


class Report:
    def rows(self) -> Iterator[str]:
        yield "a"


TAKES_AN_ITERABLE: dict[str, Callable[[Any], object]] = {
    "rechunk": rechunk,
    "rechunk_async": rechunk_async,
    "body": byte_stream,
}


@pytest.mark.parametrize("take", TAKES_AN_ITERABLE.values(), ids=TAKES_AN_ITERABLE)
@pytest.mark.parametrize("given", [rows, Report().rows], ids=["function", "method"])
def test_a_function_in_place_of_its_generator(take: Callable[[Any], object], given: Any) -> None:
    with pytest.raises(NotStreamingError) as raised:
        take(given)
    assert str(raised.value).endswith(f"not {given!r}: did you forget to call it?")


def test_the_responses_say_it_as_well() -> None:
    def start_response(*head: Any) -> Any:
        raise AssertionError("there is nothing to send")

    with pytest.raises(NotStreamingError, match="did you forget to call it"):
        StreamResponse(rows)({"REQUEST_METHOD": "GET"}, start_response)
    with pytest.raises(NotStreamingError, match="did you forget to call it"):
        AsgiResponse(rows)


@pytest.mark.parametrize("given", [5, None, type])
def test_what_is_no_function_was_not_forgotten_to_be_called(given: Any) -> None:
    with pytest.raises(NotStreamingError) as raised:
        rechunk(given)
    assert str(raised.value) == f"expected an iterable of strings, not {given!r}"


STREAMS: dict[str, Callable[[Any], object]] = {
    "render_stream": lambda context: render_stream(TEMPLATE, context),
    "render_stream_async, in threads": lambda context: render_stream_async(TEMPLATE, context),
    "render_stream_async": lambda context: render_stream_async(ASYNC, context),
}


@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
@pytest.mark.parametrize("given", [["rows"], [1, 2], "rows", 5, rows])
def test_a_context_that_is_none(stream: Callable[[Any], object], given: Any) -> None:
    with pytest.raises(TypeError) as raised:
        stream(given)
    assert str(raised.value) == (
        "expected the context as a mapping of the variables' names to their values, such as"
        f" {{'rows': rows}}, not {given!r}"
    )


class Lazy(Mapping[str, Any]):
    def __getitem__(self, name: str) -> Any:
        raise ValueError("no number")

    def __iter__(self) -> Iterator[str]:
        return iter(["rows"])

    def __len__(self) -> int:
        return 1


@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
def test_an_error_of_a_mapping_is_its_own(stream: Callable[[Any], object]) -> None:
    with pytest.raises(ValueError, match="no number"):
        stream(Lazy())


def test_an_unknown_block_of_a_template_without_a_name() -> None:
    with pytest.raises(UnknownBlockError) as raised:
        "".join(render_stream(TEMPLATE, {"rows": "a"}, commit_after="head"))
    assert str(raised.value) == (
        "commit_after='head': the template has no such block. It has no blocks."
    )


def test_the_modes_that_are_typed_are_those_that_are_taken() -> None:
    for mode in get_args(Deferred):
        regions_shown(mode)
    with pytest.raises(ValueError, match="deferred must be") as raised:
        regions_shown("inorder")  # type: ignore[arg-type]
    assert all(repr(mode) in str(raised.value) for mode in get_args(Deferred))
