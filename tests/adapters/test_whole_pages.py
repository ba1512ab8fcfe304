"""A page that ends with its first chunk goes out with its length, as any other response does."""

from __future__ import annotations

from typing import Any

import pytest

from streamtmpl import wsgi

from .answers import (
    NAME,
    Answering,
    answer_of,
    environment,
    every_adapter,
    from_flask,
    from_wsgi,
)

WHOLE = "<p>{{ 'é' }}"
EACH_KIND = pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])


def skip_what_does_not_know(answer: Answering, *, is_async: bool) -> None:
    if is_async and answer is from_wsgi:
        pytest.skip("WSGI sends no async template")
    if is_async and answer is from_flask:
        pytest.skip("an async page of Flask's is not begun before its head")


@every_adapter
@EACH_KIND
def test_its_length_is_sent_with_it(answer: Answering, is_async: bool) -> None:
    skip_what_does_not_know(answer, is_async=is_async)
    answered = answer(environment(WHOLE, enable_async=is_async))
    assert answered.text == "<p>é"
    assert answered.headers["content-length"] == "5"


@every_adapter
@EACH_KIND
def test_so_is_that_of_an_empty_one(answer: Answering, is_async: bool) -> None:
    skip_what_does_not_know(answer, is_async=is_async)
    answered = answer(environment("", enable_async=is_async))
    assert (answered.text, answered.headers["content-length"]) == ("", "0")


@every_adapter
@EACH_KIND
def test_one_that_goes_on_has_none(answer: Answering, is_async: bool) -> None:
    if is_async and answer is from_wsgi:
        pytest.skip("WSGI sends no async template")
    answered = answer(environment("<p>{% flush %}</p>", enable_async=is_async))
    assert answered.text == "<p></p>"
    assert "content-length" not in answered.headers


@pytest.mark.parametrize("source", [["<p>", "é"], [b"<p>", b"\xc3\xa9"]], ids=["str", "bytes"])
def test_what_is_no_template_has_one_as_well(source: list[Any]) -> None:
    assert answer_of(wsgi.StreamResponse(source)).headers["content-length"] == "5"


@pytest.mark.parametrize("status", [204, 205, 304])
def test_a_status_without_content_has_none(status: int) -> None:
    page = environment(WHOLE).get_template(NAME)
    assert "content-length" not in answer_of(wsgi.StreamResponse(page, status=status)).headers
