"""Environments that exist already, of whichever class, are turned into streaming ones."""

from __future__ import annotations

from functools import cache
from threading import RLock
from typing import TYPE_CHECKING, Any, cast

import jinja2

from .chunks.cuts import DEFAULT_CHUNK_SIZE, check_chunk_size
from .compiler import CodeGenerator, StreamCodeGenerator
from .compiler.tags import StreamExtension
from .environment import (
    Compiling,
    Streaming,
    StreamTemplate,
    cache_templates,
    checked_observer,
)
from .exceptions import NotStreamingError

if TYPE_CHECKING:
    from jinja2 import Environment

    from .observing import Observer


_enabling = RLock()
"""Held while an environment is turned into a streaming one: two threads may want the same."""


def enable_streaming(
    environment: Environment,
    *,
    chunk_size: int | None = None,
    observe: Observer | None = None,
) -> Environment:
    """Turn an existing Jinja2 environment into a streaming one, in place.

    Templates that the environment has loaded are compiled again when they are next asked of it.
    Doing it twice changes nothing.

    :param environment: any environment that compiles with Jinja2's own code generator.
    :param chunk_size: as in :class:`StreamEnvironment`; unless given, 16384 characters.
    :param observe: as in :class:`StreamEnvironment`.
    :return: the environment.
    :raises NotStreamingError: the environment renders native types, or has a code generator of
        somebody else's.
    """
    if not isinstance(environment, jinja2.Environment):
        raise NotStreamingError(f"expected a jinja2.Environment, not {environment!r}")
    size = None if chunk_size is None else check_chunk_size(chunk_size)
    checked_observer(observe)
    with _enabling:
        if not isinstance(environment, Streaming):
            _check_generator(environment)
            _enable(environment)
    if size is not None:
        environment.chunk_size = size  # type: ignore[attr-defined]
    if observe is not None:
        environment.observe = observe  # type: ignore[attr-defined]
    return environment


def _check_generator(environment: Environment) -> None:
    generator = environment.code_generator_class
    if generator is CodeGenerator:
        return
    from jinja2.nativetypes import NativeCodeGenerator  # noqa: PLC0415 - few have need of it

    if issubclass(generator, NativeCodeGenerator):
        raise NotStreamingError(
            f"{environment!r} renders native Python types, which are not text that could be"
            " streamed: use a jinja2.Environment or a streamtmpl.StreamEnvironment"
        )
    if not issubclass(generator, StreamCodeGenerator):
        raise NotStreamingError(
            f"{environment!r} compiles with {generator!r}: streaming needs a code generator of its"
            " own. Derive yours from streamtmpl.compiler.StreamCodeGenerator, or use a"
            " streamtmpl.StreamEnvironment for the templates that are to stream."
        )


def _enable(environment: Environment) -> None:
    """Give *environment* a class that is its own and a streaming one."""
    generator, template = environment.code_generator_class, environment.template_class
    # What the instance itself had set would hide what the new class brings.
    for name in ("code_generator_class", "template_class"):
        environment.__dict__.pop(name, None)
    cache = environment.bytecode_cache
    kinds: tuple[Any, ...] = (type(environment), generator, template)
    environment.__class__ = _streaming_environment(*kinds)
    environment.bytecode_cache = cache
    environment.chunk_size = DEFAULT_CHUNK_SIZE  # type: ignore[attr-defined]
    environment.add_extension(StreamExtension)
    if environment.cache is not None:
        environment.cache.clear()
        cache_templates(environment)


@cache
def _streaming_environment(kind: Any, generator: Any, template: Any) -> type[Environment]:
    """The streaming class for environments of class *kind*; what they have set themselves stays."""

    def reduce(self: Environment, protocol: int) -> tuple[Any, ...]:
        return _revive, (kind, generator, template), self.__dict__

    members: dict[str, Any] = {
        "__reduce_ex__": reduce,
        "__doc__": kind.__doc__,
        "__module__": kind.__module__,
        "template_class": _streaming_template(template),
    }
    if issubclass(generator, StreamCodeGenerator):
        members["code_generator_class"] = generator
    theirs = kind.__mro__[: kind.__mro__.index(jinja2.Environment)]
    return type(kind.__name__, (Streaming, *theirs, Compiling), members)


def _revive(kind: Any, generator: Any, template: Any) -> Environment:
    """An empty environment of the class, for unpickling."""
    made = _streaming_environment(kind, generator, template)
    return made.__new__(made)


@cache
def _streaming_template(template_class: Any) -> type[jinja2.Template]:
    """The template class of an environment, with our methods below its own."""
    if template_class is jinja2.Template or issubclass(template_class, StreamTemplate):
        return StreamTemplate if template_class is jinja2.Template else cast("Any", template_class)
    return type(template_class.__name__, (template_class, StreamTemplate), {})
