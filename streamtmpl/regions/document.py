"""The deferred regions of one stream: their places in the document, and when they follow it.

In the document stands the start of each region's place. In patch mode the placeholder follows it,
and a patch for each region comes after the document, before its last end tags. In order, the
region's text takes the place of that mark before it is handed over, and the document waits.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from itertools import count
from time import perf_counter
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from streamtmpl.chunks.buffer import NEVER

from .balancing import balanced
from .groups import Group
from .markup import (
    PATCH_END,
    end_tags_for,
    ends_in_paragraph,
    lacks_body,
    new_token,
    script_element,
    start,
    tail_start,
)
from .region import Region

if TYPE_CHECKING:
    from jinja2 import Environment
    from jinja2.runtime import Context

    from streamtmpl.chunks.buffer import Buffer
    from streamtmpl.chunks.options import RegionOptions


LOOK_BACK = 16384
"""Characters before the end of the document in which open elements are looked for."""

AHEAD = 1 << 18
"""Characters that may be ready and wait for what stands before them, or for their reader."""

Kind = TypeVar("Kind", bound=Region)


def limit_of(environment: Environment) -> int:
    """How many regions of a stream may be rendered at once.

    :raises ValueError: it is no number of regions.
    """
    limit = environment.max_deferred  # type: ignore[attr-defined]
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise ValueError(
            f"max_deferred of the environment must be a number of regions, 1 or more, not {limit!r}"
        )
    return limit


def keep_alive_of(environment: Environment) -> float:
    """The seconds after which a line break goes out while regions are waited for; 0: none does.

    :raises ValueError: it is no number of seconds.
    """
    seconds = environment.keep_alive  # type: ignore[attr-defined]
    if (
        isinstance(seconds, bool)
        or not isinstance(seconds, (int, float))
        or not 0 <= seconds < float("inf")
    ):
        raise ValueError(
            "keep_alive of the environment must be a number of seconds, or 0 for no line breaks,"
            f" not {seconds!r}"
        )
    return seconds


SILENCE = 1.5
"""How many times as long as between two line breaks nothing comes before a page is given up."""


class Deferral(ABC, Generic[Kind]):
    """What a stream with deferred regions does beside the render of its document."""

    keeps_alive = False
    """Whether something can be handed over while regions are waited for."""

    def __init__(self, out: Buffer, environment: Environment, options: RegionOptions) -> None:
        """For the stream that takes its text from *out*."""
        self.patches = options.patches
        self._limit = limit_of(environment)
        self._out = out
        self._environment = environment
        self._nonce = options.nonce
        self._keep_alive = keep_alive_of(environment)
        self._written = 0.0
        """When something has last been written behind the document."""
        self._token = new_token()
        self._mark = start(self._token)[: -len('">')]
        self._numbers = count()
        self._regions: dict[int, Kind] = {}
        """Those whose marks are still to come by, in order."""
        self._open: set[Kind] = set()
        self._groups: dict[tuple[Kind | None, str], Group[Kind]] = {}
        self._settled = 0
        """The length of the text in the buffer that is ready to be handed over."""
        self._tail = ""
        self._latest = ""
        """The end of what the document has come to so far, in patch mode."""
        self._line: deque[str | Kind] = deque()
        """What follows that text in the document, as far as it is known."""
        self._ahead = 0
        self._in_document = True

    @staticmethod
    @abstractmethod
    def can_defer(options: RegionOptions) -> bool:
        """Whether a stream with these *options* defers anything."""

    def open(self) -> None:
        """Begin: regions are deferred, and ended with the stream."""
        self._out.deferral = self
        if self._out.sources is not None:
            self._out.sources.add(self)

    def add(self, region: Kind, parent: Kind | None) -> None:
        """Defer *region*, which begins in *parent* or in the document itself."""
        number = next(self._numbers)  # like what follows it is one step for other threads
        if not self.patches:
            self._regions[number] = region
        elif region.group_name is not None:
            region.group = self._groups.setdefault((parent, region.group_name), Group())
            region.group.add(region)
        self._open.add(region)
        name, start = f"{self._token}{number}", f'{self._mark}{number}">'
        if not number and self.patches and not self._out.taken and lacks_body(self._out.getvalue()):
            start = "<body>" + start
        region.deferred(self, name, start, parent, first=not number)

    def forget(self, region: Kind) -> None:
        """The region is not to be shown."""
        self._open.discard(region)

    def _drop_all(self) -> None:
        for region in list(self._open):
            region.drop()

    # -- the document

    def settle(self, taken: bool = False) -> None:
        """Leave in the buffer what can be handed over, and only that; it is *taken* right then."""
        out = self._out
        text = out.getvalue()
        fresh = text[self._settled :]
        if not self.patches:
            self._line_up(fresh)
            fresh = self._next_in_line()
        elif self._in_document:
            fresh = self._tail + fresh
            end = tail_start(fresh)
            self._tail, fresh = fresh[end:], fresh[:end]
            self._latest = (self._latest + fresh)[-LOOK_BACK:]
        settled = text[: self._settled] + fresh
        if settled != text:
            out.replace(settled)
        self._settled = 0 if taken else len(settled)

    def _line_up(self, text: str) -> None:
        """Put what the document goes on with into the line: text, and regions for their marks."""
        if text:
            self._line.extend(self._parts(text))
            self._ahead += len(text)

    def _parts(self, text: str) -> list[str | Kind]:
        before, *others = text.split(self._mark)
        parts: list[str | Kind] = [before]
        for other in others:
            number, _, after = other.partition('">')
            parts += [self._regions.pop(int(number)), after]
        return parts

    def _next_in_line(self) -> str:
        """Remove and return the text at the head of the line, up to a region that is not ready."""
        line, pieces = self._line, []
        while line:
            part = line[0]
            if isinstance(part, Region):
                if part.text is None:
                    break
                self._open.discard(part)
                line.popleft()
                line.extendleft(reversed(self._parts(part.text)))
                part.leaves()
            else:
                pieces.append(part)
                line.popleft()
        text = "".join(pieces)
        self._ahead = self._ahead - len(text) if line else 0
        return text

    def is_far_ahead(self) -> bool:
        """Whether the document must not go on before a region that it waits for is ready."""
        return self._ahead > AHEAD

    def end_document(self) -> None:
        """All of the document has been rendered."""
        self.settle()
        self._in_document = False
        if self.patches:  # what comes now is ready to be handed over
            self._out.deferral = None
            if self._open:
                if ends_in_paragraph(self._latest):
                    self._out.write("</p>")
                self._out.write(end_tags_for(self._latest))
                # It runs, or loads, while they are awaited. Firefox may keep what comes right
                # behind it to itself, until more comes.
                self._out.write(self._script())
                self._written = perf_counter()

    def _script(self) -> str:
        environment: Any = self._environment
        silence = SILENCE * self._keep_alive if self.keeps_alive and self._keep_alive else None
        return script_element(
            environment.patch_script, self._nonce, self._token, silence, environment.lost_text
        )

    def end(self) -> None:
        """All regions have been written: what is left is the end of the document."""
        rest = [part if isinstance(part, str) else part.text or "" for part in self._line]
        self._out.write("".join(rest) + self._tail)
        self._out.reason = "end"
        self._out.deferral = None
        if self._out.sources is not None:
            self._out.sources.discard(self)

    # -- patches

    def write_patch(self, region: Kind) -> None:
        """Write the patch of a region that is ready, and of those in it that waited for it.

        In a group, it waits for the others.
        """
        if region.dropped or region.has_left or region.waits_for_parent():
            return
        if region.group is None:
            self._write(region)
        else:
            region.group.arrives(region)
        self.write_groups()  # the time of any may be over

    def write_groups(self, *, all_there: bool = False) -> None:
        """Write the patches of groups that are to be shown; *all_there*: of what has arrived."""
        for group in list(self._groups.values()):  # a region's thread may add one
            if all_there:
                group.deadline = 0.0
            for region in group.to_show():
                self._write(region)

    def _write(self, region: Kind) -> None:
        if region.dropped or region.has_left:  # meanwhile: others have been written
            return
        self._open.discard(region)
        text = region.text or ""
        if "template" in text.lower():
            text = balanced(text)
        self._out.write(f'<template for="{region.name}">{text}{PATCH_END}')
        self._written = perf_counter()
        for child in region.leaves():
            self.write_patch(child)  # type: ignore[arg-type]

    def due(self) -> float:
        """When something is to be done though no region is ready (:func:`time.perf_counter`)."""
        moments: list[float] = []
        if self.patches:
            if self.keeps_alive and self._keep_alive:
                moments.append(self._written + self._keep_alive)
            for group in list(self._groups.values()):
                if group.deadline is not None and group.holds_any():
                    moments.append(group.deadline)
        return min(moments, default=NEVER)

    def do_what_is_due(self) -> None:
        """Write the groups whose time is over, and a line break if nothing has come for long."""
        self.write_groups()
        if self.keeps_alive and self._keep_alive and self.patches:
            now = perf_counter()
            if now >= self._written + self._keep_alive:
                self._out.write("\n")
                self._written = now


def deferral_of(
    region: Region,
    out: Buffer,
    context: Context,
    kind: type[Deferral[Any]],
) -> tuple[Any, Any]:
    """Where *region* is deferred, which begins where *out* is being written to.

    :param context: that of the template where it stands.
    :param kind: that of the deferral, which the first region of a stream begins.
    :return: the deferral of the stream, or ``None`` if *region* is rendered right where it stands;
        and the region around it.
    """
    root = out.begin(region)
    if root.deferral is None and root.defers is not None and kind.can_defer(root.defers):
        kind(root, context.environment, root.defers).open()
    if out.sources is not None and out.sources.watch is not None:
        region.watch = out.sources.watch.of_region(context.name, region.line)
    return root.deferral, root.owner
