"""A page with a deferred region, for applications of Flask and Quart."""

from __future__ import annotations

import re

from streamtmpl.regions.patch_script import PATCH_SCRIPT
from tests.support.patched import without_data

HANGS = 20
"""Seconds after which a test that hangs is given up."""

PAGE = (
    "<body><h1>top</h1>{% defer %}{{ region() }}"
    "{% placeholder %}wait{% error %}no {{ error }}{% enddefer %}<p>end</p></body>"
)
TEMPLATES = {
    "page.html": PAGE,
    "session.html": "<body>{% for n in range(5000) %}{{ n }}{% endfor %}\n"
    "{% defer %}{{ session.update(seen=1) or 'done' }}{% enddefer %}</body>",
    "two.html": "<body>{% defer %}{{ slow() }}{% enddefer %}{% defer %}{{ quick() }}{% enddefer %}"
    "<p>end</p></body>",
}
SCRIPT = f"<script>{PATCH_SCRIPT}</script>"
DOCUMENT = '<body><h1>top</h1><?start name="1">wait<?end>'
IN_ORDER = "<body><h1>top</h1>content<p>end</p></body>"


def patched(text: str, *contents: str, script: str = SCRIPT) -> str:
    """The document in *text*, whose names are numbers; checks that these patches follow it."""
    for number, name in enumerate(re.findall(r'<\?start name="([^"]+)">', text), 1):
        text = text.replace(name, str(number))
    document, _, patches = without_data(text).partition("<p>end</p>")
    expected = [f'<template for="{n}">{text}</template>\f\n' for n, text in enumerate(contents, 1)]
    assert patches == script + "".join(expected) + "</body>"
    return document
