"""What a stream is told beside what it renders: one value, passed on as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from concurrent.futures import Executor


class RegionOptions(NamedTuple):
    """How the deferred regions of a stream are shown.

    :ivar patches: whether they follow the document and are patched in, not rendered in order.
    :ivar nonce: what the script that patches is allowed by.
    :ivar executor: whose threads render those of a sync environment.
    """

    patches: bool = True
    nonce: str | None = None
    executor: Executor | None = None


PATCHED = RegionOptions()
"""Patched in, and rendered one after the other."""

IN_ORDER = RegionOptions(patches=False)
"""Each in its place."""


class StreamOptions(NamedTuple):
    """What a stream is told; the public functions take the same as keyword arguments.

    :ivar chunk_size: characters that must have collected before a boundary cuts a chunk; ``None``:
        as many as the environment says.
    :ivar encoding: the codec to encode chunks with; ``None``: they stay text.
    :ivar commit_after: the name of a block that the first chunk waits for.
    :ivar regions: how deferred regions are shown.
    """

    chunk_size: int | None = None
    encoding: str | None = None
    commit_after: str | None = None
    regions: RegionOptions = PATCHED


def regions_shown(
    deferred: str = "patch", nonce: str | None = None, executor: Executor | None = None
) -> RegionOptions:
    """The arguments about regions that public functions take, as one value.

    :raises ValueError: *deferred* is no mode.
    """
    if deferred not in ("patch", "in-order"):
        raise ValueError(
            "deferred must be 'patch' (regions follow the document and are patched in) or"
            f" 'in-order' (they are rendered in their place), not {deferred!r}"
        )
    return RegionOptions(deferred == "patch", nonce, executor)
