"""The sandboxed environment that streams."""

from __future__ import annotations

from jinja2.sandbox import SandboxedEnvironment

from .environment import Streaming


class SandboxedStreamEnvironment(Streaming, SandboxedEnvironment):
    """A :class:`jinja2.sandbox.SandboxedEnvironment` whose templates stream.

    Takes Jinja2's arguments, and those that :class:`~streamtmpl.StreamEnvironment` takes beside
    them.
    """
