"""A deferred region: its state, the events that change it, and rendering a sync one.

A region is rendered later than what stands around it, maybe in another thread. Nothing but the
events of :class:`Region` changes its state::

    deferred() -> claim() -> shows() -> leaves()     it has a place; it is decided what it shows;
                                                     that is ready; it has been written
    expires()                                        its time is over: it shows its error
    drop()                                           nobody wants it any more, wherever it is
"""

from __future__ import annotations

from contextvars import copy_context
from time import perf_counter
from typing import TYPE_CHECKING, Any

from jinja2.exceptions import SecurityError

from streamtmpl.chunks.buffer import Buffer
from streamtmpl.chunks.closing import OpenIterators, open_iterators, report

from .failures import log_failure, rewritten, shown
from .snapshot import region_context

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from jinja2.runtime import Context

    from .groups import Group


class Dropped(BaseException):
    """Ends the render of a region that nobody waits for any more."""


def _refusal(timeout: Any, name: str = "timeout") -> Exception | None:
    """The error of a *timeout* that is no number of seconds, 0 or more, nor ``None``."""
    if timeout is None:
        return None
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)):
        return TypeError(f"the {name} of 'defer' must be a number of seconds, not {timeout!r}")
    if not timeout >= 0:
        return ValueError(f"the {name} of 'defer' must not be negative, but is {timeout!r}")
    return None


def _refused_group(group: Any, timeout: Any) -> Exception | None:
    """The error of a *group* that is no name, nor ``None``, or of its *timeout*."""
    if group is not None and not isinstance(group, str):
        return TypeError(f"the group of 'defer' must be a name (a str), not {group!r}")
    if group is None and timeout is not None:
        return TypeError("'defer' has a group_timeout, and no group")
    return _refusal(timeout, "group_timeout")


class Region:
    """A deferred region of one render.

    :ivar start: the markup that begins its place; ``None``: it is rendered right where it stands.
    :ivar is_first: whether it is the first one that the stream defers.
    :ivar patched: whether its place has a placeholder until it is patched in.
    :ivar name: what its place and its patch are called.
    :ivar text: what it shows, once that is ready; empty when it has left.
    :ivar parent: the region that it has begun in.
    :ivar children: the regions that have begun in it.
    :ivar stand_ins: those that have begun in its placeholder.
    :ivar waiting: those in it that are ready and wait until it has left.
    :ivar deadline: when its time is over (seconds, :func:`time.perf_counter`).
    :ivar group: those that it is shown with.
    :ivar watch: what tells the observer of the stream about it, if there is one.
    """

    context: Context
    start: str | None = None
    patched = False
    is_first = False
    name = ""
    text: str | None = None
    children: Sequence[Region] = ()
    waiting: Sequence[Region] = ()
    stand_ins: Sequence[Region] = ()
    parent: Region | None = None
    deferral: Any = None
    deadline: float | None = None
    group: Group[Any] | None = None
    watch: Any = None
    has_left = dropped = expired = False
    _late: TimeoutError | None = None

    def __init__(
        self,
        body: Callable[..., Any],
        on_error: Callable[..., Any] | None,
        timeout: Any,
        line: int,
        group: Any = None,
        group_timeout: Any = None,
    ) -> None:
        """A region at *line* of its template.

        :param body: the compiled function.
        :param on_error: that of the part that shows an error; its variable is ``error``.
        :param timeout: seconds that rendering it may take, or ``None``. With anything else it
            fails when it is rendered.
        :param group: the name of those that it is shown with, or ``None``.
        :param group_timeout: seconds that these wait for each other, or ``None``.
        """
        self._refused = _refusal(timeout)
        self.timeout: float | None = None if self._refused else timeout
        self.group_name: str | None = None
        self.group_timeout: float | None = None
        if group is not None or group_timeout is not None:
            refused = _refused_group(group, group_timeout)
            self._refused = self._refused or refused
            if refused is None:
                self.group_name, self.group_timeout = group, group_timeout
        self.line = line
        self.variables = copy_context()
        self._body = body
        self._on_error = on_error
        self._unclaimed = [None]

    # -- events

    def see(self, context: Context, variables: Mapping[str, Any]) -> None:
        """It is to see what *context* has now, and the local *variables*."""
        self.context = region_context(context, variables)

    def deferred(
        self, deferral: Any, name: str, start: str, parent: Region | None, *, first: bool
    ) -> None:
        """It has a place in the document, or in the text of *parent*, that *start* begins."""
        self.deferral, self.name, self.start, self.parent = deferral, name, start, parent
        self.patched, self.is_first = deferral.patches, first
        if self.watch is not None:
            self.watch.region = name
        if parent is not None:
            parent.children = [*parent.children, self]
            if parent.dropped or parent.expired:
                self.drop()

    def begun_in_placeholder(self, nested: Region) -> None:
        """*nested* has begun in its placeholder, and ends with that."""
        self.stand_ins = [*self.stand_ins, nested]

    def start_clock(self) -> None:
        """Its time counts from here."""
        if self.timeout is not None:
            self.deadline = perf_counter() + self.timeout

    def stop_clock(self) -> None:
        """Its time does not count any more."""
        self.deadline = None

    def claim(self) -> bool:
        """Whether the caller is the first that wants to say what the region shows."""
        try:
            self._unclaimed.pop()
        except IndexError:
            return False
        return True

    def shows(self, text: str) -> None:
        """*text* is what it shows."""
        if self.watch is not None and not self.dropped:
            self.watch.ready(text)
        self.text = text  # from here on another thread may hand it over, and end the stream

    def begins(self) -> None:
        """Its render begins, in the thread and the context that it is rendered in."""
        if self.watch is not None and not self.dropped:
            self.watch.started()

    def expires(self) -> None:
        """Its time is over: what still renders its body is not to be shown."""
        self.expired = True

    def drop(self) -> None:
        """It is not to be shown, nor what has begun in it: end it where it is running."""
        if self.watch is not None and not (self.dropped or self.has_left):
            self.watch.dropped(self.variables)
        self.dropped = True
        self._drop_children()
        for region in self.stand_ins:
            region.drop()
        if self.deferral is not None:
            self.deferral.forget(self)

    def _drop_children(self) -> None:
        for child in self.children:
            child.drop()

    def waits_for_parent(self) -> bool:
        """Whether it, which is ready, must wait until the one that it has begun in has left."""
        parent = self.parent
        if parent is None or parent.has_left:
            return False
        parent.waiting = [*parent.waiting, self]
        return True

    def leaves(self) -> Sequence[Region]:
        """It has been written: what has begun in its placeholder goes, and its text with it.

        :return: those that have waited for it.
        """
        self.has_left = True
        for region in self.stand_ins:
            region.drop()
        waiting = self.waiting
        self.text = ""
        self.children = self.waiting = self.stand_ins = ()
        return waiting

    # -- what it shows

    @property
    def is_claimed(self) -> bool:
        """Whether it is known what it shows, though its part for errors may still render."""
        return not self._unclaimed

    def timed_out(self) -> TimeoutError:
        """The error of a region that took too long."""
        self._late = error = TimeoutError(f"the region took longer than {self.timeout:g} s")
        return error

    def _fails(self, error: BaseException) -> Context | None:
        """It has failed with *error*: the context of the part that shows that, if there is one.

        :raises SecurityError: that is what it is.
        """
        self._drop_children()
        self.children = ()
        if self.watch is not None:
            self.watch.failed(None if error is self._late else error)
        error = rewritten(self.context, error)
        if isinstance(error, SecurityError):
            raise error
        instead = None if self._on_error is None else "error"
        log_failure("deferred region", self.context, self.line, error, instead=instead)
        if self._on_error is None:
            return None
        return region_context(self.context, {"error": shown(self.context, error)})

    def _fails_again(self, error: BaseException) -> None:
        """The part for errors has failed too: there is nothing else to show."""
        error = rewritten(self.context, error)
        if isinstance(error, SecurityError):
            raise error
        log_failure("error part of the deferred region", self.context, self.line, error)
        self.shows("")

    def _check_timeout(self) -> None:
        refused, self._refused = self._refused, None  # the part for errors can be rendered
        if refused is not None:
            raise refused

    def _check_time(self, deadline: float | None) -> None:
        if deadline is not None and perf_counter() > deadline:
            raise self.timed_out()

    def _buffer(self, function: Any, iterators: OpenIterators, chunk_size: int | None) -> Buffer:
        out = Buffer(chunk_size, iterators)
        if function is self._body:  # what shows an error defers nothing
            out.deferral, out.owner = self.deferral, self
        return out


