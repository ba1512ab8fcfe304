"""The keys of the configuration that Flask and Quart have in common. Neither is imported here."""

from __future__ import annotations

from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

from streamtmpl.chunks.buffer import DEFAULT_CHUNK_SIZE, check_chunk_size

if TYPE_CHECKING:
    from concurrent.futures import Executor


NAME = "streamtmpl"
"""The key of the extension in ``app.extensions``."""

CHUNK_SIZE = "STREAMTMPL_CHUNK_SIZE"
"""The configuration key of the chunk size."""

DEFERRED = "STREAMTMPL_DEFERRED"
"""The key of where deferred regions are rendered, or of the function that says so by request."""

NONCE = "STREAMTMPL_NONCE"
"""The key of the function that gives the nonce of the patch script."""

EXECUTOR = "STREAMTMPL_EXECUTOR"
"""The key of the executor for the regions of sync templates."""

PATCHES_BY = "STREAMTMPL_PATCH_SCRIPT"
"""The key of how the patch script is brought; if it is there, the environment gets it."""

MAX_DEFERRED = "STREAMTMPL_MAX_DEFERRED"
"""The key of how many regions of a stream may run at once; if it is there, the environment does."""

SCRIPT_TYPE = "text/javascript; charset=utf-8"
"""The content type of the patch script where it is served."""

SCRIPT_SECONDS = 86400
"""How long a browser may keep the patch script unasked; later releases have it at the same URL."""

ACCEL = "X-Accel-Buffering"
"""The header that tells nginx whether to hold chunks back."""


def configure(app: Any) -> None:
    """Give the configuration of *app* its defaults, and check what it has.

    :raises ValueError: the chunk size is negative, or another value is not among those that its
        key may have.
    :raises TypeError: a value is not of the kind that its key may have.
    """
    config = app.config
    config.setdefault(CHUNK_SIZE, DEFAULT_CHUNK_SIZE)
    config.setdefault(DEFERRED, "patch")
    config.setdefault(NONCE, None)
    config.setdefault(EXECUTOR, None)
    check_chunk_size(config[CHUNK_SIZE])
    _check_deferring(config)
    _check_attributes(config)


def _check_deferring(config: Any) -> None:
    mode, nonce, executor = config[DEFERRED], config[NONCE], config[EXECUTOR]
    _check_sync(DEFERRED, mode)
    if not callable(mode):
        _check_mode(DEFERRED, mode, "must be 'patch', 'in-order' or a function of the request")
    _check_sync(NONCE, nonce)
    if nonce is not None and not callable(nonce):
        raise TypeError(
            f"{NONCE} must be a function that takes the request and returns its nonce, or None,"
            f" not {nonce!r}: a nonce is another one for each response"
        )
    if executor is not None and not callable(getattr(executor, "submit", None)):
        raise TypeError(
            f"{EXECUTOR} must be an executor of concurrent.futures, such as"
            f" ThreadPoolExecutor(8), or None, not {executor!r}"
        )


def _check_sync(key: str, function: Any) -> None:
    if iscoroutinefunction(function):
        raise TypeError(
            f"the function in {key} is called where nothing is awaited: it cannot be the async"
            f" {function!r}"
        )


def _check_mode(key: str, mode: Any, must: str) -> None:
    if mode not in ("patch", "in-order"):
        raise ValueError(f"{key} {must}, not {mode!r}")


def _check_attributes(config: Any) -> None:
    """Check what becomes attributes of the environment."""
    script = config.get(PATCHES_BY)
    if script is not None and not isinstance(script, str):
        raise TypeError(f"{PATCHES_BY} must be 'inline', a URL or None, not {script!r}")
    if script == "":
        raise ValueError(f"{PATCHES_BY} must be 'inline', a URL or None, not ''")
    most = config.get(MAX_DEFERRED, 1)
    if not isinstance(most, int) or isinstance(most, bool):
        raise TypeError(f"{MAX_DEFERRED} must be a number of regions (an int), not {most!r}")
    if most < 1:
        raise ValueError(f"{MAX_DEFERRED} must be 1 or more regions, not {most!r}")


def deferring(
    app: Any, request: Any, deferred: str | None, nonce: str | None, executor: Executor | None
) -> dict[str, Any]:
    """The arguments of a stream that say how its deferred regions are shown.

    :param request: what is answered; ``None``: the functions of the configuration are not called.
    :param deferred: this and the next two are from the configuration of *app* if ``None``.
    :raises ValueError: *deferred*, or what the configuration has or returns, is no such mode.
    :raises TypeError: the configuration has or returns something of another kind.
    """
    config = app.config
    _check_deferring(config)
    if deferred is None:
        deferred = config[DEFERRED]
        if callable(deferred):
            deferred = "patch" if request is None else deferred(request)
            _check_mode(
                f"the function in {DEFERRED}", deferred, "must return 'patch' or 'in-order'"
            )
    if nonce is None and config[NONCE] is not None and request is not None:
        nonce = config[NONCE](request)
        if nonce is not None and not isinstance(nonce, str):
            raise TypeError(f"the function in {NONCE} must return a str or None, not {nonce!r}")
    if executor is None:
        executor = config[EXECUTOR]
    return {"deferred": deferred, "nonce": nonce, "executor": executor}


def check_no_template(source: Any, **arguments: Any) -> None:
    """Refuse the *arguments* that only the stream of a template has.

    :raises TypeError: one is not ``None``.
    """
    for name, value in arguments.items():
        if value is not None:
            raise TypeError(f"{name} goes with a template, which {source!r} is not")
