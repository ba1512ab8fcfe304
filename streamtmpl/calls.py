"""What templates call at output positions: macros, and how calls stream or are captured.

Every compiled function takes the buffer it writes into. In a sync environment it is a generator
whose ``yield`` means "cut here"; in an async one a coroutine that awaits :func:`cut`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from types import coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from jinja2 import runtime
from jinja2.nodes import EvalContext
from jinja2.utils import internalcode, missing, pass_eval_context
from markupsafe import Markup

from .buffer import DEFAULT_CHUNK_SIZE, Buffer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Iterator

    from jinja2 import Environment
    from jinja2.runtime import Context

    from .sources import Sources

_Class = TypeVar("_Class", bound=type)

open_sources: ContextVar[Sources | None] = ContextVar("open_sources", default=None)
"""The sources of the stream that is running, for calls that are not handed a buffer."""

CUT = object()
"""What a render in an async environment suspends with when a chunk is to be cut."""


@coroutine
def cut() -> Generator[object, None, None]:
    """Suspend the render so that a chunk is cut here."""
    yield CUT


def named_as(original: type) -> Callable[[_Class], _Class]:
    """Give a class the name of Jinja2's that it stands for: templates print it in errors."""

    def name(kind: _Class) -> _Class:
        kind.__module__, kind.__name__ = original.__module__, original.__name__
        kind.__qualname__ = original.__qualname__
        call = vars(kind).get("__call__")
        if call is not None:
            call.__qualname__ = original.__call__.__qualname__
        return kind

    return name


Concat = Callable[[Any], str]

PARAMETER = "p_"
"""What the names of a compiled macro's parameters begin with, before the template's own names.

A template may call them as it likes; the function has locals of other names."""

Shape = tuple[Any, ...]
"""How many positional arguments a call has, and the names of its keyword arguments."""


@internalcode
def capture(concat: Concat | None, body: Callable[..., Any], /, *args: Any, **kwargs: Any) -> str:
    """Run a compiled function of a sync environment and return all its text.

    *concat* is the environment's, or ``None`` for simply that text.
    """
    out = Buffer(None, open_sources.get())
    try:
        for _ in body(out, *args, **kwargs):
            pass
    except RuntimeError as error:
        if type(error.__cause__) is StopIteration:
            raise error.__cause__ from None  # of the template's own: it ends no generator of ours
        raise
    return out.getvalue() if concat is None or concat == "".join else concat(out)


@internalcode
async def capture_async(
    concat: Concat | None, body: Callable[..., Any], /, *args: Any, **kwargs: Any
) -> str:
    """Run a compiled function of an async environment and return all its text."""
    out = Buffer(None, open_sources.get())
    await body(out, *args, **kwargs)
    return out.getvalue() if concat is None or concat == "".join else concat(out)


def template_function(function: Callable[..., Any]) -> Callable[[Context], Iterator[str]]:
    """Give a compiled root or block of a sync environment Jinja2's own protocol.

    The result is what Jinja2 expects (called with a context it iterates strings); its attribute
    ``into`` is the compiled function itself.
    """

    @internalcode
    def pieces(context: Context) -> Iterator[str]:
        out = Buffer(DEFAULT_CHUNK_SIZE, open_sources.get())
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
    """The same for an async environment: called with a context it iterates asynchronously."""

    @internalcode
    async def pieces(context: Context) -> AsyncIterator[str]:
        out = Buffer(DEFAULT_CHUNK_SIZE, open_sources.get())
        steps = Steps(function(context, out))
        try:
            while await steps:
                if text := out.take():
                    yield text
            if text := out.take():
                yield text
        finally:
            steps.close()

    _as_compiled(pieces, function)
    return pieces


def _as_compiled(pieces: Any, function: Any) -> None:
    pieces.into = function
    pieces.__name__, pieces.__qualname__ = function.__name__, function.__qualname__
    pieces.__module__ = function.__module__


class Steps:
    """Runs a compiled coroutine from cut to cut: awaiting gives ``False`` when it has ended.

    Whatever it waits for passes through to the event loop, whichever that is.
    """

    __slots__ = ("_body",)

    def __init__(self, body: Any) -> None:
        self._body = body

    @internalcode
    def __await__(self) -> Generator[Any, Any, bool]:
        resume, value = self._body.send, None
        while True:
            try:
                signal = resume(value)
            except StopIteration:
                return False
            if signal is CUT:
                return True
            try:
                value = yield signal
                resume = self._body.send
            except BaseException as error:  # noqa: BLE001 - the template's to handle
                resume, value = self._body.throw, error

    def close(self) -> None:
        """Unwind the coroutine where it stands."""
        self._body.close()


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
    """:func:`into` for async environments."""
    compiled: Callable[..., Any] | None = getattr(function, "into", None)
    if compiled is not None:
        return compiled

    async def body(context: Context, out: Buffer) -> None:
        async for text in function(context):
            out.write(text)

    return body


def without_prefix(arguments: dict[str, Any]) -> dict[str, Any]:
    """Keyword arguments under the names that the template gave them."""
    return {name.removeprefix(PARAMETER): value for name, value in arguments.items()}


