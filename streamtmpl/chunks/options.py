"""What a stream is told beside what it renders: one value, passed on as a whole."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from typing_extensions import Self

    from streamtmpl.observing import Observer

Deferred = Literal["patch", "in-order"]
"""Where deferred regions are rendered: behind the document, or each in its place."""

Block = str | tuple[str, ...] | list[str]
"""The block that is rendered alone, or several."""

AutoDeferred = Literal["auto", "patch", "in-order"]
"""Where deferred regions are rendered, or ``"auto"``: as it suits who has asked for the page."""


Decide = Callable[[], tuple[bool, tuple[str, ...]]]
"""Says whether regions are patched in, and the names of the headers that it was decided by."""


class _Options:
    """Named values; to make a NamedTuple takes some ten times as long."""

    __slots__: tuple[str, ...] = ()

    def but(self, **changes: Any) -> Self:
        """These options with some of them changed."""
        made = object.__new__(type(self))
        for name in self.__slots__:
            setattr(made, name, changes[name] if name in changes else getattr(self, name))
        return made


class RegionOptions(_Options):
    """How the deferred regions of a stream are shown.

    :ivar nonce: what the script that patches is allowed by.
    :ivar executor: whose threads render those of a sync environment.
    """

    __slots__ = ("_decide", "_patches", "_vary", "executor", "nonce")

    def __init__(
        self,
        patches: bool | Decide = True,
        nonce: str | None = None,
        executor: Executor | None = None,
    ) -> None:
        """Regions that are patched in, or not, or as *patches* says when there is one."""
        self._patches = patches is True
        self._decide = patches if callable(patches) else None
        self._vary: tuple[str, ...] = ()
        self.nonce = nonce
        self.executor = executor

    @property
    def patches(self) -> bool:
        """Whether they follow the document and are patched in, not rendered in order."""
        self._settle()
        return self._patches

    def vary(self, *, over: bool) -> tuple[str, ...]:
        """The headers of the request by which the response differs.

        :param over: whether nothing comes any more. Then nobody asks any more either.
        """
        if not over:
            self._settle()
        return self._vary

    def _settle(self) -> None:
        if self._decide is not None:
            self._patches, self._vary = self._decide()
            self._decide = None


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
    :ivar blocks: the names of the blocks that are rendered, in order; ``None``: the whole page.
    :ivar regions: how deferred regions are shown; may be set until the stream begins.
    :ivar observe: what is called with the stream's events; ``None``: what the environment has.
    """

    __slots__ = ("blocks", "chunk_size", "commit_after", "encoding", "observe", "regions")

    def __init__(
        self,
        chunk_size: int | None = None,
        encoding: str | None = None,
        commit_after: str | None = None,
        regions: RegionOptions = PATCHED,
        block: Block | None = None,
        observe: Observer | None = None,
    ) -> None:
        """Options as the public functions take them.

        :raises TypeError: *block* is neither a name nor a tuple of names.
        :raises ValueError: *block* is empty, or there is *commit_after* as well.
        """
        self.chunk_size = chunk_size
        self.encoding = encoding
        self.commit_after = commit_after
        self.regions = regions
        self.observe = observe
        self.blocks = None if block is None else _block_names(block, commit_after)


NOTHING_SAID = StreamOptions()
"""Those of a stream that is told nothing, which nobody changes."""


def _block_names(block: object, commit_after: str | None) -> tuple[str, ...]:
    names = (block,) if isinstance(block, str) else block
    if not isinstance(names, (tuple, list)) or not all(isinstance(name, str) for name in names):
        raise TypeError(f"block must be the name of a block, or a tuple of names, not {block!r}")
    if not names or not all(names):
        raise ValueError(f"block must name a block, or several, not {block!r}")
    if commit_after is not None:
        raise ValueError(
            f"commit_after={commit_after!r} is for whole pages, and block={block!r} is a part of"
            " one: leave commit_after out, and decide before the part is rendered"
        )
    return tuple(names)


def regions_shown(
    deferred: Deferred = "patch", nonce: str | None = None, executor: Executor | None = None
) -> RegionOptions:
    """The arguments about regions that public functions take, as one value.

    :raises ValueError: *deferred* is no mode, or *executor* has been shut down.
    :raises TypeError: *executor* is none of threads.
    """
    if deferred not in ("patch", "in-order"):
        raise ValueError(
            "deferred must be 'patch' (regions follow the document and are patched in) or"
            f" 'in-order' (they are rendered in their place), not {deferred!r}"
        )
    if executor is not None:
        check_executor(executor)
    return RegionOptions(deferred == "patch", nonce, executor)


_ELSEWHERE = (
    ("concurrent.futures.process", "ProcessPoolExecutor"),
    ("concurrent.futures.interpreter", "InterpreterPoolExecutor"),
)
"""The executors that run nothing in the threads of this interpreter."""


def check_executor(executor: Any, name: str = "executor") -> None:
    """Refuse what cannot render regions; messages call it *name*.

    :raises TypeError: it is no executor, or none of threads.
    :raises ValueError: it has been shut down.
    """
    if not callable(getattr(executor, "submit", None)):
        raise TypeError(
            f"{name} must be an executor of concurrent.futures, such as ThreadPoolExecutor(8), or"
            f" None, not {executor!r}"
        )
    for module, kind in _ELSEWHERE:
        if module in sys.modules and isinstance(executor, getattr(sys.modules[module], kind)):
            raise TypeError(
                f"{name} must run regions in threads, where the template and its variables are,"
                f" such as ThreadPoolExecutor(8), not {executor!r}"
            )
    if getattr(executor, "_shutdown", False) is True:
        raise ValueError(f"{name}: {executor!r} has been shut down. Give one that runs, or None")
