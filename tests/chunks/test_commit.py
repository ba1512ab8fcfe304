"""Holding the first chunk back until a block has been rendered."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import jinja2
import pytest

from streamtmpl import StreamEnvironment, UnknownBlockError, render_stream, render_stream_async

SOURCES = {
    "base": "<head>{% block head %}h{% endblock %}</head>{% block content %}{% endblock %}<footer>",
    "page": "{% extends 'base' %}{% block content %}{% for x in xs %}<{{ x }}>{% endfor %}"
    "{% endblock %}",
    "super": "{% extends 'page' %}{% block content %}[{{ super() }}]{% endblock %}",
    "plain": "a{% for x in xs %}{{ x }}{% endfor %}",
    "never": "a{% if no %}{% block content %}{% endblock %}{% endif %}b",
    "flush": "a{% flush %}b{% block content %}c{% flush %}d{% endblock %}e{% flush %}f",
    "self": "{{ self.content() }}|{% for x in xs %}{{ x }}{% endfor %}"
    "{% if no %}{% block content %}c{% endblock %}{% endif %}",
}


def chunks(name: str, *, is_async: bool, **options: Any) -> list[str]:
    environment = StreamEnvironment(
        loader=jinja2.DictLoader(SOURCES), enable_async=is_async, autoescape=True
    )
    template = environment.get_template(name)
    context = {"xs": [1, 2, 3]}
    if not is_async:
        return list(render_stream(template, context, chunk_size=0, **options))

    async def collect() -> list[str]:
        stream = render_stream_async(template, context, chunk_size=0, **options)
        return [chunk async for chunk in stream]

    return asyncio.run(collect())


both = pytest.mark.parametrize("is_async", [False, True])


@both
@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("page", "<head>h</head><1><2><3>"),
        ("super", "<head>h</head>[<1><2><3>]"),
        ("never", "ab"),
        ("flush", "abcd"),
        ("self", "c"),
    ],
)
def test_the_first_chunk_ends_with_the_block(name: str, first: str, is_async: bool) -> None:
    held = chunks(name, is_async=is_async, commit_after="content")
    assert held[0] == first
    assert "".join(held) == "".join(chunks(name, is_async=is_async))


@both
def test_after_the_block_chunks_are_cut_as_ever(is_async: bool) -> None:
    held = chunks("page", is_async=is_async, commit_after="head")
    assert held == ["<head>h", "</head><1>", "<2>", "<3>", "<footer>"]


@both
@pytest.mark.parametrize(("name", "known"), [("page", "'content', 'head'"), ("plain", "no blocks")])
def test_an_unknown_block_is_an_error_before_anything_is_sent(
    name: str, known: str, is_async: bool
) -> None:
    with pytest.raises(UnknownBlockError) as raised:
        chunks(name, is_async=is_async, commit_after="contents")
    assert str(raised.value) == (
        f"commit_after='contents': {name!r} has no such block. It has {known}."
    )


def test_a_lazy_source_in_the_block_hands_nothing_over() -> None:
    environment = StreamEnvironment(loader=jinja2.DictLoader(SOURCES))
    pulled: list[int] = []

    def rows() -> Iterator[int]:
        for number in range(3):
            pulled.append(number)
            yield number

    with render_stream(
        environment.get_template("page"), {"xs": rows()}, commit_after="content"
    ) as stream:
        assert next(stream).startswith("<head>h</head><0><1><2>")
        assert pulled == [0, 1, 2]


def test_what_has_not_been_asked_for_yet_is_not_begun() -> None:
    environment = StreamEnvironment(loader=jinja2.DictLoader(SOURCES))
    stream = render_stream(environment.get_template("page"), commit_after="contents")
    stream.close()


@pytest.mark.parametrize("name", [3, ["content"], b"content"])
def test_a_block_is_named_by_a_string(name: Any) -> None:
    with pytest.raises(TypeError) as raised:
        chunks("page", is_async=False, commit_after=name)
    assert str(raised.value) == f"commit_after must be the name of a block, not {name!r}"


@both
def test_a_block_that_fails_inside_a_boundary_is_released(*, is_async: bool) -> None:
    SOURCES["failing"] = (
        "a{% boundary %}{% block content %}{{ 1 // 0 }}{% endblock %}{% fallback %}f"
        "{% endboundary %}{% for x in xs %}{{ x }}{% endfor %}"
    )
    assert chunks("failing", is_async=is_async, commit_after="content") == ["af", "1", "2", "3"]
