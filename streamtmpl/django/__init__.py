"""Templates of Django's Jinja2 backend, and rows, as streamed responses under WSGI and ASGI.

- ``response``, ``events``: the responses; ``bodies``: what is in them; ``backend``: the templates;
- ``settings``: those about deferred regions; ``executor``: threads that belong to a request;
- ``late``: what comes after the head; ``compression``: what GZipMiddleware makes of a body.
"""

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
