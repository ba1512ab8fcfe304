"""A small language of statements with its own interpreter: it says where each chunk is cut.

Every node knows its template source and what it does to a `Cutter`; `Render` is all that a
template sees. Nothing here looks at compiled templates. Texts have nothing to escape.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from .boundaries import Cutter

MACROS = ("m0", "m1", "m2")
IMPORTS = "{% from 'lib.html' import m0, m1, m2 %}{% import 'lib.html' as lib %}"


class BoomError(Exception):
    """What ``{{ boom() }}`` raises."""


class Continue(Exception):
    pass


class Break(Exception):
    pass


@dataclass(frozen=True)
class Template:
    body: Body
    parent: str | None = None

    def source(self) -> str:
        extends = f"{{% extends '{self.parent}' %}}" if self.parent else ""
        return extends + IMPORTS + show(self.body)

    def blocks(self) -> dict[str, Body]:
        return dict(found(self.body))


@dataclass(frozen=True)
class Render:
    """One render, as seen from one place in one template."""

    out: Cutter
    templates: Mapping[str, Template]
    macros: Mapping[str, Body]
    given: Mapping[str, Any]
    names: Mapping[str, Any]
    chains: Mapping[str, Sequence[Body]]
    block: tuple[str, int] = ("", 0)
    caller: tuple[Body, Render] | None = None
    again: RecursiveFor | None = None

    def get(self, name: str) -> Any:
        value: Any = self.names
        for part in name.split("."):
            value = value.get(part, "")
        return value

    def with_names(self, **names: Any) -> Render:
        return replace(self, names={**self.names, **names})

    def run_template(self, name: str) -> None:
        template, chains = self.templates[name], dict[str, list[Body]]()
        while True:
            for block, body in template.blocks().items():
                chains.setdefault(block, []).append(body)
            if template.parent is None:
                break
            template = self.templates[template.parent]
        run(template.body, replace(self, chains=chains, block=("", 0), again=None))

    def run_block(self, name: str, level: int) -> None:
        """A block sees what the render was given, no loop variables."""
        inner = replace(self, names=self.given, block=(name, level), caller=None, again=None)
        run(self.chains[name][level], inner)

    def run_macro(self, name: str, given: Any, caller: tuple[Body, Render] | None = None) -> None:
        inner = replace(self, names={"p": given}, given={}, caller=caller, again=None)
        run(self.macros[name], inner)


@dataclass(frozen=True)
class Words:
    text: str

    def source(self) -> str:
        return self.text

    def text_in(self, render: Render) -> str:
        return self.text


@dataclass(frozen=True)
class Show:
    name: str

    def source(self) -> str:
        return f"{{{{ {self.name} }}}}"

    def text_in(self, render: Render) -> str:
        return str(render.get(self.name))


@dataclass(frozen=True)
class PlainCall:
    """A call of something that is no macro: it does not end the run."""

    def source(self) -> str:
        return "{{ plain() }}"

    def text_in(self, render: Render) -> str:
        return "plain" if "plain" in render.names else "?"


@dataclass(frozen=True)
class Boom:
    def source(self) -> str:
        return "{{ boom() }}"

    def text_in(self, render: Render) -> str:
        raise BoomError("boom")


@dataclass(frozen=True)
class If:
    name: str
    body: Body
    otherwise: Body

    def source(self) -> str:
        shown = f"{{% else %}}{show(self.otherwise)}" if self.otherwise else ""
        return f"{{% if {self.name} %}}{show(self.body)}{shown}{{% endif %}}"

    def run(self, render: Render) -> None:
        run(self.body if render.get(self.name) else self.otherwise, render)
        render.out.boundary()


@dataclass(frozen=True)
class For:
    target: str
    items: str
    body: Body
    otherwise: Body

    def source(self) -> str:
        shown = f"{{% else %}}{show(self.otherwise)}" if self.otherwise else ""
        head = f"{{% for {self.target} in {self.items} %}}"
        return f"{head}{show(self.body)}{shown}{{% endfor %}}"

    def run(self, render: Render) -> None:
        completed = False
        for item in render.get(self.items):
            try:
                run(self.body, render.with_names(**{self.target: item}))
                completed = True
            except Continue:
                pass
            except Break:
                break
            render.out.boundary()
        if not completed:  # Jinja2's rule: an iteration that was left early does not count.
            run(self.otherwise, render)
        render.out.boundary()


@dataclass(frozen=True)
class RecursiveFor:
    target: str
    items: str
    body: Body

    def source(self) -> str:
        head = f"{{% for {self.target} in {self.items} recursive %}}"
        return f"{head}{show(self.body)}{{% endfor %}}"

    def run(self, render: Render) -> None:
        self.loop(render.get(self.items), render)
        render.out.boundary()

    def loop(self, items: Any, render: Render) -> None:
        for item in items:
            run(self.body, replace(render, again=self).with_names(**{self.target: item}))
            render.out.boundary()


@dataclass(frozen=True)
class LoopAgain:
    target: str

    def source(self) -> str:
        return f"{{{{ loop({self.target}.children) }}}}"

    def run(self, render: Render) -> None:
        assert render.again is not None
        render.again.loop(render.get(f"{self.target}.children"), render)
        render.out.boundary()


@dataclass(frozen=True)
class Leave:
    """``continue`` or ``break``."""

    how: type[Continue | Break]

    def source(self) -> str:
        return f"{{% {self.how.__name__.lower()} %}}"

    def run(self, render: Render) -> None:
        raise self.how


@dataclass(frozen=True)
class With:
    target: str
    text: str
    body: Body

    def source(self) -> str:
        return f"{{% with {self.target} = '{self.text}' %}}{show(self.body)}{{% endwith %}}"

    def run(self, render: Render) -> None:
        run(self.body, render.with_names(**{self.target: self.text}))
        render.out.boundary()


@dataclass(frozen=True)
class Include:
    name: str

    def source(self) -> str:
        return f"{{% include '{self.name}' %}}"

    def run(self, render: Render) -> None:
        replace(render, given=render.names, caller=None).run_template(self.name)
        render.out.boundary()


@dataclass(frozen=True)
class Block:
    name: str
    body: Body

    def source(self) -> str:
        return f"{{% block {self.name} %}}{show(self.body)}{{% endblock %}}"

    def run(self, render: Render) -> None:
        render.run_block(self.name, 0)
        render.out.boundary()


@dataclass(frozen=True)
class Super:
    def source(self) -> str:
        return "{{ super() }}"

    def run(self, render: Render) -> None:
        name, level = render.block
        render.run_block(name, level + 1)
        render.out.boundary()


@dataclass(frozen=True)
class SelfCall:
    name: str

    def source(self) -> str:
        return f"{{{{ self.{self.name}() }}}}"

    def run(self, render: Render) -> None:
        render.run_block(self.name, 0)
        render.out.boundary()


@dataclass(frozen=True)
class MacroCall:
    name: str
    given: str
    module: str = ""

    def source(self) -> str:
        return f"{{{{ {self.module}{self.name}({self.given}) }}}}"

    def run(self, render: Render) -> None:
        render.run_macro(self.name, render.get(self.given))
        render.out.boundary()


@dataclass(frozen=True)
class CallBlock:
    name: str
    given: str
    body: Body

    def source(self) -> str:
        return f"{{% call {self.name}({self.given}) %}}{show(self.body)}{{% endcall %}}"

    def run(self, render: Render) -> None:
        render.run_macro(self.name, render.get(self.given), (self.body, render))
        render.out.boundary()


@dataclass(frozen=True)
class Caller:
    """``caller()`` if there is one."""

    def source(self) -> str:
        return "{% if caller %}{{ caller() }}{% endif %}"

    def run(self, render: Render) -> None:
        if render.caller is not None:
            run(*render.caller)
            render.out.boundary()
        render.out.boundary()


Piece = Words | Show | PlainCall | Boom
Statement = (
    If | For | RecursiveFor | LoopAgain | Leave | With | Include | Block | Super | SelfCall
    | MacroCall | CallBlock | Caller
)  # fmt: skip
Node = Piece | Statement
Body = Sequence[Node]


def in_run(node: Node) -> bool:
    return isinstance(node, Piece)


def show(body: Body) -> str:
    return "".join(node.source() for node in body)


def found(body: Body) -> list[tuple[str, Body]]:
    """The blocks of a body, nested ones too."""
    blocks: list[tuple[str, Body]] = []
    for node in body:
        if isinstance(node, Block):
            blocks.append((node.name, node.body))
        for inner in ("body", "otherwise"):
            blocks += found(getattr(node, inner, ()))
    return blocks


def run(body: Body, render: Render) -> None:
    """A run is written whole, once all of it is known."""
    for of_run, nodes in groupby(body, in_run):
        if of_run:
            render.out.write("".join([node.text_in(render) for node in nodes]))  # type: ignore[union-attr]
            continue
        for node in nodes:
            node.run(render)  # type: ignore[union-attr]


def interpret(
    templates: Mapping[str, Template],
    macros: Mapping[str, Body],
    context: Mapping[str, Any],
    chunk_size: int,
) -> tuple[list[str], BoomError | None]:
    """The chunks of ``page.html``; those before the error if there is one."""
    out = Cutter(chunk_size)
    render = Render(out, templates, macros, context, context, {})
    try:
        render.run_template("page.html")
    except BoomError as error:
        return out.chunks, error
    return out.finish(), None


def library(macros: Mapping[str, Body]) -> str:
    return "".join(
        f"{{% macro {name}(p) %}}{show(body)}{{% endmacro %}}" for name, body in macros.items()
    )
