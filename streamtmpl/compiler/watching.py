"""Watching a source: the code around each pull, and the hand-over when it was slow."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .outputs import OutputGenerator

if TYPE_CHECKING:
    from jinja2.compiler import Frame


class Watch(NamedTuple):
    """The locals of the code that watches a source."""

    source: str
    """The :class:`~streamtmpl.sources.Source`; ``None`` in there: plain data, nothing to watch."""
    countdown: str
    """The pulls until the next look at the clock."""
    looked: str
    """When the latest look was (seconds)."""


class WatchingGenerator(OutputGenerator):
    """Writes what loops do around the pulls of their source."""

    def new_watch(self, source: str) -> Watch:
        """Locals for watching *source*."""
        return Watch(source, self.temporary_identifier(), self.temporary_identifier())

    def begin_watch(self, watch: Watch) -> None:
        """Write the beginning, before the first pull."""
        self.writeline(f"{watch.countdown}, {watch.looked} = {watch.source}.stride, clock()")

    def look(self, watch: Watch) -> None:
        """Write the look at the clock after a pull."""
        source, countdown, looked = watch
        now = self.temporary_identifier()
        self.writeline(f"if {source} is not None:")
        self.indent()
        self.writeline(f"{countdown} -= 1")
        self.writeline(f"if not {countdown}:")
        self.indent()
        self.writeline(f"{countdown}, {now} = {source}.stride, clock()")
        self.writeline(
            f"if {now} - {looked} > PATIENCE: {countdown} = {source}.late({looked}, {now})"
        )
        self.writeline(f"{looked} = {now}")
        self.outdent(2)

    def was_slow(self, source: str) -> str:
        """The condition that a finished iteration is to be handed over at once."""
        return f"{source} is not None and {source}.suspect and {source}.ends()"

    def end_iteration(self, source: str, frame: Frame, looked: str | None) -> None:
        """Write the boundary at the end of an iteration of a loop in *frame*."""
        if frame.buffer is not None:
            self.cut_if(f"{self.was_slow(source)} and {frame.buffer}.main.tell()")
            return
        self.cut_if(f"{self.enough()} or {self.was_slow(source)}")
        if looked is not None:
            self.indent()
            self.writeline(f"if {source} is not None: {source}.cut({looked})")
            self.outdent()

    def exhausted(self, source: str) -> None:
        """Write what follows when the source has no more items."""
        self.writeline(f"if {source} is not None:")
        self.indent()
        self.writeline(f"{source}.done()")
        self.outdent()
