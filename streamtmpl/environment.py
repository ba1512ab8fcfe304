"""Environments and templates that stream: drop-ins for Jinja2's own."""

from __future__ import annotations

from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import jinja2
from jinja2 import Template
from jinja2.utils import LRUCache, internalcode, missing

from .chunks.buffer import Buffer
from .chunks.cuts import DEFAULT_CHUNK_SIZE, check_chunk_size
from .chunks.options import IN_ORDER, Block
from .compiler import CodeGenerator, StreamCodeGenerator
from .compiler.generated import compile_generated
from .compiler.tags import StreamExtension
from .context import has_globals_of, new_context
from .rendering import begin_root, render_stream, render_stream_async, streams
from .tracing import GENERATE, RENDER, RENDER_ASYNC, method_of, seen, shown

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, MutableMapping
    from types import CodeType

    from jinja2 import Environment, nodes
    from jinja2.bccache import BytecodeCache
    from jinja2.environment import TemplateModule
    from jinja2.runtime import Context
    from typing_extensions import Self

    from .observing import Observer


CONCAT = jinja2.Environment.concat
"""What joins the text, unless an environment has something else."""


class StreamTemplate(jinja2.Template):
    """A template that streams. Its methods are Jinja2's; ``generate()`` yields our chunks."""

    @classmethod
    def from_code(
        cls,
        environment: Environment,
        code: CodeType,
        globals: MutableMapping[str, Any],
        uptodate: Callable[[], bool] | None = None,
    ) -> Self:
        """Make a template of compiled code, as Jinja2's loaders do."""
        namespace = {"environment": environment, "__file__": code.co_filename}
        exec(code, namespace)
        template: Any = cls._from_namespace(environment, namespace, globals)
        template._uptodate = uptodate
        template._code = code  # its source is registered for as long as it lives
        return cast("Self", template)

    new_context = new_context

    is_seen = False
    """Whether a tool that wraps Jinja2's methods is seeing this render already."""

    @internalcode
    def _get_default_module(self, ctx: Context | None = None) -> TemplateModule:
        """The module that ``import`` gives, without comparing the names of equal globals."""
        if self._module is None or self.environment.is_async or not has_globals_of(self, ctx):
            return super()._get_default_module(ctx)
        return self._module

    @internalcode
    async def _get_default_module_async(self, ctx: Context | None = None) -> TemplateModule:
        """The module that ``import`` gives in an async environment."""
        if self._module is None or not has_globals_of(self, ctx):
            return await super()._get_default_module_async(ctx)
        return self._module

    @internalcode
    def render(self, *args: Any, **kwargs: Any) -> str:
        """Render the whole template; takes what ``dict()`` takes and returns the text."""
        environment, body = self.environment, getattr(self.root_render_func, "into", None)
        if (
            body is None
            or environment.is_async
            or environment.concat is not CONCAT  # another one must see what it joins
            or Template.render is not RENDER
        ):
            return self._render_as_jinja2(dict(*args, **kwargs))
        variables = dict(*args, **kwargs)
        out = Buffer()
        try:
            for _ in begin_root(self, variables, out):
                pass
        except Exception:  # noqa: BLE001 - raised anew with the template's lines
            environment.handle_exception()
        return out.getvalue()

    @internalcode
    def _render_as_jinja2(self, variables: dict[str, Any]) -> str:
        # In an async environment it calls render_async(), which is not to be seen once more.
        twice = self.environment.is_async and Template.render is not RENDER
        text: str = method_of(seen(self) if twice else self, "render")(variables)
        return text

    @internalcode
    async def render_async(self, *args: Any, **kwargs: Any) -> str:
        """Render the whole template of an async environment.

        :raises RuntimeError: the environment is not async.
        """
        environment, body = self.environment, getattr(self.root_render_func, "into", None)
        if body is None or not environment.is_async or environment.concat is not CONCAT:
            return await super().render_async(*args, **kwargs)
        if Template.render_async is not RENDER_ASYNC and not self.is_seen:
            return await self._show_render_async(dict(*args, **kwargs))
        variables = dict(*args, **kwargs)
        out = Buffer()
        out.defers = IN_ORDER
        try:
            await begin_root(self, variables, out)
            if out.deferral is not None:
                await out.deferral.rest()
        except Exception:  # noqa: BLE001 - raised anew with the template's lines
            environment.handle_exception()
        finally:
            if out.deferral is not None:
                await out.deferral.aclose()
        return out.getvalue()

    @internalcode
    async def _show_render_async(self, variables: dict[str, Any]) -> str:
        """Render where tools that wrap ``render_async()`` see it."""

        async def pieces(context: Context) -> AsyncIterator[str]:
            yield await seen(self).render_async(variables)

        text: str = await shown("render_async", self, variables, pieces)
        return text

    @internalcode
    def generate(self, *args: Any, **kwargs: Any) -> Iterator[str]:
        """Render piece by piece: the chunks of :func:`~streamtmpl.render_stream`.

        A template of an async environment streams as well, in an event loop of its own.

        :raises RuntimeError: the environment is async and an event loop is running.
        """
        if not streams(self):
            yield from super().generate(*args, **kwargs)
        elif self.environment.is_async:
            variables = dict(*args, **kwargs)
            if Template.generate is GENERATE:
                yield from _iterate(self, variables)
            else:
                chunks = partial(_iterate, seen(self), variables)
                yield from shown("generate", self, variables, lambda context: chunks())
        else:
            with render_stream(self, dict(*args, **kwargs), deferred="in-order") as stream:
                yield from stream

    @internalcode
    async def generate_async(self, *args: Any, **kwargs: Any) -> AsyncGenerator[str, object]:
        """Render piece by piece: the chunks of :func:`~streamtmpl.render_stream_async`.

        :raises RuntimeError: the environment is not async.
        """
        if self.environment.is_async and streams(self):
            variables = dict(*args, **kwargs)
            chunks: Any = render_stream_async(self, variables, deferred="in-order")
        else:
            chunks = super().generate_async(*args, **kwargs)
        async with aclosing(chunks):
            async for chunk in chunks:
                yield chunk

    @internalcode
    def render_block(self, block: Block, /, *args: Any, **kwargs: Any) -> str:
        """Render one block of the page, or several in a tuple, and return the text.

        The block is as it is in the whole page. The other arguments are those of `render()`.

        :raises NotStreamingError: the template does not stream.
        :raises UnknownBlockError: the page has no such block.
        :raises RuntimeError: the environment is async and an event loop is running.
        """
        variables = dict(*args, **kwargs)
        if self.environment.is_async and streams(self):
            return self.environment.concat(_iterate(self, variables, block))
        with render_stream(self, variables, deferred="in-order", block=block) as stream:
            return self.environment.concat(stream)

    @internalcode
    async def render_block_async(self, block: Block, /, *args: Any, **kwargs: Any) -> str:
        """Render one block, or several, of a template of an async environment.

        As :meth:`render_block`.

        :raises RuntimeError: the environment is not async.
        """
        if not self.environment.is_async:
            raise RuntimeError(
                f"{self!r} belongs to an environment that is not async: call render_block()"
            )
        chunks = render_stream_async(self, dict(*args, **kwargs), deferred="in-order", block=block)
        async with aclosing(chunks):
            return self.environment.concat([chunk async for chunk in chunks])


