"""The keys of the configuration that Flask and Quart have in common. Neither is imported here."""

from __future__ import annotations

from typing import Any

from streamtmpl.chunks.cuts import DEFAULT_CHUNK_SIZE, check_chunk_size
from streamtmpl.responses.policy import RegionPolicy

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

KEEP_ALIVE = "STREAMTMPL_KEEP_ALIVE"
"""The key of the seconds after which a line break goes out while regions are waited for."""

LOST_TEXT = "STREAMTMPL_LOST_TEXT"
"""The key of what is shown in the place of a region that does not come."""

OBSERVE = "STREAMTMPL_OBSERVE"
"""The key of the function that is called with the events of each stream of a template."""

SERVER_TIMING = "STREAMTMPL_SERVER_TIMING"
"""The key of whether responses say in ``Server-Timing`` what their first chunk has waited for."""

ATTRIBUTES = {
    PATCHES_BY: "patch_script",
    MAX_DEFERRED: "max_deferred",
    KEEP_ALIVE: "keep_alive",
    LOST_TEXT: "lost_text",
    OBSERVE: "observe",
    SERVER_TIMING: "server_timing",
}
"""The keys whose values the environment gets, if they are there, and its attributes."""

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
    config.setdefault(DEFERRED, "auto")
    config.setdefault(NONCE, None)
    config.setdefault(EXECUTOR, None)
    check_chunk_size(config[CHUNK_SIZE])
    policy_of(app)
    check_attributes(config)


def policy_of(app: Any) -> RegionPolicy:
    """What the configuration of *app* says of deferred regions.

    :raises ValueError: the mode is none.
    :raises TypeError: a value is not of the kind that its key may have.
    """
    config = app.config
    policy = RegionPolicy(config[DEFERRED], config[NONCE], config[EXECUTOR])
    policy.check()
    return policy


def check_attributes(config: Any) -> None:
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
    seconds = config.get(KEEP_ALIVE, 0)
    if not isinstance(seconds, (int, float)) or isinstance(seconds, bool):
        raise TypeError(f"{KEEP_ALIVE} must be a number of seconds, not {seconds!r}")
    if not 0 <= seconds < float("inf"):
        raise ValueError(f"{KEEP_ALIVE} must be 0 or more seconds, not {seconds!r}")
    if config.get(OBSERVE) is not None:
        from streamtmpl.observing import check_observer  # noqa: PLC0415 - few applications

        check_observer(config[OBSERVE], OBSERVE)
