"""Who gets patches: the one place that decides how a request's deferred regions are shown."""

from __future__ import annotations

from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, NamedTuple

from streamtmpl.chunks.options import (
    PATCHED,
    Deferred,
    RegionOptions,
    check_executor,
    regions_shown,
)

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from jinja2 import Environment


class RegionPolicy(NamedTuple):
    """What an application says of deferred regions, for all of its streams.

    :ivar deferred: where they are rendered, ``"patch"`` or ``"in-order"``, or a function of the
        request that says it.
    :ivar nonce: what the Content-Security-Policy allows the script by, or a function of the request
        that gives it.
    :ivar executor: whose threads render those of sync templates.
    :ivar deferred_key: where *deferred* is from, for messages.
    :ivar nonce_key: where *nonce* is from.
    """

    deferred: Any = "patch"
    nonce: Any = None
    executor: Executor | None = None
    deferred_key: str = "STREAMTMPL_DEFERRED"
    nonce_key: str = "STREAMTMPL_NONCE"

    def check(self) -> None:
        """Check what a configuration has, under keys that begin with ``STREAMTMPL_``.

        :raises TypeError: a value is not of the kind that its key may have.
        :raises ValueError: the mode is none, or the executor has been shut down.
        """
        for key, function in ((self.deferred_key, self.deferred), (self.nonce_key, self.nonce)):
            if iscoroutinefunction(function):
                raise TypeError(
                    f"the function in {key} is called where nothing is awaited: it cannot be the"
                    f" async {function!r}"
                )
        if not callable(self.deferred) and self.deferred not in ("patch", "in-order"):
            raise ValueError(
                f"{self.deferred_key} must be 'patch', 'in-order' or a function of the request, not"
                f" {self.deferred!r}"
            )
        if self.nonce is not None and not callable(self.nonce):
            raise TypeError(
                f"{self.nonce_key} must be a function of the request that returns its nonce, or"
                f" None, not {self.nonce!r}: a nonce is another one for each response"
            )
        if self.executor is not None:
            check_executor(self.executor, "STREAMTMPL_EXECUTOR")

    def mode_for(self, request: Any) -> Any:
        """Where regions are rendered in the response to *request*, if there is one."""
        if not callable(self.deferred):
            return self.deferred
        mode = "patch" if request is None else self.deferred(request)
        if mode not in ("patch", "in-order"):
            raise ValueError(
                f"the function in {self.deferred_key} must return 'patch' or 'in-order', not"
                f" {mode!r}"
            )
        return mode

    def nonce_for(self, request: Any) -> Any:
        """What allows the script in the response to *request*, if there is one."""
        if not callable(self.nonce):
            return self.nonce
        nonce = None if request is None else self.nonce(request)
        if nonce is not None and not isinstance(nonce, str):
            raise TypeError(
                f"the function in {self.nonce_key} must return a str or None, not {nonce!r}"
            )
        return nonce


def region_options(
    policy: RegionPolicy,
    request: Any,
    environment: Environment,
    deferred: Deferred | None = None,
    nonce: str | None = None,
    executor: Executor | None = None,
) -> RegionOptions:
    """How the deferred regions of the response to *request* are shown.

    The mode is decided first. A nonce is asked for only where a script can go out. For a HEAD
    request no function is asked, and the regions are those of the default: none of a sync template
    begins.

    :param request: what has a ``method``; ``None``: nobody's request is answered, and no function
        is asked.
    :param environment: that of the template.
    :param deferred: this and the next two are what *policy* says, if ``None``.
    :raises ValueError: *deferred*, or what the policy has or its function returns, is no mode.
    :raises TypeError: what the function returns is no nonce.
    """
    head = request is not None and request.method == "HEAD"
    if head:
        request = None
    if deferred is None:
        deferred = policy.mode_for(request)
    shown = regions_shown(deferred, None, policy.executor if executor is None else executor)
    if head:
        return PATCHED
    if not shown.patches or getattr(environment, "patch_script", None) is None:
        return shown
    if nonce is None:
        nonce = policy.nonce_for(request)
    # Made here if it is lazy: whoever writes the head must see that it has been.
    return shown if nonce is None else shown.but(nonce=str(nonce))