@named_as(runtime.Macro)
class Macro(runtime.Macro):
    """A macro whose compiled function writes into a buffer.

    At an output position it streams (:meth:`_into`); called as a function it is captured.
    """

    def __init__(
        self,
        environment: Environment,
        func: Callable[..., Any],
        name: str,
        arguments: tuple[str, ...],
        catch_kwargs: bool,
        catch_varargs: bool,
        caller: bool,
        default_autoescape: bool,
    ) -> None:
        """As :class:`jinja2.runtime.Macro`; *func* is the compiled function."""
        self._environment = environment
        self._func = func
        self._argument_count = len(arguments)
        self.name = name
        self.arguments = arguments  # type: ignore[assignment]
        self.catch_kwargs = catch_kwargs
        self.catch_varargs = catch_varargs
        self.caller = caller
        self.explicit_caller = "caller" in arguments
        self._default_autoescape = default_autoescape
        self._plain = not (catch_kwargs or catch_varargs or (caller and not self.explicit_caller))
        self._entries: dict[Shape, Callable[..., Any]] | None = None

    def _entry(self, context: Context | None, shape: Shape | None) -> Callable[..., Any] | None:
        """What renders into a buffer for a call of *shape*; ``None``: the call cannot stream.

        With a *context* it must be that escaping, there, would leave the text as it is. The names
        of keyword arguments get a prefix (:data:`PARAMETER`), unless there is no *shape*.
        """
        if context is not None and not context.eval_ctx.autoescape:
            return None
        if shape is None:
            return self._into
        if self._plain and len(shape) == 1 and shape[0] <= self._argument_count:
            return self._func
        if self._entries is None:
            self._entries = {}
        entry = self._entries.get(shape)
        if entry is None:
            entry = self._entries[shape] = self._func if self._fits(shape) else self._into_prefixed
        return entry

    def _fits(self, shape: Shape) -> bool:
        """Whether the compiled function takes arguments of *shape* just as they are."""
        count, *names = shape
        takes = set(self.arguments[count:])
        if self.caller and not self.explicit_caller:
            if "caller" not in names:
                return False
            takes.add("caller")
        return (
            count <= self._argument_count
            and takes.issuperset(names)
            and not self.catch_kwargs
            and not self.catch_varargs
        )

    @internalcode
    def _into(self, out: Buffer, /, *args: Any, **kwargs: Any) -> Any:
        """Render into *out*, with a template's arguments."""
        return self._func(out, *self._bind(args, kwargs))

    @internalcode
    def _into_prefixed(self, out: Buffer, /, *args: Any, **kwargs: Any) -> Any:
        return self._into(out, *args, **without_prefix(kwargs))

    @internalcode
    @pass_eval_context
    def __call__(self, *args: Any, **kwargs: Any) -> str:
        """Render with a template's arguments and return the text.

        An evaluation context may come first: it decides whether the text is ``Markup``. Callers
        from outside of templates leave it away and get what the macro was defined with.
        """
        if args and isinstance(args[0], EvalContext):
            autoescape, args = args[0].autoescape, args[1:]
        else:
            autoescape = self._default_autoescape
        return self._invoke(self._bind(args, kwargs), bool(autoescape))

    @internalcode
    def _invoke(self, arguments: list[Any], autoescape: bool) -> str:
        text = capture(self._environment.concat, self._func, *arguments)
        return Markup(text) if autoescape else text

    @internalcode
    def _bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
        """The arguments of the compiled function: declared ones, caller, kwargs, varargs.

        :raises TypeError: the macro does not take what is given.
        """
        if "self" in kwargs:  # as calling a macro of Jinja2's would
            raise TypeError("Macro.__call__() got multiple values for argument 'self'")
        count = self._argument_count
        bound = list(args[:count])
        bound += [kwargs.pop(name, missing) for name in self.arguments[len(bound) :]]
        if self.caller and not self.explicit_caller:
            bound.append(self._take_caller(kwargs))
        if self.catch_kwargs:
            bound.append(kwargs)
        elif kwargs:
            raise TypeError(self._refuse_keyword(kwargs))
        if self.catch_varargs:
            bound.append(args[count:])
        elif len(args) > count:
            raise TypeError(
                f"macro {self.name!r} takes not more than {len(self.arguments)} argument(s)"
            )
        return bound

    def _take_caller(self, kwargs: dict[str, Any]) -> Any:
        caller = kwargs.pop("caller", None)
        if caller is None:
            return self._environment.undefined("No caller defined", name="caller")
        return caller

    def _refuse_keyword(self, kwargs: dict[str, Any]) -> str:
        if "caller" in kwargs:
            return (
                f"macro {self.name!r} was invoked with two values for the special caller argument."
                " This is most likely a bug."
            )
        return f"macro {self.name!r} takes no keyword argument {next(iter(kwargs))!r}"


@named_as(runtime.Macro)
class AsyncMacro(Macro):
    """A macro of an async environment: called as a function it gives an awaitable."""

    @internalcode
    def _invoke(self, arguments: list[Any], autoescape: bool) -> str:
        return self._async_invoke(arguments, autoescape)  # type: ignore[return-value]

    @internalcode
    async def _async_invoke(self, arguments: list[Any], autoescape: bool) -> str:
        text = await capture_async(self._environment.concat, self._func, *arguments)
        return Markup(text) if autoescape else text
