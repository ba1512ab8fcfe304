"""Who gets patches, and when a nonce is asked for: the same rule in every adapter."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.navigations import NAVIGATION

from .answers import (
    Answering,
    environment,
    from_django,
    from_django_asgi,
    from_flask,
    from_quart,
    from_starlette,
)
from .patches import is_plain, patches

PAGE = "<body>{% defer %}{{ value() }}{% placeholder %}wait{% enddefer %}</body>"

EACH = pytest.mark.parametrize(
    "answer", [from_flask, from_quart, from_starlette, from_django, from_django_asgi]
)


def there() -> str:
    return "there"


def page_of(
    answer: Answering,
    method: str = "GET",
    script: str | None = "inline",
    value: Any = there,
    **configured: Any,
) -> str:
    """The page, as an adapter sends it that is so configured."""
    env = environment(PAGE, patch_script=script)
    sent = NAVIGATION
    text: str = answer(env, {"value": value}, method, sent=sent, configured=configured).text
    return text


def refuses(request: Any) -> str:
    raise AssertionError("it was asked")


@EACH
def test_with_patches_a_nonce_is_asked_for_with_the_request(
    answer: Answering,
) -> None:
    page = page_of(answer, nonce=lambda request: f"n-{request.method}")
    assert '<script nonce="n-GET" data-k=' in page
    assert patches(page) == [(0, "there")]


@EACH
@pytest.mark.parametrize("mode", ["in-order", lambda request: "in-order"])
def test_in_order_no_nonce_is_asked_for(answer: Answering, mode: Any) -> None:
    page = page_of(answer, nonce=refuses, deferred=mode)
    assert is_plain(page)
    assert "there" in page


@EACH
def test_without_a_script_no_nonce_is_asked_for(answer: Answering) -> None:
    page = page_of(answer, nonce=refuses, script=None)
    assert patches(page) == [(0, "there")]


@EACH
def test_a_script_with_a_url_has_a_nonce(answer: Answering) -> None:
    page = page_of(answer, nonce=lambda request: "n1", script="/patch.js")
    assert '<script src="/patch.js" async nonce="n1" data-k=' in page


@EACH
def test_the_mode_is_decided_before_the_nonce(answer: Answering) -> None:
    asked = []

    def mode(request: Any) -> str:
        asked.append("mode")
        return "patch"

    def nonce(request: Any) -> None:
        asked.append("nonce")

    assert "<script data-k=" in page_of(answer, deferred=mode, nonce=nonce)
    assert asked == ["mode", "nonce"]


@EACH
def test_head_asks_nobody_and_begins_no_region(answer: Answering) -> None:
    with ThreadPoolExecutor(1) as executor:
        settings: dict[str, Any] = {"deferred": refuses, "nonce": refuses, "executor": executor}
        assert page_of(answer, "HEAD", value=lambda: refuses(None), **settings) == ""


@EACH
def test_what_the_functions_return_is_checked(answer: Answering) -> None:
    with pytest.raises(ValueError, match=r"the function in .* must return 'auto', .* not 'later'"):
        page_of(answer, deferred=lambda request: "later")
    with pytest.raises(TypeError, match=r"the function in .* must return a str or None, not b'n'"):
        page_of(answer, nonce=lambda request: b"n")


async def later(request: Any) -> str:
    raise AssertionError("nobody awaits it")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("deferred", "later", "STREAMTMPL_DEFERRED must be 'auto'.* not 'later'"),
        ("deferred", later, "the function in STREAMTMPL_DEFERRED .* async"),
        ("nonce", "n1", "STREAMTMPL_NONCE must be a function of the request"),
        ("nonce", later, "the function in STREAMTMPL_NONCE .* async"),
        ("executor", 4, "STREAMTMPL_EXECUTOR must be an executor .* not 4"),
    ],
)
@pytest.mark.parametrize("answer", [from_flask, from_quart, from_django, from_django_asgi])
def test_a_wrong_configuration_is_refused_with_its_key(
    answer: Answering, name: str, value: Any, message: str
) -> None:
    kinds: tuple[type[Exception], ...] = (TypeError, ValueError)
    if answer in (from_django, from_django_asgi):
        pytest.importorskip("django", reason="the extra 'django' is not installed")
        from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415

        kinds = (ImproperlyConfigured,)
    with pytest.raises(kinds, match=message):
        page_of(answer, **{name: value})
