"""Macros: streamed at output positions, captured where they are called as functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from jinja2 import runtime
from jinja2.nodes import EvalContext
from jinja2.utils import internalcode, pass_eval_context
from markupsafe import Markup

from streamtmpl.chunks.buffer import Buffer
from streamtmpl.chunks.compiled import capture, capture_async
from streamtmpl.vocabulary import PARAMETER

from .escaping import text_as
from .naming import named_as, without_prefix

if TYPE_CHECKING:
    from jinja2 import Environment
    from jinja2.runtime import Context

    from streamtmpl.vocabulary import Shape


_KWARGS, _VARARGS = PARAMETER + "kwargs", PARAMETER + "varargs"


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
        """A macro of *environment* whose compiled function is *func*.

        The other arguments are those of :class:`jinja2.runtime.Macro`.
        """
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
        if len(shape) == 1 and shape[0] <= self._argument_count:
            return self._func
        if self._entries is None:
            self._entries = {}
        entry = self._entries.get(shape)
        if entry is None:
            entry = self._entries[shape] = self._entry_for(*shape)
        return entry

    def _entry_for(self, count: int, *names: str) -> Callable[..., Any]:
        """What takes *count* positional arguments, and keyword arguments of those *names*."""
        takes = set(self.arguments[count:])
        if self.caller and not self.explicit_caller:
            takes.add("caller")
        extra = [name for name in names if name not in takes]
        if count > self._argument_count and not self.catch_varargs:
            return self._into_prefixed
        given_twice = not set(self.arguments).isdisjoint(extra)
        if "self" in names or given_twice or (extra and not self.catch_kwargs):
            return self._into_prefixed
        if extra or count > self._argument_count:
            return self._collecting([(name, PARAMETER + name) for name in extra], count)
        return self._func

    def _collecting(self, extra: list[tuple[str, str]], count: int) -> Callable[..., Any]:
        """What takes *count* positional arguments, and the *extra* names as ``kwargs``."""
        function, declared = self._func, self._argument_count

        @internalcode
        def entry(out: Buffer, /, *args: Any, **named: Any) -> Any:
            if extra:
                named[_KWARGS] = {name: named.pop(prefixed) for name, prefixed in extra}
            if count > declared:
                args, named[_VARARGS] = args[:declared], args[declared:]
            return function(out, *args, **named)

        return entry

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
    def called(self, eval_ctx: EvalContext, /, *args: Any, **kwargs: Any) -> str:
        """Render with a template's arguments, called from where *eval_ctx* holds."""
        return self._invoke(self._bind(args, kwargs), bool(eval_ctx.autoescape))

    @internalcode
    def _invoke(self, arguments: Sequence[Any], autoescape: bool) -> str:
        text = capture(self._environment.concat, self._func, *arguments)
        return _as_value(text) if autoescape else text

    @internalcode
    def _bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Sequence[Any]:
        """The arguments of the compiled function: declared ones, caller, kwargs, varargs.

        :raises TypeError: the macro does not take what is given.
        """
        count = self._argument_count
        if len(args) <= count and not kwargs:
            return args  # it knows itself what the others are then
        if "self" in kwargs:  # as calling a macro of Jinja2's would
            raise TypeError("Macro.__call__() got multiple values for argument 'self'")
        bound = list(args[:count])
        defaults = self._func.__defaults__ or ()
        for index in range(len(bound), count):
            bound.append(kwargs.pop(self.arguments[index], defaults[index]))
            if not kwargs:
                return bound
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
    def _invoke(self, arguments: Sequence[Any], autoescape: bool) -> str:
        return self._async_invoke(arguments, autoescape)  # type: ignore[return-value]

    @internalcode
    async def _async_invoke(self, arguments: Sequence[Any], autoescape: bool) -> str:
        text = await capture_async(self._environment.concat, self._func, *arguments)
        return _as_value(text) if autoescape else text


def _as_value(text: Any) -> Markup:
    """What an environment's ``concat`` has given, as HTML."""
    markup: Markup = text_as(Markup, text) if type(text) is str else Markup(text)
    return markup
