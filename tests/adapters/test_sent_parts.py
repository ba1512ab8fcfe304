"""Every adapter sends one block of a page where it is told to."""

from __future__ import annotations

from typing import Any

import pytest

from streamtmpl import UnknownBlockError, asgi, rechunk, wsgi

from .answers import (
    ADAPTERS,
    Answering,
    environment,
    every_adapter,
    from_aiohttp,
    from_asgi,
    from_litestar,
)

BASE = "{% set title = 'T' %}<html>{{ outside() }}{% block body %}{% endblock %}</html>"
PAGE = (
    "{% extends 'base' %}{% block body %}<main>{% block rows %}{% for row in rows %}"
    "<tr>{{ row }}{{ title }}{% endfor %}{% endblock %}</main>{% block pager %}1 of 2"
    "{% endblock %}{% endblock %}"
)


def outside() -> None:
    pytest.fail("called, and it stands outside the block")


def part(answer: Answering, block: Any, **options: Any) -> str:
    env = environment(PAGE, others={"base": BASE}, **options)
    text: str = answer(env, {"rows": ["<", 2], "outside": outside}, block=block).text
    return text


@every_adapter
def test_one_block(answer: Answering) -> None:
    assert part(answer, "rows") == "<tr>&lt;T<tr>2T"


@every_adapter
def test_several_blocks(answer: Answering) -> None:
    assert part(answer, ("pager", "rows")) == "1 of 2<tr>&lt;T<tr>2T"


def test_a_block_of_an_async_template() -> None:
    assert part(from_asgi, "rows", enable_async=True) == "<tr>&lt;T<tr>2T"


CATCHING = (from_litestar, from_aiohttp)  # and they answer with an error


@pytest.mark.parametrize("answer", [each for each in ADAPTERS if each not in CATCHING])
def test_an_unknown_block_is_raised_before_anything_is_sent(answer: Answering) -> None:
    with pytest.raises(
        UnknownBlockError, match=r"'pa\"ge\.html' has no such block\. It has 'body', 'pager'"
    ):
        part(answer, "row")


@pytest.mark.parametrize("answer", CATCHING)
def test_an_unknown_block_is_answered_with_an_error(answer: Answering) -> None:
    env = environment(PAGE, others={"base": BASE})
    assert answer(env, {"rows": ["<", 2], "outside": outside}, block="row").status == 500


@pytest.mark.parametrize("kind", [wsgi.StreamResponse, asgi.StreamResponse])
def test_a_stream_has_no_blocks(kind: Any) -> None:
    with pytest.raises(TypeError, match="block goes with a template"):
        kind(rechunk(["text"]), block="rows")
