"""How Django's responses show deferred regions: by the settings, and in threads of an executor."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import close_old_connections
from django.urls import get_script_prefix, get_urlconf, set_script_prefix, set_urlconf
from django.utils import timezone, translation
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

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


class _RequestExecutor(Executor):
    """An executor for one request's regions, whose threads are given what Django keeps per thread.

    That is the active language, time zone and URL configuration; and the database connections,
    which nobody else would close in these threads.
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._language = translation.get_language()
        self._timezone = timezone.get_current_timezone()
        self._urlconf = get_urlconf()
        self._prefix = get_script_prefix()

    def submit(  # type: ignore[override] # a region's context runs what renders the region
        self, run: Callable[..., None], /, render: Callable[..., None], *region: Any
    ) -> Future[None]:
        """Have *run*, a method of the region's context, run *render* in a thread."""
        return self._executor.submit(run, self._render, render, *region)

    def _render(self, render: Callable[..., None], *region: Any) -> None:
        if self._language is None:
            translation.deactivate_all()
        else:
            translation.activate(self._language)
        timezone.activate(self._timezone)
        set_urlconf(self._urlconf)
        set_script_prefix(self._prefix)
        close_old_connections()
        try:
            render(*region)
        finally:
            close_old_connections()
