"""Django's Jinja2 backend: its environment, its templates and what they find in their context."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jinja2
from django.http import HttpRequest
from django.template.backends.utils import csrf_input_lazy, csrf_token_lazy
from django.template.loader import get_template, select_template
from django.templatetags.static import static
from django.urls import reverse

from streamtmpl.environment import StreamEnvironment
from streamtmpl.exceptions import NotStreamingError


def environment(**options: Any) -> StreamEnvironment:
    """An environment for Django's Jinja2 backend, to be named in its ``OPTIONS``.

    :param options: what the backend hands over: the other ``OPTIONS``, which are arguments of
        :class:`~streamtmpl.StreamEnvironment`.
    :return: a streaming environment with the globals ``static`` and ``url``, which is
        :func:`django.urls.reverse`.
    """
    made = StreamEnvironment(**options)
    made.globals.update(static=static, url=reverse)
    return made


def _resolve(template: Any, using: str | None) -> Any:
    """The backend's template for what a view has named."""
    if isinstance(template, str):
        template = get_template(template, using=using)
    elif isinstance(template, Sequence):
        template = select_template(template, using=using)
    if isinstance(getattr(template, "template", None), jinja2.Template):
        return template
    name = getattr(getattr(template, "origin", None), "template_name", None) or template
    raise NotStreamingError(
        f"cannot stream {name!r}: it is no template of Django's Jinja2 backend but of"
        f" {type(template).__module__!r}. Keep it where that backend looks, or name the backend"
        " with using=."
    )


def _add_request(variables: dict[str, Any], request: HttpRequest, backend: Any) -> None:
    """Add what templates of the backend find beside the context of the view."""
    variables["request"] = request
    variables["csrf_input"] = csrf_input_lazy(request)
    variables["csrf_token"] = csrf_token_lazy(request)
    processors: Any = getattr(backend, "template_context_processors", None)
    if processors is None:  # another backend for Jinja2, such as that of django-jinja
        processors = getattr(backend, "context_processors", ())
    for processor in processors:
        variables.update(processor(request))
