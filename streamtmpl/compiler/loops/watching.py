"""Watching a source: the code around each pull, and the hand-over when it was slow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamtmpl.compiler.outputs import OutputGenerator
from streamtmpl.compiler.records import Record

if TYPE_CHECKING:
    from jinja2.compiler import Frame


class Watch(Record):
    """The locals of the code that watches a source.

    :ivar source: the source; ``None`` in there: plain data, nothing to watch.
    :ivar looked: when the latest look was (seconds).
    :ivar countdown: the pulls until the next look at the clock; ``None``: the source looks (compact
        code).
    :ivar suspect: whether a pull was slow, not long ago; unless only the source knows (the body
        pulls too).
    """

    source: str
    looked: str
    countdown: str | None = None
    suspect: str | None = None


class WatchingGenerator(OutputGenerator):
    """Writes what loops do around the pulls of their source."""

    def new_watch(self, source: str, *, pulls_alone: bool) -> Watch:
        """Locals for watching *source*.

        :param pulls_alone: the loop's body never pulls.
        """
        if self.compact:
            return Watch(source, f"{source}.looked")
        suspect = self.temporary_identifier() if pulls_alone else None
        countdown, looked = self.temporary_identifier(), self.temporary_identifier()
        return Watch(source, looked, countdown, suspect)

    def begin_watch(self, watch: Watch) -> None:
        """Write the beginning, before the first pull."""
        if watch.countdown is None:
            self.writeline(f"{watch.source}.begin()")
        else:
            self.writeline(f"{watch.countdown}, {watch.looked} = {watch.source}.stride, clock()")

    def look_at_clock(self, watch: Watch) -> None:
        """Write the look at the clock after a pull."""
        source, countdown, looked = watch.source, watch.countdown, watch.looked
        if countdown is None:
            self.writeline(f"if {source}: {source}.pulled()")
            return
        suspect = watch.suspect
        now = self.temporary_identifier()
        self.writeline(f"if {source} is not None:")
        self.indent()
        self.writeline(f"{countdown} -= 1")
        self.writeline(f"if not {countdown}:")
        self.indent()
        self.writeline(f"{countdown}, {now} = {source}.stride, clock()")
        found, told = countdown, f"{source}.late({looked}, {now})"
        if suspect:
            found, told = f"{countdown}, {suspect}", f"{told}, {source}.suspect"
        self.writeline(f"if {now} - {looked} > PATIENCE: {found} = {told}")
        self.writeline(f"{looked} = {now}")
        self.outdent(2)

    def was_slow(self, watch: Watch) -> str:
        """The condition that a finished iteration is to be handed over at once."""
        source = watch.source
        if watch.countdown is None:
            return f"{source} and {source}.suspect and {source}.ends()"
        suspect = watch.suspect or f"{source} is not None and {source}.suspect"
        return f"{suspect} and {source}.ends()"

    def end_iteration(self, watch: Watch, frame: Frame, *, pulled_here: bool) -> None:
        """Write the boundary at the end of an iteration of a loop in *frame*.

        :param pulled_here: the loop itself looks at the clock, not what it runs over.
        """
        if frame.buffer is not None:
            self.cut_if(f"{self.was_slow(watch)} and {frame.buffer}.main.tell()")
            return
        self.cut_if(f"{self.enough()} or {self.was_slow(watch)}")
        if pulled_here:
            source = watch.source
            noted = f"{source}.cut({watch.looked})"
            if watch.suspect:
                noted += f"; {watch.suspect} = {source}.suspect"
            self.indent()
            asked = source if watch.countdown is None else f"{source} is not None"
            self.writeline(f"if {asked}: {noted}")
            self.outdent()

    def exhausted(self, source: str) -> None:
        """Write what follows when the source has no more items."""
        self.writeline(f"if {source} is not None:")
        self.indent()
        self.writeline(f"{source}.done()")
        self.outdent()
