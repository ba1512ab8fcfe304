"""How Django's responses show deferred regions: by the settings."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from .executor import _RequestExecutor

if TYPE_CHECKING:
    from django.http import HttpRequest


def options_for(
    request: HttpRequest, deferred: str | None, nonce: str | None, executor: Executor | None
) -> dict[str, Any]:
    """The options of a stream for *request*; what is ``None`` the settings say.

    :raises ImproperlyConfigured: a setting is of the wrong kind, or its dotted path leads nowhere.
    """
    if request.method == "HEAD":  # rendered up to the commit: no region is to begin
        return {"deferred": "patch"}
    if deferred is None:
        deferred = _setting("STREAMTMPL_DEFERRED", "patch")
        if callable(deferred):
            deferred = deferred(request)
    if nonce is None and deferred == "patch":
        nonce = _nonce(request)
    if executor is None:
        executor = _setting("STREAMTMPL_EXECUTOR", None)
    return {
        "deferred": deferred,
        # Made here if it is lazy: middleware does not allow what is made after the commit.
        "nonce": None if nonce is None else str(nonce),
        "executor": None if executor is None else _RequestExecutor(executor),
    }


def _nonce(request: HttpRequest) -> Any:
    give = _setting("STREAMTMPL_NONCE", None)
    if give is None:
        return None
    if not callable(give):
        raise ImproperlyConfigured(
            "STREAMTMPL_NONCE must be a function of the request, or the dotted path of one, not"
            f" {give!r}"
        )
    return give(request)


def _setting(name: str, default: Any) -> Any:
    """The value of a setting, or what the dotted path in it leads to."""
    value = getattr(settings, name, default)
    if isinstance(value, str) and "." in value:
        try:
            return import_string(value)
        except ImportError as error:
            raise ImproperlyConfigured(f"{name}: {error}") from error
    return value
