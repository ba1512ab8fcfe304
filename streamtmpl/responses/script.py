"""The response that serves the patch script."""

from __future__ import annotations

from http import HTTPStatus

from streamtmpl.regions.patch_script import PATCH_SCRIPT, PATCH_SCRIPT_HASH

_SCRIPT_TAG = f'"{PATCH_SCRIPT_HASH}"'


def patch_script_response(
    method: str, known: str | None
) -> tuple[HTTPStatus, list[tuple[str, str]], bytes]:
    """The response that serves the script for browsers that do not patch by themselves.

    :param method: that of the request; any but GET and HEAD is answered with 405.
    :param known: the request's ``If-None-Match``: the tags of what the client has.
    :return: status, headers and body.
    """
    if method not in ("GET", "HEAD"):
        allowed = [("Allow", "GET, HEAD"), ("Content-Length", "0")]
        return HTTPStatus.METHOD_NOT_ALLOWED, allowed, b""
    caching = [("ETag", _SCRIPT_TAG), ("Cache-Control", "public, max-age=86400")]
    tags = [tag.strip().removeprefix("W/") for tag in (known or "").split(",")]
    if _SCRIPT_TAG in tags or tags == ["*"]:
        return HTTPStatus.NOT_MODIFIED, caching, b""
    body = PATCH_SCRIPT.encode()
    headers = [
        ("Content-Type", "text/javascript; charset=utf-8"),
        ("Content-Length", str(len(body))),
        *caching,
    ]
    return HTTPStatus.OK, headers, b"" if method == "HEAD" else body
