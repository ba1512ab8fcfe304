"""Everything that a template can call, and what Jinja2 hands over to it first."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from typing import Any, NoReturn

from jinja2 import Undefined, pass_context, pass_environment, pass_eval_context
from jinja2.nodes import EvalContext
from jinja2.runtime import Context
from jinja2.utils import _PassArg

from .agreement import Make


def told(*args: Any, **kwargs: Any) -> str:
    """What a callable was called with; the engine's own objects by what they are."""
    return f"<{[_named(value) for value in args]}{sorted(kwargs)}>"


def _named(value: Any) -> str:
    if isinstance(value, Context):
        seen = {name: value.get(name, "-") for name in ("v", "w", "a", "b")}
        return f"context {seen} {value.eval_ctx.autoescape}"
    if isinstance(value, EvalContext):
        return f"eval context {value.autoescape}"
    return "environment" if hasattr(value, "block_start_string") else repr(value)


PASSING: dict[str, Any] = {
    "context": pass_context(lambda *args, **kwargs: told(*args, **kwargs)),
    "eval context": pass_eval_context(lambda *args, **kwargs: told(*args, **kwargs)),
    "environment": pass_environment(lambda *args, **kwargs: told(*args, **kwargs)),
}


def having(value: Any, **attributes: Any) -> Any:
    for name, attribute in attributes.items():
        setattr(value, name, attribute)
    return value


def of_class(**members: Any) -> Any:
    """A class with these members."""
    return type("Made", (), members)


def called(self: object, *args: Any, **kwargs: Any) -> str:
    """A ``__call__`` of its own."""
    return "self " + told(*args, **kwargs)


class ByGetattr:
    """What it is to be passed is found by ``__getattr__``."""

    def __init__(self, passed: object) -> None:
        self._passed = passed

    def __getattr__(self, name: str) -> Any:
        if name == "jinja_pass_arg":
            return self._passed
        raise AttributeError(name)

    __call__ = called


class AnyAttribute:
    def __getattr__(self, name: str) -> str:
        return "anything"

    __call__ = called


class RaisingAttribute:
    def __getattr__(self, name: str) -> NoReturn:
        raise ValueError(name)

    __call__ = called


def _passing(name: str, function: Any) -> dict[str, Any]:
    """All the ways to make a callable that wants *function*'s first argument."""
    passed = function.jinja_pass_arg
    return {
        f"{name}: {way}": made
        for way, made in {
            "function": function,
            "partial": functools.partial(function),
            "wrapped partial": functools.update_wrapper(functools.partial(function), function),
            "wrapper": functools.wraps(function)(lambda *args, **kwargs: told(*args, **kwargs)),
            "static method": of_class(m=staticmethod(function))().m,
            "class method": of_class(m=classmethod(function)).m,
            "method": types.MethodType(function, "self"),
            "partial method": of_class(m=functools.partialmethod(function))().m,
            "__call__": of_class(__call__=function)(),
            "class of such": of_class(__call__=function),
            "static __call__": of_class(__call__=staticmethod(function))(),
            "__call__ of the instance": having(of_class(__call__=called)(), __call__=function),
            "class": of_class(__init__=called_once, __str__=str_of_call, jinja_pass_arg=passed),
            "mark on the instance": having(of_class(__call__=called)(), jinja_pass_arg=passed),
            "mark on the class": of_class(__call__=called, jinja_pass_arg=passed)(),
            "mark by getattr": ByGetattr(passed),
            "mark on a function": having(lambda *args: told(*args), jinja_pass_arg=passed),
        }.items()
    }


def called_once(self: Any, *args: Any) -> None:
    self.told = told(*args)


def str_of_call(self: Any) -> str:
    return str(self.told)


TELLING = {"__init__": called_once, "__str__": str_of_call}


class OfInstances:
    """A method that only instances have."""

    def __get__(self, instance: object, owner: type) -> Any:
        if instance is None:
            raise AttributeError("only of instances")
        return told


class AnsweringMeta(type):
    """Says for its classes what they are to be passed."""

    def __getattr__(cls, name: str) -> Any:
        if name == "jinja_pass_arg":
            return _PassArg.environment
        raise AttributeError(name)

    def __call__(cls, *args: Any, **kwargs: Any) -> str:
        return told(*args, **kwargs)


class Called(type):
    def __call__(cls, *args: Any, **kwargs: Any) -> str:
        return told(*args, **kwargs)


ERRORS = [
    *(StopIteration("s"), StopIteration(), ValueError("v"), TypeError("t"), AttributeError("a")),
    *(KeyError("k"), RuntimeError("r"), LookupError("l"), AssertionError("x")),
]


def raising(error: BaseException) -> Callable[..., NoReturn]:
    def function(*args: Any, **kwargs: Any) -> NoReturn:
        raise error.with_traceback(None)

    return function


CALLABLES: dict[str, Any] = {
    **{key: made for name, each in PASSING.items() for key, made in _passing(name, each).items()},
    "a function": lambda *args, **kwargs: told(*args, **kwargs),
    "no arguments": lambda: "<none>",
    "one argument": lambda a: a,
    "keywords alone": lambda *, a=1: a,
    "a name that calls use": lambda context=0, function=0, self=0: (context, function, self),
    "names of variables": lambda _loop_vars=0, _block_vars=0: (_loop_vars, _block_vars),
    "a mark of none": having(lambda *args: told(*args), jinja_pass_arg=None),
    "another mark": having(lambda *args: told(*args), jinja_pass_arg="context"),
    "a mark by value": having(lambda *args: told(*args), jinja_pass_arg=_PassArg.context.value),
    "any attribute": AnyAttribute(),
    "raising attributes": RaisingAttribute(),
    "a class": of_class(**TELLING),
    "a class whose __call__ is refused": of_class(**TELLING, __call__=OfInstances()),
    "a class whose __call__ has anything": of_class(**TELLING, __call__=AnyAttribute()),
    "a class whose __call__ raises": of_class(**TELLING, __call__=RaisingAttribute()),
    "a class without a __call__": of_class(**TELLING, __call__=None),
    "a class of a metaclass": AnsweringMeta("Made", (), {}),
    "a class of a metaclass's call": Called("Made", (), {}),
    "a generic class": list,
    "a generic alias": list[int],
    "a method": of_class(m=called)().m,
    "a built-in function": len,
    "a built-in method": "<{}>".format,
    "a dict's get": {1: "<one>"}.get,
    "a slot": "x".__add__,
    "a type": str,
    "an unbound method": str.upper,
    "a partial": functools.partial(told, 1, b=2),
    "a cached function": functools.lru_cache(lambda *args, **kwargs: told(*args, **kwargs)),
    "a generator function": (lambda *args: (each for each in "<g>")),
    "gives undefined": lambda *args, **kwargs: Undefined(name="u"),
    "none": None,
    "a number": 3,
    "a dict": {},
    "undefined": Undefined(name="f"),
    "unsafe": having(lambda *args: "unsafe", unsafe_callable=True),
    "alters data": having(lambda *args: "alters", alters_data=True),
    **{f"raises {error!r}": raising(error) for error in ERRORS},
    **{f"context, raises {error!r}": pass_context(raising(error)) for error in ERRORS},
    **{f"object, raises {error!r}": of_class(__call__=raising(error))() for error in ERRORS},
}

CONTEXTS: dict[str, Make] = {
    name: (lambda notes, f=f: {"f": f, "d": {"f": f}, "on": True, "v": "V", "b": "B"})  # type: ignore[misc]
    for name, f in CALLABLES.items()
}
