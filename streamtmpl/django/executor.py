"""Other threads of one request: they are given what Django keeps per thread."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

from django.db import close_old_connections, connections
from django.urls import get_script_prefix, get_urlconf, set_script_prefix, set_urlconf
from django.utils import timezone, translation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from concurrent.futures import Future


class _PerThread:
    """What Django keeps per thread, as it is in the thread of the request.

    That is the active language, time zone and URL configuration.
    """

    def __init__(self) -> None:
        self._language = translation.get_language()
        self._timezone = timezone.get_current_timezone()
        self._urlconf = get_urlconf()
        self._prefix = get_script_prefix()

    def activate(self) -> None:
        """Have the current thread keep the same."""
        if self._language is None:
            translation.deactivate_all()
        else:
            translation.activate(self._language)
        timezone.activate(self._timezone)
        set_urlconf(self._urlconf)
        set_script_prefix(self._prefix)


class _RequestSource(Iterator[Any]):
    """The items of an iterable, taken in a thread that nothing else runs in."""

    def __init__(self, source: Iterable[Any]) -> None:
        self._iterator = iter(source)
        self._per_thread: _PerThread | None = _PerThread()

    def __next__(self) -> Any:
        if self._per_thread is not None:
            self._per_thread.activate()
            self._per_thread = None
        return next(self._iterator)

    def close(self) -> None:
        """Close the source, and the database connections of the thread if it has begun there."""
        try:
            close = getattr(self._iterator, "close", None)
            if callable(close):
                close()
        finally:
            if self._per_thread is None:
                connections.close_all()


class _RequestExecutor(Executor):
    """An executor for one request's regions, whose threads are given what Django keeps per thread.

    It closes the database connections, which nobody else would close in these threads.
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._per_thread = _PerThread()

    def submit(  # type: ignore[override] # a region's context runs what renders the region
        self, run: Callable[..., None], /, render: Callable[..., None], *region: Any
    ) -> Future[None]:
        """Have *run*, a method of the region's context, run *render* in a thread."""
        return self._executor.submit(run, self._render, render, *region)

    def _render(self, render: Callable[..., None], *region: Any) -> None:
        self._per_thread.activate()
        close_old_connections()
        try:
            render(*region)
        finally:
            close_old_connections()
