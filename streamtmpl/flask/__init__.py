"""Streaming templates in Flask: the request's contexts stay until the stream ends.

- ``views``: what applications call; ``streams``: a stream in a request; ``hold``: its contexts;
- ``regions``: an application context for each region in a thread;
- ``supported``: the version of Flask.
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
    timeline_view,
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
    "timeline_view",
]
