"""What a stream is told beside what it renders: one value, passed on as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from typing_extensions import Self


class _Options:
    """Named values that nobody changes. To make a NamedTuple takes some ten times as long."""

    __slots__: tuple[str, ...] = ()

    def but(self, **changes: Any) -> Self:
        """These options with some of them changed."""
        made = object.__new__(type(self))
        for name in self.__slots__:
            setattr(made, name, changes[name] if name in changes else getattr(self, name))
        return made


class RegionOptions(_Options):
    """How the deferred regions of a stream are shown.

    :ivar patches: whether they follow the document and are patched in, not rendered in order.
    :ivar nonce: what the script that patches is allowed by.
    :ivar executor: whose threads render those of a sync environment.
    """

    __slots__ = ("executor", "nonce", "patches")

    def __init__(
        self, patches: bool = True, nonce: str | None = None, executor: Executor | None = None
    ) -> None:
        self.patches = patches
        self.nonce = nonce
        self.executor = executor


PATCHED = RegionOptions()
"""Patched in, and rendered one after the other."""

IN_ORDER = RegionOptions(patches=False)
"""Each in its place."""


class StreamOptions(_Options):
    """What a stream is told; the public functions take the same as keyword arguments.

    :ivar chunk_size: characters that must have collected before a boundary cuts a chunk; ``None``:
        as many as the environment says.
    :ivar encoding: the codec to encode chunks with; ``None``: they stay text.
    :ivar commit_after: the name of a block that the first chunk waits for.
    :ivar regions: how deferred regions are shown.
    """

    __slots__ = ("chunk_size", "commit_after", "encoding", "regions")

    def __init__(
        self,
        chunk_size: int | None = None,
        encoding: str | None = None,
        commit_after: str | None = None,
        regions: RegionOptions = PATCHED,
    ) -> None:
        self.chunk_size = chunk_size
        self.encoding = encoding
        self.commit_after = commit_after
        self.regions = regions


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
