"""A patched page ends as the page that was sent in order."""

from __future__ import annotations

from itertools import permutations

import pytest

from .driver import Browser
from .region_pages import END, dom, in_order, marked, patch, paused, pieces
from .server import PageServer

START = "<!DOCTYPE html><html><head><title>t</title></head><body>"

# What a document has around regions, and what they hold. In all of these the content means the
# same wherever it is parsed: it closes what it opens, and it does not close what is around it.
CASES: dict[str, tuple[str, dict[str, str]]] = {
    "one": ("<main>a [[x]] b</main>", {"x": "<p>content</p>"}),
    "text": ("<p>a [[x]] b</p>", {"x": "1 &lt; 2 &amp; 3"}),
    "empty": ("<p>a [[x]] b</p>", {"x": ""}),
    "siblings": ("<div>[[x]]</div>", {"x": "a<b>b</b>c<!-- d --><i>e</i>"}),
    "white space": ("<pre>a[[x]]b</pre>", {"x": "\n  c\n"}),
    "end tags left out": ("<div>[[x]]</div>", {"x": "<p>a<p>b<ul><li>c<li>d</ul>"}),
    "rows": (
        "<table><tbody><tr><td>1</td></tr>[[x]]<tr><td>4</td></tr></tbody></table>",
        {"x": "<tr><td>2</td></tr>\n<tr><td>3<td>"},
    ),
    "cells": ("<table><tbody><tr>[[x]]</tr></tbody></table>", {"x": "<td>1</td><th>2</th>"}),
    "row groups": ("<table>[[x]]</table>", {"x": "<thead></thead><tbody><tr></tr></tbody>"}),
    "columns": ("<table><colgroup>[[x]]</colgroup></table>", {"x": "<col><col>"}),
    "a table": ("<table><tr><td>[[x]]</table>", {"x": "<table><tr><td>in</table>"}),
    "items": ("<ul><li>1</li>[[x]]<li>4</li></ul>", {"x": "<li>2<li>3</li>"}),
    "definitions": ("<dl><dt>1</dt>[[x]]</dl>", {"x": "<dd>2<dt>3<dd>4"}),
    "options": (
        "<select><option>1</option>[[x]]</select>",
        {"x": "<option>2</option><option selected>3</option>"},
    ),
    "a style": ("<div>[[x]]</div>", {"x": "<style>b { color: red }</style><b>red</b>"}),
    "an image": ("<svg><g></g></svg>[[x]]", {"x": '<svg><path d="M0 0"/><g/></svg>'}),
    "a template": ("<div>[[x]]</div>", {"x": "a<template><b>in</b></template>b"}),
    "the text of an end tag": (
        "<div>[[x]]</div>",
        {
            "x": '<b title="</template>">1</b><!-- </template> -->'
            "<textarea></template></textarea><style>/* </template> */</style>2"
        },
    ),
    "nested": (
        "<div>[[x]]</div>",
        {"x": "<p>out [[y]] er</p>", "y": "mid[[z]]dle", "z": "<b>inner</b>"},
    ),
    "nested side by side": (
        "<ul>[[x]]</ul>",
        {"x": "<li>1</li>[[y]]<li>3</li>[[z]]", "z": "<li>4</li>", "y": "<li>2</li>"},
    ),
    "nested rows": (
        "<table><tbody>[[x]]</tbody></table>",
        {"x": "<tr><td>1</td></tr>[[y]]", "y": "<tr><td>[[z]]</td></tr>", "z": "2"},
    ),
}


@pytest.fixture(scope="module")
def expected(browser: Browser, server: PageServer):
    """Gives the DOM of a page that is sent in order."""
    known: dict[str, str] = {}

    def expected(document: str, contents: dict[str, str]) -> str:
        text = in_order(document, contents)
        if text not in known:
            known[text] = dom(browser.open(server.add(START, text, END)))
        return known[text]

    return expected


@pytest.mark.parametrize("name", CASES)
def test_a_patched_page_is_the_page_in_order(name, browser, server, expected):
    document, contents = CASES[name]
    page = browser.open(server.add(START, *pieces(document, contents)))
    assert dom(page) == expected(document, contents)