def _iterate(
    template: Template, variables: dict[str, Any], block: Block | None = None
) -> Iterator[str]:
    """The chunks of a template of an async environment, for synchronous code."""
    from .chunks.blocking import iterate  # noqa: PLC0415 - asyncio is for those who use it

    return iterate(render_stream_async(template, variables, deferred="in-order", block=block))


KEEP_ALIVE = 15.0
LOST_TEXT = "This part did not arrive."


class TemplateCache(LRUCache):
    """Jinja2's cache of templates, which looks for a template's place in the order of use.

    That order is for whom to drop from a full cache: until it is half full, nobody needs it.
    """

    def get(self, key: Any, default: Any = None) -> Any:
        """The template, if it is there."""
        templates = self._mapping
        if 2 * len(templates) < self.capacity:
            return templates.get(key, default)
        return super().get(key, default)


def cache_templates(environment: Environment) -> None:
    """Give *environment* an empty cache of ours in the place of Jinja2's."""
    cache: Any = environment.cache
    if type(cache) is LRUCache:
        cache = TemplateCache(cache.capacity)
    environment.cache = cache


class Compiling(jinja2.Environment):
    """What streaming environments have unless their class has something of the same name."""

    max_deferred: int = 10
    """How many deferred regions of a stream may be rendered at once, 1 or more."""
    patch_script: str | None = "inline"
    """How the script for browsers that do not patch by themselves is brought: ``"inline"``, by the
    URL it is served at, or not at all (``None``)."""
    keep_alive: float = KEEP_ALIVE
    """The seconds after which a line break goes out while nothing but regions is waited for."""
    lost_text: str = LOST_TEXT
    """What is shown in the place of a region that does not come."""
    observe: Observer | None = None
    """What is called with the events of each stream."""
    server_timing: bool = False
    """Whether responses say in ``Server-Timing`` what their first chunk has waited for."""

    def _compile(self, source: str, filename: str) -> CodeType:
        return compile_generated(source, filename)


