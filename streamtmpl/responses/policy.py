"""Who gets patches: the one place that decides how a request's deferred regions are shown."""

from __future__ import annotations

from functools import partial
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from streamtmpl.chunks.options import (
    PATCHED,
    AutoDeferred,
    RegionOptions,
    StreamOptions,
    check_executor,
    regions_shown,
)

from .readers import Header, shows_documents

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from jinja2 import Environment


MODES = get_args(AutoDeferred)


class RegionPolicy(NamedTuple):
    """What an application says of deferred regions, for all of its streams.

    :ivar deferred: where they are rendered, ``"patch"`` or ``"in-order"``; ``"auto"``, as it suits
        who asks; or a function of the request that says one of these.
    :ivar nonce: what the Content-Security-Policy allows the script by, or a function of the request
        that gives it.
    :ivar executor: whose threads render those of sync templates.
    :ivar deferred_key: where *deferred* is from, for messages.
    :ivar nonce_key: where *nonce* is from.
    """

    deferred: Any = "auto"
    nonce: Any = None
    executor: Executor | None = None
    deferred_key: str = "STREAMTMPL_DEFERRED"
    nonce_key: str = "STREAMTMPL_NONCE"

    def check(self) -> None:
        """Check what a configuration has, under keys that begin with ``STREAMTMPL_``.

        :raises TypeError: a value is not of the kind that its key may have.
        :raises ValueError: the mode is none, or the executor has been shut down.
        """
        if self.deferred == "auto" and self.nonce is None and self.executor is None:
            return  # as nearly always, and it is checked with each request
        for key, function in ((self.deferred_key, self.deferred), (self.nonce_key, self.nonce)):
            if callable(function) and iscoroutinefunction(function):
                raise TypeError(
                    f"the function in {key} is called where nothing is awaited: it cannot be the"
                    f" async {function!r}"
                )
        if not callable(self.deferred) and self.deferred not in MODES:
            raise ValueError(
                f"{self.deferred_key} must be 'auto', 'patch', 'in-order' or a function of the"
                f" request, not {self.deferred!r}"
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
        mode = "auto" if request is None else self.deferred(request)
        if mode not in MODES:
            raise ValueError(
                f"the function in {self.deferred_key} must return 'auto', 'patch' or 'in-order',"
                f" not {mode!r}"
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


def regions_for(
    header: Header | None,
    deferred: AutoDeferred,
    nonce: str | None = None,
    executor: Executor | None = None,
) -> RegionOptions:
    """The arguments about regions that adapters take, as one value.

    :param header: gives the headers of the request, by which ``"auto"`` is decided; ``None``: there
        is none, and what nobody has asked for is rendered in order.
    :raises ValueError: *deferred* is no mode, or *executor* has been shut down.
    :raises TypeError: *executor* is none of threads.
    """
    if deferred != "auto":
        return regions_shown(deferred, nonce, executor)
    if executor is not None:
        check_executor(executor)
    decide = False if header is None else partial(shows_documents, header)
    return RegionOptions(decide, nonce, executor)


def provisional(
    deferred: AutoDeferred, nonce: str | None, executor: Executor | None
) -> RegionOptions:
    """What a response is given that does not know its request yet: see :func:`ask`."""
    return regions_shown("patch" if deferred == "auto" else deferred, nonce, executor)


def ask(options: StreamOptions, header: Header) -> None:
    """Have the headers of the request say how a stream shows its regions, once there is one."""
    given = options.regions
    options.regions = RegionOptions(partial(shows_documents, header), given.nonce, given.executor)


def region_options(
    policy: RegionPolicy,
    request: Any,
    environment: Environment,
    deferred: AutoDeferred | None = None,
    nonce: str | None = None,
    executor: Executor | None = None,
    header: Header | None = None,
) -> RegionOptions:
    """How the deferred regions of the response to *request* are shown.

    A function that says the mode is asked at once, the headers of the request when there is a
    region. A nonce is asked for only where a script can go out. For a HEAD request no function is
    asked, and the regions are those of the default: none of a sync template begins.

    :param request: what has a ``method``; ``None``: nobody's request is answered, and no function
        is asked.
    :param environment: that of the template.
    :param deferred: this and the next two are what *policy* says, if ``None``.
    :param header: gives the headers of the request, if not its ``headers``.
    :raises ValueError: *deferred*, or what the policy has or its function returns, is no mode.
    :raises TypeError: what the function returns is no nonce.
    """
    head = request is not None and request.method == "HEAD"
    mode = policy.mode_for(None if head else request) if deferred is None else deferred
    if header is None and request is not None:
        header = request.headers.get
    shown = regions_for(header, mode, None, policy.executor if executor is None else executor)
    if head:
        return PATCHED.but(_vary=shown.vary(over=False))
    if (nonce is None and policy.nonce is None) or not shown.patches:
        return shown
    if getattr(environment, "patch_script", None) is None:
        return shown
    if nonce is None:
        nonce = policy.nonce_for(request)
    # Made here if it is lazy: whoever writes the head must see that it has been.
    return shown if nonce is None else shown.but(nonce=str(nonce))
