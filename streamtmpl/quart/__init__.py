"""Streaming templates in Quart: the request's contexts stay until the stream ends."""

from streamtmpl.exceptions import LateSessionWarning

from .supported import VERSION as VERSION
from .views import (
    StreamTemplates,
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
    "page_script",
    "patch_script",
    "stream_response",
    "stream_template",
    "stream_template_string",
    "stream_with_context",
]
