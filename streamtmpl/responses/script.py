"""The response that serves a script of ours: the patch script, and the page script."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final, NamedTuple

from streamtmpl.regions.page_script import PAGE_SCRIPT, PAGE_SCRIPT_HASH
from streamtmpl.regions.patch_script import PATCH_SCRIPT, PATCH_SCRIPT_HASH


class Script(NamedTuple):
    """A script, and its hash as a Content-Security-Policy has it."""

    text: str
    hash: str


PATCH: Final = Script(PATCH_SCRIPT, PATCH_SCRIPT_HASH)
PAGE: Final = Script(PAGE_SCRIPT, PAGE_SCRIPT_HASH)


def script_response(
    script: Script, method: str, known: str | None
) -> tuple[HTTPStatus, list[tuple[str, str]], bytes]:
    """The response that serves a script.

    :param method: that of the request; any but GET and HEAD is answered with 405.
    :param known: the request's ``If-None-Match``: the tags of what the client has.
    :return: status, headers and body.
    """
    if method not in ("GET", "HEAD"):
        allowed = [("Allow", "GET, HEAD"), ("Content-Length", "0")]
        return HTTPStatus.METHOD_NOT_ALLOWED, allowed, b""
    own_tag = f'"{script.hash}"'
    caching = [("ETag", own_tag), ("Cache-Control", "public, max-age=86400")]
    tags = [tag.strip().removeprefix("W/") for tag in (known or "").split(",")]
    if own_tag in tags or tags == ["*"]:
        return HTTPStatus.NOT_MODIFIED, caching, b""
    body = script.text.encode()
    headers = [
        ("Content-Type", "text/javascript; charset=utf-8"),
        ("Content-Length", str(len(body))),
        *caching,
    ]
    return HTTPStatus.OK, headers, b"" if method == "HEAD" else body
