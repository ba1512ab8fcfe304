"""Streaming templates in Quart: the request's contexts stay until the stream ends.

- ``views``: what applications call; ``streams``: a stream in a request; ``hold``: its contexts;
- ``supported``: the version of Quart.
"""

from streamtmpl.exceptions import LateSessionWarning

from .supported import VERSION as VERSION
from .views import (
    StreamTemplates,
    event_response,
    last_event_id,
    page_script,
    patch_script,
    stream_response,
    stream_template,
    stream_template_string,
    stream_with_context,
)

__all__ = [
    "LateSessionWarning",
    "StreamTemplates",
    "event_response",
    "last_event_id",
    "page_script",
    "patch_script",
    "stream_response",
    "stream_template",
    "stream_template_string",
    "stream_with_context",
]