class SyncRegion(Region):
    """A region of a sync environment.

    :ivar threaded: whether it is rendered in a thread of its own.
    """

    threaded = False

    def takes_thread(self) -> None:
        """It is rendered in a thread of its own from here on."""
        self.threaded = True

    def into(self, out: Buffer) -> Generator[None, None, None]:
        """Render it right here, into *out*; what stands above it is handed over before."""
        main = out.main
        if main.tell() > main.flush_limit:
            main.reason = "region"
            yield
        self.start_clock()
        self.variables.run(self.render)
        out.write(self.text or "")

    def render(self) -> None:
        """Render it, in whichever thread this is: what it shows is :attr:`text` then."""
        if self.dropped:
            return
        self.begins()
        try:
            text = self._captured(self._body, self.context, self.deadline)
        except Dropped:
            return
        except Exception as error:  # noqa: BLE001 - shown in its place
            self.fail(error)
        else:
            if self.claim():
                self.shows(text)

    def expire(self) -> bool:
        """Show its part for errors instead of what is being rendered, which took too long.

        :return: whether it did: not if its time ended while it was ending itself.
        """
        if self.dropped or not self.claim():
            return False
        self.expires()
        self._show(self.timed_out())
        return True

    def fail(self, error: BaseException) -> None:
        """Show its part for errors, if it shows nothing yet."""
        if not self.dropped and self.claim():
            self._show(error)

    def _show(self, error: BaseException) -> None:
        context = self._fails(error)
        if context is None:
            self.shows("")
            return
        try:
            self.shows(self._captured(self._on_error, context, None))
        except Dropped:
            return
        except Exception as second:  # noqa: BLE001 - logged: there is nothing else to show
            self._fails_again(second)

    def _captured(self, function: Any, context: Context, deadline: float | None) -> str:
        iterators = OpenIterators().within(open_iterators.get())
        iterators.watch = self.watch
        token = open_iterators.set(iterators)
        watched = self.threaded or deadline is not None
        # What is cut in a watched one is nothing but a chance to see whether it is still wanted.
        out = self._buffer(function, iterators, 0 if watched else None)
        out.resumed = perf_counter()
        try:
            self._check_timeout()
            for _ in function(context, out):
                if self.dropped or (self.expired and function is self._body):
                    raise Dropped
                self._check_time(deadline)
            self._check_time(deadline)
            return out.getvalue()
        finally:
            report(iterators.close())
            open_iterators.reset(token)
