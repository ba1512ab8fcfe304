"""What Django's GZipMiddleware makes of a streamed body, and what a browser can read of it.

Before Django 6 it holds chunks back in its compressor under WSGI, and under ASGI it makes each of
them a member of its own, of which browsers read the first.
"""

from __future__ import annotations

from inspect import isasyncgen, iscode
from secrets import randbelow
from typing import Any

import django
from django.middleware.gzip import GZipMiddleware
from django.utils.text import compress_sequence

from streamtmpl.responses.compression import gzip

_WRAPPERS = {
    compress_sequence.__code__,
    *(code for code in GZipMiddleware.process_response.__code__.co_consts if iscode(code)),
}
"""The code of the generators that the middleware makes, sync and async."""


def each_to_be_read(body: Any, chunks: Any) -> Any:
    """The *body* that is sent where middleware has made it of *chunks*.

    :return: *body* itself, or *chunks* compressed so that each can be read when it arrives.
    """
    code = getattr(body, "gi_code", None) or getattr(body, "ag_code", None)
    if django.VERSION >= (6,) or code not in _WRAPPERS:
        return body
    if not isasyncgen(body):  # it has not begun; somebody else may have called the function
        chunks = body.gi_frame.f_locals["sequence"]
    name = "a" * randbelow(GZipMiddleware.max_random_bytes + 1)  # of random length, as in Django
    compressor = gzip(name=name)
    return compressor.iterate_async(chunks) if isasyncgen(body) else compressor.iterate(chunks)
