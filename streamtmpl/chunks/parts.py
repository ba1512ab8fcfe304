"""Parts: single blocks of a page, rendered where the page comes to them, and nothing else of it.

The page runs without its output: it sets the variables and imports what its blocks may read. Where
a block would stand it calls :class:`Parts`, which renders the block if it is one that is asked for.
The page is left as soon as the last one has been rendered.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, NoReturn

from jinja2 import TemplateRuntimeError
from jinja2.utils import internalcode

from streamtmpl.exceptions import NotStreamingError, UnknownBlockError

from .compiled import async_into, into
from .cuts import cut

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator, Iterator

    from jinja2 import Template
    from jinja2.runtime import Context

    from .buffer import Buffer


class _Complete(BaseException):
    """The last part has been rendered: the rest of the page need not run."""


class Parts:
    """The blocks that are still to be rendered, in order, and where the page has come to them."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._left = list(names)
        self._reached: dict[str, Context] = {}
        self._left_out: dict[str, Context] = {}
        self._checked = False

    def _reach(self, names: tuple[str, ...], context: Context) -> None:
        """The page is where the blocks *names* stand, which would be rendered with *context*."""
        self._reached |= dict.fromkeys(self._new_of(names, context), context)

    def passed(self, names: tuple[str, ...], context: Context) -> None:
        """The page has passed a condition with the blocks *names*, which may not have held."""
        for name in self._new_of(names, context):
            self._left_out.setdefault(name, _snapshot(context))

    def _new_of(self, names: tuple[str, ...], context: Context) -> list[str]:
        """What is asked for, has not been reached yet, and is rendered where *names* are."""
        return [
            name
            for name in self._left
            if name not in self._reached and not self._around(name, context).isdisjoint(names)
        ]

    def _around(self, name: str, context: Context) -> set[str]:
        """The block itself, and those that it is rendered within in the page."""
        found: set[str] = set()
        to_do = {name}
        while to_do:
            found.add(each := to_do.pop())
            for function in context.blocks.get(each, ()):
                around = getattr(function, "within", each)
                if around not in found and _is_reached(around, function, context):
                    to_do.add(around)
        return found

    def _due(self, context: Context) -> Iterator[tuple[Any, Context]]:
        """The blocks whose turn it is, each as its function and its context.

        :raises UnknownBlockError: the page does not have all that are asked for.
        :raises _Complete: there are no more.
        """
        while self._left[0] in self._reached:
            if not self._checked:
                self._check(context)
            name = self._left.pop(0)
            yield _function_of(name, context), self._reached[name]
            if not self._left:
                raise _Complete
        for name in {*self._left} & self._reached.keys():
            if self._reached[name] is context:  # whose variables may be others when its turn comes
                self._reached[name] = _snapshot(context)

    def _check(self, context: Context) -> None:
        self._checked = True
        for name in self._left:
            if not context.blocks.get(name):
                raise unknown_block("block", name, context)

    def _rest(self, context: Context) -> Iterator[tuple[Any, Context]]:
        """The blocks that stand nowhere in the page: where they were left out, or at its end."""
        for name in self._left:
            self._reached.setdefault(name, self._left_out.get(name, context))
        yield from self._due(context)


class SyncParts(Parts):
    """The parts of a page of a sync environment."""

    @internalcode
    def __call__(
        self, names: tuple[str, ...], context: Context, out: Buffer
    ) -> Generator[None, None, None]:
        """The page is where the blocks *names* stand: render those of them whose turn it is."""
        self._reach(names, context)
        yield from self._render(self._due(context), out)

    @internalcode
    def _render(
        self, due: Iterator[tuple[Any, Context]], out: Buffer
    ) -> Generator[None, None, None]:
        for function, context in due:
            yield from into(function)(context, out)
            if out.tell() > out.limit:
                yield

    @internalcode
    def extend(
        self, parent: Template, context: Context, out: Buffer
    ) -> Generator[None, None, None]:
        """Run the template that the page extends."""
        if (body := _body_with_parts(parent)) is not None:
            yield from body(context, out, parts=self)

    @internalcode
    def over(
        self, template: Template, context: Context, out: Buffer
    ) -> Generator[None, None, None]:
        """The steps of rendering the parts of *template*.

        :raises UnknownBlockError: it does not have all of them.
        """
        try:
            yield from self.extend(template, context, out)
            yield from self._render(self._rest(context), out)
        except _Complete:
            pass


