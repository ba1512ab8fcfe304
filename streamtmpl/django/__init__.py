"""Templates of Django's Jinja2 backend, and rows, as streamed responses under WSGI and ASGI."""

from streamtmpl.extras import missing

try:
    from .backend import environment
    from .events import EventResponse, last_event_id
    from .response import StreamResponse, StreamTemplateResponse, page_script, patch_script
except ModuleNotFoundError as error:
    raise missing(error, "django", "django", "asgiref") from None

__all__ = [
    "EventResponse",
    "StreamResponse",
    "StreamTemplateResponse",
    "environment",
    "last_event_id",
    "page_script",
    "patch_script",
]
