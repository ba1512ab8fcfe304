"""Templates of Django's Jinja2 backend as streamed responses, under WSGI and ASGI."""

from .backend import environment
from .response import StreamTemplateResponse, patch_script

__all__ = ["StreamTemplateResponse", "environment", "patch_script"]
