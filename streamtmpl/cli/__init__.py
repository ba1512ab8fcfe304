"""The ``streamtmpl`` command. :func:`main` runs it; see :mod:`.command` for how."""

from .command import main

__all__ = ["main"]