@pytest.mark.parametrize("name", CASES)
def test_a_placeholder_leaves_nothing(name, browser, server, expected):
    document, contents = CASES[name]
    # Rows and items are no place for text; comments may be anywhere.
    placeholders = dict.fromkeys(contents, "<!-- wait --> ")
    parts = pieces(document, contents, placeholders=placeholders)
    page = browser.open(server.add(START, *paused(parts)))
    assert dom(page) == expected(document, contents)


@pytest.mark.parametrize("order", list(permutations("abcd")), ids="".join)
def test_patches_come_in_any_order(order, browser, server, expected):
    document = "<p>[[a]]</p><ul>[[b]]</ul><table><tbody>[[c]]</tbody></table>[[d]]"
    contents = {"a": "1", "b": "<li>2", "c": "<tr><td>3", "d": "<p>4"}
    placeholders = {"a": "<b>wait</b>", "d": "<p>wait</p>"}
    page = browser.open(
        server.add(START, *pieces(document, contents, order=order, placeholders=placeholders))
    )
    assert dom(page) == expected(document, contents)


def test_a_page_may_come_byte_for_byte(browser, server, expected):
    document = "<p>[[x]]</p><ul>[[z]]</ul>"
    contents = {"x": "<b>out [[y]] er</b>", "z": "<li>3", "y": "inner"}
    text = "".join(pieces(document, contents, placeholders={"x": "wait"}))
    single = [text[at : at + 1] for at in range(len(text))]
    assert dom(browser.open(server.add(START, *single))) == expected(document, contents)


def test_many_regions(browser, server, expected):
    contents = {f"r{number}": f"<li>{number}</li>" for number in range(300)}
    document = "<ul>" + "".join(f"[[{name}]]" for name in contents) + "</ul>"
    order = sorted(contents, key=lambda name: name[::-1])
    page = browser.open(server.add(START, *pieces(document, contents, order=order)))
    assert dom(page) == expected(document, contents)


def test_a_placeholder_with_regions_in_it_goes_with_them(browser, server):
    page = browser.open(
        server.add(
            START,
            "<p>" + marked("x", f"1 {marked('y', '2')} 3 {marked('z')} 4") + "</p>",
            *pieces("", {"y": "gone", "x": "all"}),
        )
    )
    assert page.evaluate("document.querySelector('p').innerHTML") == "all"


def test_markers_go_with_the_placeholder(browser, server):
    page = browser.open(
        server.add(START, *pieces("<p>[[x]]</p>", {"x": "one"}, placeholders={"x": "wait"}))
    )
    assert page.evaluate("[...document.querySelector('p').childNodes].map(n => n.data)") == ["one"]


def test_text_that_looks_like_markers_is_text(browser, server, expected):
    looks = "?end<b>?end</b>?start name=1<b></b>?end"
    page = browser.open(
        server.add(START, f"<p>{marked('x', looks)}</p>", *pieces("", {"x": "?end"}))
    )
    assert dom(page) == expected("<p>[[x]]</p>", {"x": "?end"})


def test_the_first_of_two_places_is_patched(browser, server, expected):
    document = "<p>[[x]]</p><p>[[x]]</p>"
    page = browser.open(
        server.add(START, *pieces(document, {"x": "once"}, placeholders={"x": "wait"}))
    )
    assert dom(page) == expected("<p>[[x]]</p><p>[[y]]</p>", {"x": "once", "y": "wait"})


@pytest.mark.parametrize(
    "document",
    [
        "<textarea>{}</textarea>",
        "<style>{}</style>",
        "<script>'{}'</script>",
        "<p title='{}'></p>",
        "<template>{}</template>",
    ],
)
def test_a_patch_without_a_place_stays_as_it_is(document, browser, server, expected):
    nowhere = document.format(marked("no"))
    page = browser.open(
        server.add(START, nowhere, *pieces("<p>[[x]]</p>", {"no": "lost", "x": "found"}))
    )
    lost = patch("no", "lost")
    assert dom(page) == expected(nowhere + "<p>[[x]]</p>" + lost, {"x": "found"})


def test_what_an_element_left_open_surrounds_is_patched_once_it_is_closed(
    browser, server, expected
):
    """A patch only reaches what is in the element that the patch is in, so that must be the body.

    The start tag of a block closes a paragraph whose end tag was left out.
    """
    document = "<p>[[x]]</p><p>last<div hidden></div>"
    page = browser.open(server.add(START, *pieces(document, {"x": "first"})))
    assert dom(page) == expected(document, {"x": "first"})
