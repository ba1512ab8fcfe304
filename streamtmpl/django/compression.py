"""What Django's GZipMiddleware makes of a streamed body, and what a browser can read of it.

Before Django 6.1 it holds chunks back in its compressor. Before 6.0 that is so under WSGI; under
ASGI it makes each of them a member of its own, of which browsers read the first.
"""

from __future__ import annotations

from inspect import isasyncgen, iscode
from secrets import randbelow
from typing import Any

from django.middleware.gzip import GZipMiddleware
from django.utils import text

from streamtmpl.responses.compression import gzip

_WRAPPERS = {
    text.compress_sequence.__code__,
    *(code for code in GZipMiddleware.process_response.__code__.co_consts if iscode(code)),
}
"""The code of the generators that the middleware makes, sync and async."""
if hasattr(text, "acompress_sequence"):
    _WRAPPERS.add(text.acompress_sequence.__code__)


def _flushes() -> bool:
    """Whether Django's compressor gives what can be read of a chunk before it asks for the next."""
    chunks = iter([b"a chunk", b"the next"])
    pieces = text.compress_sequence(chunks)
    next(pieces)  # the header
    next(pieces)
    return next(chunks, None) == b"the next"


_DJANGO_FLUSHES = _flushes()


def each_to_be_read(body: Any, chunks: Any) -> Any:
    """The *body* that is sent where middleware has made it of *chunks*.

    :return: *body* itself, or *chunks* compressed so that each can be read when it arrives.
    """
    code = getattr(body, "gi_code", None) or getattr(body, "ag_code", None)
    if _DJANGO_FLUSHES or code not in _WRAPPERS:
        return body
    frame: Any = body.ag_frame if isasyncgen(body) else body.gi_frame
    # It has not begun. Somebody else may have called the function, with something else.
    chunks = frame.f_locals.get("sequence", chunks)
    name = "a" * randbelow(GZipMiddleware.max_random_bytes + 1)  # of random length, as in Django
    compressor = gzip(name=name)
    return compressor.iterate_async(chunks) if isasyncgen(body) else compressor.iterate(chunks)
