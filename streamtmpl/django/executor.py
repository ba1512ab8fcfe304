"""The executor of one request's regions: its threads have what Django keeps per thread."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

from django.db import close_old_connections
from django.urls import get_script_prefix, get_urlconf, set_script_prefix, set_urlconf
from django.utils import timezone, translation

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future


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
