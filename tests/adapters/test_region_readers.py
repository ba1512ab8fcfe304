"""Who gets patches where nobody has said so: those who show the response as a document."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from streamtmpl import StreamEnvironment, render_stream, wsgi
from streamtmpl.responses.policy import RegionPolicy, region_options
from streamtmpl.responses.readers import READERS_OF_TEXT, shows_documents

from .answers import (
    ADAPTERS,
    Answering,
    answer_of,
    environment,
    every_adapter,
    from_asgi,
    from_flask,
    from_wsgi,
)
from .patches import is_plain, patches

PAGE = "<body>{% defer %}there{% placeholder %}wait{% enddefer %}</body>"

CHROMIUM = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0"
    " Safari/537.36"
)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/26.0 Safari/605.1.15"
)
GOOGLE = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
LYNX = "Lynx/2.9.0 libwww-FM/2.14 SSL-MM/1.4.1"
LINKED_IN = "LinkedInBot/1.0 (compatible; Mozilla/5.0)"
FACEBOOK = "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"
EXPLORER = "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko"

NAVIGATES = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

DEST, HTMX, TURBO, ACCEPT, AGENT = (
    *("Sec-Fetch-Dest", "HX-Request", "Turbo-Frame", "Accept"),
    "User-Agent",
)
FAR = (DEST, HTMX, TURBO, ACCEPT, AGENT)

# What is asked with; whether the answer has patches; what it was decided by.
REQUESTS: dict[str, tuple[dict[str, str], bool, tuple[str, ...]]] = {
    "a navigation": ({DEST: "document", AGENT: CHROMIUM}, True, (DEST,)),
    "a navigation of a robot": ({DEST: "document", AGENT: GOOGLE}, True, (DEST,)),
    "a frame": ({DEST: "iframe", AGENT: FIREFOX}, True, (DEST,)),
    "an old frame": ({DEST: "frame"}, True, (DEST,)),
    "an object": ({DEST: "object"}, True, (DEST,)),
    "an embedded document": ({DEST: "embed"}, True, (DEST,)),
    "fetch()": ({DEST: "empty", AGENT: FIREFOX, ACCEPT: "*/*"}, False, (DEST,)),
    "htmx": ({DEST: "empty", HTMX: "true"}, False, (DEST,)),
    "Turbo": ({DEST: "empty", TURBO: "cart"}, False, (DEST,)),
    "an image": ({DEST: "image", ACCEPT: NAVIGATES}, False, (DEST,)),
    "htmx, plain HTTP": ({HTMX: "true", ACCEPT: "*/*", AGENT: SAFARI}, False, (DEST, HTMX)),
    "htmx, boosted": ({HTMX: "true", "HX-Boosted": "true", ACCEPT: NAVIGATES}, False, (DEST, HTMX)),
    "Turbo, plain HTTP": (
        {TURBO: "cart", ACCEPT: "text/html, application/xhtml+xml", AGENT: FIREFOX},
        False,
        (DEST, HTMX, TURBO),
    ),
    "fetch(), plain HTTP": ({ACCEPT: "*/*", AGENT: FIREFOX}, False, FAR[:4]),
    "jQuery, plain HTTP": ({ACCEPT: "text/html, */*; q=0.01", AGENT: FIREFOX}, False, FAR[:4]),
    "nothing": ({}, False, FAR[:4]),
    "curl": ({ACCEPT: "*/*", AGENT: "curl/8.14.1"}, False, FAR[:4]),
    "Chromium, plain HTTP": ({ACCEPT: NAVIGATES, AGENT: CHROMIUM}, True, FAR),
    "Firefox, plain HTTP": ({ACCEPT: NAVIGATES, AGENT: FIREFOX}, True, FAR),
    "Safari, plain HTTP": ({ACCEPT: NAVIGATES, AGENT: SAFARI}, True, FAR),
    "Google's robot": ({ACCEPT: NAVIGATES, AGENT: GOOGLE}, False, FAR),
    "LinkedIn's robot": ({ACCEPT: NAVIGATES, AGENT: LINKED_IN}, False, FAR),
    "Facebook's preview": ({ACCEPT: NAVIGATES, AGENT: FACEBOOK}, False, FAR),
    "Lynx": ({ACCEPT: NAVIGATES, AGENT: LYNX}, False, FAR),
    "Internet Explorer": ({ACCEPT: NAVIGATES, AGENT: EXPLORER}, False, FAR),
    "an agent without a name": ({ACCEPT: NAVIGATES, AGENT: ""}, False, FAR),
}
FRAMEWORKS = [each for each in ADAPTERS if each not in (from_wsgi, from_asgi)]
EACH_REQUEST = pytest.mark.parametrize(
    ("headers", "shown", "vary"), REQUESTS.values(), ids=REQUESTS
)


@EACH_REQUEST
def test_who_shows_documents(headers: dict[str, str], shown: bool, vary: tuple[str, ...]) -> None:
    assert shows_documents(headers.get) == (shown, vary)


def test_the_documentation_names_the_agents_that_there_are() -> None:
    text = (Path(__file__).parents[2] / "docs" / "deferred.rst").read_text(encoding="utf-8")
    listed = text[text.index("The user agents are robots") : text.index("The response's `Vary`")]
    patterns = READERS_OF_TEXT.pattern.replace(r"\b", "").split("|")
    assert [name.strip() for name in re.findall(r"`([^`]+)`", listed)] == [
        pattern.strip() for pattern in patterns
    ]


def names(vary: str) -> set[str]:
    return {name.strip().lower() for name in vary.split(",")} - {"cookie"}


@every_adapter
@EACH_REQUEST
def test_every_adapter_decides_by_it(
    answer: Answering, headers: dict[str, str], shown: bool, vary: tuple[str, ...]
) -> None:
    answered = answer(environment(PAGE), sent=headers)
    assert_decided(answered.text, shown)
    assert names(answered.headers["vary"]) == {name.lower() for name in vary}
    head = answer(environment(PAGE), method="HEAD", sent=headers)
    assert head.headers["vary"] == answered.headers["vary"]


def assert_decided(page: str, shown: bool) -> None:
    if shown:
        assert patches(page) == [(0, "there")]
    else:
        assert is_plain(page)
        assert "there" in page


@EACH_REQUEST
def test_so_does_starlettes_response_by_itself(
    headers: dict[str, str], shown: bool, vary: tuple[str, ...]
) -> None:
    starlette = pytest.importorskip("streamtmpl.starlette")
    response = starlette.StreamTemplateResponse(StreamEnvironment().from_string(PAGE), {})
    assert_decided(answer_of(response, sent=headers).text, shown)


@EACH_REQUEST
def test_so_does_an_async_template(
    headers: dict[str, str], shown: bool, vary: tuple[str, ...]
) -> None:
    assert_decided(from_asgi(environment(PAGE, enable_async=True), sent=headers).text, shown)


def test_without_a_request_it_is_told() -> None:
    assert patches("".join(render_stream(StreamEnvironment().from_string(PAGE)))) == [(0, "there")]
    flask = pytest.importorskip("flask", reason="the extra 'flask' is not installed")
    from streamtmpl.flask import stream_template_string  # noqa: PLC0415

    app = flask.Flask("app")
    with app.app_context():  # a mail, say
        assert is_plain("".join(stream_template_string(PAGE)))


@pytest.mark.parametrize("mode", ["patch", "in-order"])
def test_a_mode_that_is_told_looks_at_nothing(mode: Any) -> None:
    template = StreamEnvironment().from_string(PAGE)
    answered = answer_of(wsgi.StreamResponse(template, deferred=mode))
    assert "vary" not in answered.headers
    assert is_plain(answered.text) == (mode == "in-order")


@every_adapter
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_a_page_that_has_ended_without_a_region_depends_on_nothing(
    answer: Answering, is_async: bool
) -> None:
    if is_async and answer in (from_wsgi, from_flask):
        pytest.skip("WSGI sends no async template, and one of Flask's is not begun before its head")
    env = environment("<p>{{ 1 }}", enable_async=is_async)
    assert "vary" not in answer(env).headers


DECIDED = {DEST.lower(), HTMX.lower()}


@pytest.mark.parametrize("answer", FRAMEWORKS)
def test_where_a_nonce_may_have_to_be_made_it_is_decided_before(answer: Answering) -> None:
    answered = answer(environment("<p>"), sent={HTMX: "true"}, nonce="n")
    assert names(answered.headers["vary"]) == DECIDED


@every_adapter
def test_for_head_nobody_knows(answer: Answering) -> None:
    answered = answer(environment("<p>"), method="HEAD", sent={HTMX: "true"})
    assert names(answered.headers["vary"]) == DECIDED


def test_nor_for_an_async_template_of_flasks() -> None:
    flask = pytest.importorskip("flask", reason="the extra 'flask' is not installed")
    from streamtmpl.flask import stream_response  # noqa: PLC0415

    app = flask.Flask("app")
    page = StreamEnvironment(enable_async=True).from_string("<p>")
    app.add_url_rule("/", view_func=lambda: stream_response(page))
    answered = answer_of(app, sent={HTMX: "true"})
    assert names(answered.headers["vary"]) == DECIDED


@every_adapter
def test_one_that_goes_on_names_what_a_region_would_be_decided_by(answer: Answering) -> None:
    answered = answer(environment("<p>{% flush %}</p>"), sent={HTMX: "true"})
    assert names(answered.headers["vary"]) == DECIDED


def test_headers_are_looked_at_when_there_is_a_region() -> None:
    looked_at = []

    def header(name: str) -> str:
        looked_at.append(name)
        return "document"

    env = environment("<p>")
    regions = region_options(RegionPolicy(), None, env, header=header)
    assert regions.vary(over=True) == ()
    assert looked_at == []
    assert regions.patches
    assert regions.vary(over=True) == regions.vary(over=False) == (DEST,)
    assert looked_at == [DEST]


def test_what_has_no_regions_depends_on_nothing() -> None:
    assert "vary" not in answer_of(wsgi.StreamResponse(["<p>"])).headers