class Streaming(Compiling):
    """What streaming environments have beyond Jinja2's."""

    code_generator_class: type[CodeGenerator] = StreamCodeGenerator
    template_class: type[jinja2.Template] = StreamTemplate

    chunk_size: int
    """Characters that must have collected before a boundary cuts a chunk."""

    def __init__(
        self,
        *args: Any,
        chunk_size: int = DEFAULT_CHUNK_SIZE,
        max_deferred: int = 10,
        patch_script: str | None = "inline",
        keep_alive: float = KEEP_ALIVE,
        lost_text: str = LOST_TEXT,
        observe: Observer | None = None,
        server_timing: bool = False,
        **kwargs: Any,
    ) -> None:
        self.chunk_size = check_chunk_size(chunk_size)
        self.observe = checked_observer(observe)
        self.server_timing = server_timing
        self.max_deferred = max_deferred
        self.patch_script = patch_script
        self.keep_alive = keep_alive
        self.lost_text = lost_text
        super().__init__(*args, **kwargs)
        cache_templates(self)
        self.add_extension(StreamExtension)

    @property
    def bytecode_cache(self) -> BytecodeCache | None:
        """The bytecode cache, in which a plain Jinja2 environment may keep its code as well."""
        return self.__dict__.get("bytecode_cache")

    @bytecode_cache.setter
    def bytecode_cache(self, cache: BytecodeCache | None) -> None:
        if cache is not None:
            from .compiler.bytecode import (  # noqa: PLC0415 - most environments have no such cache
                salted,
            )

            cache = salted(cache)
        self.__dict__["bytecode_cache"] = cache

    def from_string(
        self,
        source: str | nodes.Template,
        globals: MutableMapping[str, Any] | None = None,
        template_class: type[Template] | None = None,
    ) -> Template:
        """A template of *source*, which it keeps for whoever explains it."""
        template = super().from_string(source, globals, template_class)
        if isinstance(source, str):
            template._source = source  # type: ignore[attr-defined]
        return template

    def overlay(
        self,
        *args: Any,
        chunk_size: int = missing,
        observe: Observer | None = missing,
        **kwargs: Any,
    ) -> Self:
        """An environment that shares this one's data, as Jinja2's :meth:`overlay` makes it."""
        overlay = super().overlay(*args, **kwargs)
        cache_templates(overlay)
        if chunk_size is not missing:
            overlay.chunk_size = check_chunk_size(chunk_size)
        if observe is not missing:
            overlay.observe = checked_observer(observe)
        return overlay


def checked_observer(observe: Observer | None) -> Observer | None:
    """*observe*, if it can be called with events."""
    if observe is not None:
        from .observing import check_observer  # noqa: PLC0415 - few environments

        check_observer(observe)
    return observe


class StreamEnvironment(Streaming):
    """A :class:`jinja2.Environment` whose templates stream.

    Takes Jinja2's arguments, and

    - *chunk_size*: the characters that must have collected before a boundary cuts a chunk (0: every
      boundary cuts);
    - *max_deferred*: how many deferred regions of a stream may be rendered at once, 1 or more;
    - *patch_script*: how the script for browsers that do not patch by themselves is brought:
      ``"inline"``, by the URL it is served at, or not at all (``None``);
    - *keep_alive*: the seconds after which a line break goes out while nothing but regions is
      waited for, so that no proxy takes the connection for dead; 0: none does;
    - *lost_text*: what is shown in the place of a region that does not come, since the connection
      was cut. It may be lazy: it is made a ``str`` for each page;
    - *observe*: a function that is called with the events of each stream, those of
      :mod:`streamtmpl.observing`;
    - *server_timing*: whether responses say in a header ``Server-Timing`` how long their first
      chunk has taken, and what it has waited for.

    They are attributes as well, which a streaming environment of any kind has.
    """

    if TYPE_CHECKING:  # what is inherited, whose templates are ours

        def get_template(
            self,
            name: str | Template,
            parent: str | None = None,
            globals: MutableMapping[str, Any] | None = None,
        ) -> StreamTemplate: ...
        def from_string(
            self,
            source: str | nodes.Template,
            globals: MutableMapping[str, Any] | None = None,
            template_class: type[Template] | None = None,
        ) -> StreamTemplate: ...


StreamTemplate.environment_class = StreamEnvironment
