"""Watching a source: the code around each pull, and the hand-over when it was slow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamtmpl.compiler.branches import BranchGenerator
from streamtmpl.compiler.records import Record

if TYPE_CHECKING:
    from jinja2.compiler import Frame


class Pace(Record):
    """The locals of a loop whose rows are one run each: the length of its text tells when to look.

    Such a loop asks one thing of each row, whether enough has collected for whatever comes next.

    :ivar stop: when more than this has collected, something is to be done.
    :ivar span: how much that is from one look at the clock to the next.
    :ivar each: whether the clock is looked at after each pull as well.
    :ivar length: the characters of a row, by which looks are spaced.
    """

    stop: str
    span: str
    each: str
    length: int


class Watch(Record):
    """The locals of the code that watches a source.

    :ivar source: the source; ``None`` in there: plain data, nothing to watch.
    :ivar looked: when the latest look was (seconds).
    :ivar countdown: the pulls until the next look at the clock; ``None``: the source looks (compact
        code).
    :ivar suspect: whether a pull was slow, not long ago; unless only the source knows (the body
        pulls too).
    :ivar pace: instead of the two, where the loop's text tells when to look.
    """

    source: str
    looked: str
    countdown: str | None = None
    suspect: str | None = None
    pace: Pace | None = None

    @property
    def unwatched(self) -> list[str]:
        """Its locals that are ``None`` where there is nothing to watch."""
        each = self.pace.each if self.pace else None
        return [self.source, *(local for local in (self.suspect, each) if local)]


class WatchingGenerator(BranchGenerator):
    """Writes what loops do around the pulls of their source."""

    def new_watch(self, source: str, *, pulls_alone: bool, length: int = 0) -> Watch:
        """Locals for watching *source*.

        :param pulls_alone: the loop's body never pulls.
        :param length: the characters of a row, if they may tell when to look.
        """
        if self.compact:
            return Watch(source, f"{source}.looked")
        if length:
            stop, span, each, looked = (self.temporary_identifier() for _ in range(4))
            return Watch(source, looked, None, None, Pace(stop, span, each, length))
        suspect = self.temporary_identifier() if pulls_alone else None
        countdown, looked = self.temporary_identifier(), self.temporary_identifier()
        return Watch(source, looked, countdown, suspect)

    def begin_watch(self, watch: Watch) -> None:
        """Write the beginning, before the first pull."""
        if watch.pace is not None:
            self.writeline(f"{watch.pace.each}, {watch.looked} = {watch.source}.each, clock()")
        elif watch.countdown is None:
            self.writeline(f"{watch.source}.begin()")
        else:
            self.writeline(f"{watch.countdown}, {watch.looked} = {watch.source}.stride, clock()")

    def look_at_clock(self, watch: Watch) -> None:
        """Write the look at the clock after a pull."""
        source, countdown, looked = watch.source, watch.countdown, watch.looked
        if watch.pace is not None:
            self._look_at_each(watch, watch.pace)
            return
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

    def _look_at_each(self, watch: Watch, pace: Pace) -> None:
        source, looked, now = watch.source, watch.looked, self.temporary_identifier()
        self.writeline(f"if {pace.each}:")
        self.indent()
        self.writeline(f"{now} = clock()")
        self.writeline(f"if {now} - {looked} > PATIENCE:")
        self.indent()
        self.writeline(f"{source}.late({looked}, {now})")
        self.writeline(f"if {source}.suspect: {pace.stop} = {pace.span} = {source}.span")
        self.outdent()
        self.writeline(f"{looked} = {now}")
        self.outdent()

    def was_slow(self, watch: Watch) -> str:
        """The condition that a finished iteration is to be handed over at once."""
        source = watch.source
        if watch.pace is not None:
            return f"{source} is not None and {source}.suspect and {source}.ends()"
        if watch.countdown is None:
            return f"{source} and {source}.suspect and {source}.ends()"
        suspect = watch.suspect or f"{source} is not None and {source}.suspect"
        return f"{suspect} and {source}.ends()"

    def end_iteration(self, watch: Watch, frame: Frame, *, pulled_here: bool) -> None:
        """Write the boundary at the end of an iteration of a loop in *frame*.

        :param pulled_here: the loop itself looks at the clock, not what it runs over.
        """
        if frame.buffer is not None:
            self.cut_if(f"{self.was_slow(watch)} and {self.out(frame)}.main.tell()")
            return
        if watch.pace is not None:
            self._end_paced(watch, watch.pace)
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

    def begin_pace(self, pace: Pace) -> None:
        """Write the beginning of a loop that counts already what has collected."""
        self.writeline(f"{pace.stop}, {pace.span} = limit, NEVER")

    def _end_paced(self, watch: Watch, pace: Pace) -> None:
        """Write the end of an iteration: the boundary, and a look if it is time."""
        source, looked, now = watch.source, watch.looked, self.temporary_identifier()
        paced = f"{pace.each}, {pace.span} = {source}.each, {source}.span * {pace.length}"
        self.writeline(f"if held > {pace.stop}:")
        self.indent()
        self.cut_if(f"{self.enough()} or {self.was_slow(watch)}")
        self.indent()
        self.writeline(f"if {source} is not None: {source}.cut({looked}); {paced}")
        self.outdent()
        self.writeline(f"elif {source} is not None and not {pace.each}:")
        self.indent()
        self.writeline(f"{now} = clock()")
        self.writeline(f"if {now} - {looked} > PATIENCE: {source}.late({looked}, {now}); {paced}")
        self.writeline(f"{looked} = {now}")
        self.outdent()
        next_look = f"held + {pace.span}"
        full = f"{source} is None or {next_look} > limit"
        self.writeline(f"{pace.stop} = limit if {full} else {next_look}")
        self.outdent()

    def exhausted(self, source: str) -> None:
        """Write what follows when the source has no more items."""
        self.writeline(f"if {source} is not None:")
        self.indent()
        self.writeline(f"{source}.done()")
        self.outdent()