class AsyncParts(Parts):
    """The parts of a page of an async environment: as :class:`SyncParts`."""

    @internalcode
    async def __call__(self, names: tuple[str, ...], context: Context, out: Buffer) -> None:
        self._reach(names, context)
        await self._render(self._due(context), out)

    @internalcode
    async def _render(self, due: Iterator[tuple[Any, Context]], out: Buffer) -> None:
        for function, context in due:
            await async_into(function)(context, out)
            if out.tell() > out.limit:
                await cut()

    @internalcode
    async def extend(self, parent: Template, context: Context, out: Buffer) -> None:
        """Run the template that the page extends."""
        if (body := _body_with_parts(parent)) is not None:
            await body(context, out, parts=self)

    @internalcode
    async def over(self, template: Template, context: Context, out: Buffer) -> None:
        """Render the parts of *template*.

        :raises UnknownBlockError: it does not have all of them.
        """
        try:
            await self.extend(template, context, out)
            await self._render(self._rest(context), out)
        except _Complete:
            pass


def parts_of_page(
    names: tuple[str, ...], template: Template, context: Context, out: Buffer
) -> Generator[None, None, None] | Coroutine[Any, Any, None]:
    """Begin to render the blocks *names* of *template* into *out*."""
    kind: Any = AsyncParts if template.environment.is_async else SyncParts
    steps: Generator[None, None, None] | Coroutine[Any, Any, None]
    steps = kind(names).over(template, context, out)
    return steps


def unknown_block(argument: str, name: str, context: Context) -> UnknownBlockError:
    """The error for an *argument* that is the *name* of no block of the page."""
    page = repr(context.name) if context.name else "the template"
    known = sorted(repr(each) for each, functions in context.blocks.items() if functions)
    return UnknownBlockError(
        f"{argument}={name!r}: {page} has no such block. It has {', '.join(known) or 'no blocks'}."
    )


def _body_with_parts(template: Template) -> Callable[..., Any] | None:
    """The compiled root of *template*; ``None``: it has no blocks, and extends nothing."""
    root: Any = template.root_render_func
    if not hasattr(root, "into"):
        raise NotStreamingError(
            f"{template!r} was compiled by jinja2 and cannot give single blocks. Load it from a"
            " streamtmpl.StreamEnvironment, as the template that extends it."
        )
    return root.into if getattr(root, "has_parts", False) else None


def _function_of(name: str, context: Context) -> Any:
    """What renders the block *name*: the most derived of its functions."""
    functions = context.blocks[name]
    line = getattr(functions[0], "required", None)
    if len(functions) == 1 and line is not None:
        _fail_required(name, context, line)
    return functions[0]


def _fail_required(name: str, context: Context, line: int) -> NoReturn:
    page = repr(context.name) if context.name else "the template"
    raise TemplateRuntimeError(
        f"Required block {name!r} not found: line {line} declares it, and {page} does not have it"
    )


def _is_reached(name: str, inner: Any, context: Context) -> bool:
    """Whether the block *name* of the template that *inner* is a block of is rendered.

    It is not where another template overrides it without ``super()``.
    """
    for function in context.blocks[name]:
        if _module_of(function) is _module_of(inner):
            return True
        if not getattr(function, "calls_super", False):
            return False
    return False


def _module_of(block: Any) -> dict[str, Any]:
    """The names of the generated module that a block's function is in."""
    names: dict[str, Any] = into(block).__globals__
    return names


def _snapshot(context: Context) -> Context:
    """*context* as it is at present."""
    made = context.derived()
    made.eval_ctx = copy(context.eval_ctx)
    return made
