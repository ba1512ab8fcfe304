"""What the adapters of Flask and Quart have in common. Neither is imported here."""

from __future__ import annotations

import sys
import warnings
from contextvars import Context, ContextVar, copy_context
from inspect import iscoroutinefunction
from threading import RLock
from typing import TYPE_CHECKING, Any

from .buffer import DEFAULT_CHUNK_SIZE, check_chunk_size
from .environment import Streaming, enable_streaming
from .exceptions import LateSessionWarning

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from types import FrameType

    from jinja2 import Environment

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

in_stream: ContextVar[bool] = ContextVar("streamtmpl_in_stream", default=False)
"""Whether the code that runs is that of a stream in a request, not of a view or a teardown."""

SCRIPT_TYPE = "text/javascript; charset=utf-8"
"""The content type of the patch script where it is served."""

SCRIPT_SECONDS = 86400
"""How long a browser may keep the patch script unasked; later releases have it at the same URL."""

ACCEL = "X-Accel-Buffering"
"""The header that tells nginx whether to hold chunks back."""

setting_up = RLock()
"""Held while an application is set up, which its first streams may do."""


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


def make_streaming(app: Any) -> None:
    """Have the template environment of *app* stream, now or when it is made.

    It is made at its first use, with options that the application may set until then.
    """
    if "jinja_env" in vars(app):
        streaming_environment(app)
        return
    kind: Any = app.jinja_environment
    if not getattr(kind, "enables_streaming", False):
        app.jinja_environment = type(kind.__name__, (_Enabling, kind), {"__doc__": kind.__doc__})


class _Enabling:
    """Put before a class of environments: its instances stream."""

    enables_streaming = True

    def __init__(self, app: Any, **options: Any) -> None:
        super().__init__(app, **options)  # type: ignore[call-arg] # the environment's arguments
        _enable(self, app.config)


def streaming_environment(app: Any) -> Environment:
    """The template environment of *app*, streaming."""
    environment: Environment = app.jinja_env
    if not isinstance(environment, Streaming):
        with setting_up:
            _enable(environment, app.config)
    return environment


def _enable(environment: Any, config: Any) -> None:
    """Make *environment* a streaming one, as the configuration says.

    What somebody has set on the environment itself stays.
    """
    _check_attributes(config)
    enable_streaming(environment, chunk_size=config.get(CHUNK_SIZE))
    for key, attribute in ((PATCHES_BY, "patch_script"), (MAX_DEFERRED, "max_deferred")):
        if key in config:
            vars(environment).setdefault(attribute, config[key])


def context_without(*variables: ContextVar[Any]) -> Context:
    """A copy of the current context in which *variables* are not set.

    Once what is pushed in it has been popped, there is no request in it any more.
    """
    context = Context()
    for variable, value in copy_context().items():
        if variable not in variables:
            context.run(variable.set, value)
    return context


def to_end(tokens: list[Any], token: Any) -> None:
    """Make *token* the one among the *tokens* of a context that its next pop takes."""
    tokens.remove(token)
    tokens.append(token)


def guard_session(session: Any) -> None:
    """Warn from now on when a stream modifies *session*, whose cookie has been written.

    Sessions without ``on_update``, which Flask's own have, cannot be watched.
    """
    if not hasattr(session, "on_update"):
        return
    original = session.on_update

    def on_update(changed: Any) -> None:
        if original is not None:
            original(changed)
        if in_stream.get():
            _warn_late()

    session.on_update = on_update


def _warn_late() -> None:
    frame = _template_frame(sys._getframe(1))
    advice = (
        "after the headers of the response, and with them the session's cookie, had been sent: the"
        " change is lost. Modify it in the view, or hold the first chunk back up to the block that"
        " modifies it: stream_response(..., commit_after=...)"
    )
    if frame is None:
        warnings.warn(f"the session was modified {advice}", LateSessionWarning, stacklevel=4)
        return
    template = frame.f_globals["__jinja_template__"]
    line = template.get_corresponding_lineno(frame.f_lineno)
    name = template.name or "a template from a string"
    warnings.warn_explicit(
        f"{name}, line {line}: the session was modified {advice}",
        LateSessionWarning,
        template.filename or "<template>",
        line,
    )


def _template_frame(frame: FrameType | None) -> FrameType | None:
    """The innermost frame of a template from *frame* on outwards."""
    while frame is not None and frame.f_globals.get("__jinja_template__") is None:
        frame = frame.f_back
    return frame
