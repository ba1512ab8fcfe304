"""Making the template environment of an application a streaming one."""

from __future__ import annotations

from threading import RLock
from typing import TYPE_CHECKING, Any

from streamtmpl.enabling import enable_streaming
from streamtmpl.environment import Streaming

from .config import ATTRIBUTES, CHUNK_SIZE, check_attributes

if TYPE_CHECKING:
    from jinja2 import Environment


setting_up = RLock()
"""Held while an application is set up, which its first streams may do."""


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
    check_attributes(config)
    enable_streaming(environment, chunk_size=config.get(CHUNK_SIZE))
    for key, attribute in ATTRIBUTES.items():
        if key in config:
            vars(environment).setdefault(attribute, config[key])
