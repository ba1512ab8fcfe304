"""What a compiled function is: it writes into a buffer, streamed or captured.

Every compiled function takes the buffer it writes into. In a sync environment it is a generator
whose ``yield`` means "cut here" (a root or macro that has none is a plain function that gives an
empty iterable); in an async one a coroutine that awaits
:func:`~streamtmpl.chunks.cuts.cut`, and :func:`drive` steps it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import coroutine
from typing import TYPE_CHECKING, Any

from jinja2 import Environment
from jinja2.utils import internalcode

from .buffer import Buffer
from .closing import open_iterators
from .cuts import CUT, DEFAULT_CHUNK_SIZE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Generator, Iterable, Iterator

    from jinja2.runtime import Context


Concat = Callable[[Any], str]

NO_SIGNAL = object()
"""That a coroutine has not been stepped yet."""


@internalcode
def capture(concat: Concat | None, body: Callable[..., Any], /, *args: Any, **kwargs: Any) -> str:
    """Run a compiled function of a sync environment and return all its text.

    *concat* is the environment's, or ``None`` for simply that text.
    """
    out = Buffer(None, open_iterators.get())
    try:
        for _ in body(out, *args, **kwargs):
            pass
    except RuntimeError as error:
        if type(error.__cause__) is StopIteration:
            raise error.__cause__ from None  # of the template's own: it ends no generator of ours
        raise
    return out.getvalue() if concat is None or concat is Environment.concat else concat(out)


@internalcode
async def capture_async(
    concat: Concat | None, body: Callable[..., Any], /, *args: Any, **kwargs: Any
) -> str:
    """Run a compiled function of an async environment and return all its text."""
    out = Buffer(None, open_iterators.get())
    await body(out, *args, **kwargs)
    return out.getvalue() if concat is None or concat is Environment.concat else concat(out)


@internalcode
def root_steps(root: Any, context: Context, out: Buffer) -> Iterable[None]:
    """The steps of the compiled function behind the *root* of any template of a sync environment.

    One that has no cut is run here, and raises what a generator raises.
    """
    try:
        steps: Iterable[None] = into(root)(context, out)
    except StopIteration as error:
        return raising(error)
    return steps


def raising(error: StopIteration) -> Iterator[None]:
    """The steps of a root that is no generator, and in which *error* has come up."""
    raise error  # as what a generator makes of it
    yield


def template_function(function: Callable[..., Any]) -> Callable[[Context], Iterator[str]]:
    """Give a compiled root or block of a sync environment Jinja2's own protocol.

    The result is what Jinja2 expects (called with a context it iterates strings); its attribute
    ``into`` is the compiled function itself.
    """

    @internalcode
    def pieces(context: Context) -> Iterator[str]:
        out = Buffer(DEFAULT_CHUNK_SIZE, open_iterators.get())
        for _ in function(context, out):
            if text := out.take():
                yield text
        if text := out.take():
            yield text

    _as_compiled(pieces, function)
    return pieces


def async_template_function(
    function: Callable[..., Any],
) -> Callable[[Context], AsyncIterator[str]]:
    """Give a compiled root or block of an async environment Jinja2's own protocol.

    As :func:`template_function`, but called with a context the result iterates asynchronously.
    """

    @internalcode
    async def pieces(context: Context) -> AsyncIterator[str]:
        out = Buffer(DEFAULT_CHUNK_SIZE, open_iterators.get())
        body = function(context, out)
        try:
            while await drive(body) is CUT:
                if text := out.take():
                    yield text
            if text := out.take():
                yield text
        finally:
            body.close()

    _as_compiled(pieces, function)
    return pieces


def _as_compiled(pieces: Any, function: Any) -> None:
    pieces.into = function
    pieces.reads_at_once = False  # unless the code behind it says so
    pieces.__name__, pieces.__qualname__ = function.__name__, function.__qualname__
    pieces.__module__ = function.__module__


def into(function: Any) -> Callable[..., Any]:
    """The compiled function behind a root or block function of any template.

    Code that Jinja2's own compiler made has no boundaries to cut at: it is one run.
    """
    compiled: Callable[..., Any] | None = getattr(function, "into", None)
    return _foreign(function) if compiled is None else compiled


def _foreign(function: Callable[[Context], Iterator[str]]) -> Callable[..., Any]:
    def body(context: Context, out: Buffer) -> Iterator[None]:
        for text in function(context):
            out.write(text)
        return
        yield

    return body


def async_into(function: Any) -> Callable[..., Any]:
    """The compiled function behind a root or block function of an async environment."""
    compiled: Callable[..., Any] | None = getattr(function, "into", None)
    if compiled is not None:
        return compiled

    async def body(context: Context, out: Buffer) -> None:
        async for text in function(context):
            out.write(text)

    return body


@internalcode
@coroutine
def drive(
    body: Coroutine[Any, Any, Any],
    *,
    run: Callable[..., Any] | None = None,
    at_cut: Callable[[], Generator[Any, Any, None]] | None = None,
    before_wait: Callable[[], None] | None = None,
    after_wait: Callable[[], None] | None = None,
    error: BaseException | None = None,
    signal: Any = NO_SIGNAL,
) -> Generator[Any, Any, Any]:
    """Step the coroutine *body* to its end, or to its next cut if nothing is said for cuts.

    Whatever else *body* waits for passes through to the event loop, whichever that is, and what
    the event loop raises there is raised in *body*.

    :param run: calls each step, a function and its argument, in a context of the caller's.
    :param at_cut: waits until *body* may go on behind a cut.
    :param before_wait: called when *body* is about to wait for something that is not ready.
    :param after_wait: called when it is ready, or is not to be waited for any more.
    :param error: what is raised in *body* where it stands, before all else.
    :param signal: what *body* has suspended with, if its first step has been run already.
    :return: :data:`CUT`, or what *body* has returned.
    """
    send: Callable[[Any], Any] = body.send
    throw: Callable[[Any], Any] = body.throw
    if run is not None:
        send, throw = partial(run, send), partial(run, throw)
    resume, value = (send, None) if error is None else (throw, error)
    if signal is not NO_SIGNAL:
        resume, value = _given, signal
    while True:
        try:
            signal = resume(value)
        except StopIteration as stop:
            return stop.value
        resume, value = send, None
        try:
            if signal is CUT:
                if at_cut is None:
                    return CUT
                yield from at_cut()
            else:
                if before_wait is not None:
                    before_wait()
                value = yield signal
                if after_wait is not None:
                    after_wait()
        except BaseException as raised:  # noqa: BLE001 - the template's to handle
            resume, value = throw, raised
            if after_wait is not None:
                after_wait()


def _given(signal: Any) -> Any:
    return signal
