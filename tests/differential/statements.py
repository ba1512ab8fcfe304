"""Random statements and bodies of them.

Left out, because streamtmpl means to differ there: ``include ... without context`` inside a macro,
a call, a ``filter`` or ``set`` block or a recursive loop, where Jinja2's sync code loses the text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from .dice import Dice
from .expressions import Names, captured, expression
from .syntax import Body, Node, Note, Raw, Section, Streamed, Tag, Text, Value

TEXTS = (
    "a", "b ", "\n", " ", "<p>", "</p>\n", "text & more", "&amp;", "\"q\" 'q'", "\n  \n\t", " { ",
    " % ", "%s", "100%", "{x}", "\\n\\", "'''", '"""', "\u00e9\U0001f600", " # ", "x" * 40, "\r\n",
    "{0}", "\u2028",
)  # fmt: skip
TRANS_TEXTS = ("word ", "100% ", "<b>", "\n  line\n", "%s", "{0}", "\u00e9")
SAFE_FILTERS = ("upper", "trim", "e", "indent", "replace('w', 's')", "upper|trim", "safe", "center")
FREE_FILTERS = (*SAFE_FILTERS, "title", "striptags", "replace('w', s0)", "urlize")
EXTRA = ("extra=1", "*l0", "**{'k': 1}")
BLOCKS = ("head", "body", "foot", "side")


@dataclass(frozen=True)
class Macro:
    """How a macro is called, what it takes, and whether it asks for a caller."""

    name: str
    parameters: tuple[str, ...] = ()
    caller: bool = False


@dataclass
class Scope:
    """What a statement may use where it stands."""

    names: Names = field(default_factory=Names)
    macros: list[Macro] = field(default_factory=list)
    parts: tuple[str, ...] = ()
    imports: bool = True
    rank: int = -1
    top: bool = False
    control: bool = False
    recursive: bool = False
    buffered: bool = False
    macro: bool = False
    inherits: bool = False

    def inner(self, **changes: object) -> Scope:
        names = replace(self.names, plain=[*self.names.plain], captured=[*self.names.captured])
        changed: Scope = replace(self, names=names, macros=[*self.macros], **changes)  # type: ignore[arg-type]
        return replace(changed, top=False)

    def function(self) -> Scope:
        """The scope of a macro's or a call's body."""
        return self.inner(control=False, recursive=False, buffered=True)


Write = Callable[[Scope], list[Node]]


class Author:
    """Writes the bodies of one template. `marks`: captured texts stay as they are."""

    def __init__(self, dice: Dice, *, marks: bool, budget: int) -> None:
        self.dice = dice
        self.marks = marks
        self.budget = budget
        self.blocks: set[str] = set()
        self.child = False
        self.count = 0

    def new(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def pick(self, *options: str) -> str:
        return self.dice.pick(options)

    def trim(self) -> str:
        return self.pick("", "", "", "", "-", "+") if self.dice.chance(30) else ""

    def expr(self, scope: Scope, kind: str = "text") -> str:
        return expression(self.dice, scope.names, kind)

    def text(self) -> Text:
        return Text(self.dice.pick(TEXTS))

    def value(self, scope: Scope) -> Value:
        if scope.names.captured and self.dice.chance(30):
            return Value(captured(self.dice, scope.names))
        if scope.macros and not self.marks and self.dice.chance(15):
            call = self.call_of(self.dice.pick(scope.macros), scope)
            return Value(call + self.pick("|upper", "|length", " ~ s0", "|safe", " if b0"))
        left = "-" if self.dice.chance(6) else ""
        return Value(self.expr(scope), left, "-" if self.dice.chance(6) else "")

    def tag(self, statement: str) -> Tag:
        return Tag(statement, self.trim(), self.trim())

    def section(self, *branches: tuple[str, Body], end: str, captured: bool = False) -> Section:
        return Section(branches, end, captured, self.trim(), self.trim())

    def body(self, scope: Scope, most: int = 4, least: int = 1) -> list[Node]:
        nodes: list[Node] = []
        for _ in range(self.dice.number(least, most)):
            nodes += self.piece(scope)
        return nodes

    def piece(self, scope: Scope) -> list[Node]:
        self.budget -= 1
        kind = self.dice.number(0, 9)
        if self.budget <= 0 or kind < 3:
            return [self.text()]
        if kind < 5:
            return [self.value(scope)]
        statement = self.dice.pick(self.statements(scope))
        return statement(scope)

    def statements(self, scope: Scope) -> list[Write]:
        always: list[Write] = [
            self.if_, self.for_, self.set_, self.with_, self.set_block, self.filter_, self.trans,
            self.macro, self.autoescape, self.namespace, self.recursive_for, self.comment, self.do,
            self.recursive_macro, self.for_, self.for_,
        ]  # fmt: skip
        some: list[tuple[object, list[Write]]] = [
            (scope.top, [self.debug]),
            (scope.macros, [self.call, self.streamed, self.streamed, self.streamed]),
            (scope.parts, [self.include]),
            (scope.imports, [self.import_]),
            (scope.control, [self.control]),
            (scope.recursive, [self.loop_call]),
            (scope.macro, [self.arguments, self.caller]),
            (scope.inherits, [self.super_, self.super_]),
            (not scope.macro and self.free_blocks(scope), [self.block, self.block]),
            (scope.rank < len(BLOCKS) - 1 and not scope.macro, [self.self_call]),
        ]
        return always + [method for wanted, methods in some if wanted for method in methods]

    # Statements that are always possible.

    def comment(self, scope: Scope) -> list[Node]:
        notes: list[Node] = [Note("note"), Raw(" {x} "), Note("a\nb")]
        return [self.dice.pick(notes)]

    def debug(self, scope: Scope) -> list[Node]:
        # At the top only: elsewhere it may print `loop`, which async Jinja2 cannot without warning.
        return [Tag("debug")]

    def if_(self, scope: Scope) -> list[Node]:
        branches = [("if " + self.expr(scope, "test"), self.body(scope.inner(), 3))]
        if self.dice.chance(20):
            branches.append(("elif " + self.expr(scope, "test"), self.body(scope.inner(), 2)))
        if self.dice.chance(40):
            branches.append(("else", self.body(scope.inner(), 2)))
        return [self.section(*branches, end="endif")]

    def target(self, inner: Scope) -> tuple[str, str]:
        """A loop's target and what it goes over."""
        one, two = self.new("x"), self.new("y")
        pairs = self.dice.chance(25)
        inner.names.plain += [one, two] if pairs else [one, f"{one}.name"]
        if pairs:
            return f"{one}, {two}", self.pick("pairs", "d0.items()", "rows|groupby('kind')")
        return one, ""

    def for_(self, scope: Scope) -> list[Node]:
        inner = scope.inner(control=True, recursive=False)
        target, source = self.target(inner)
        inner.names.loop = True
        source = source or self.pick("rows", "l0", self.expr(scope, "lazy"))
        head = f"for {target} in {source}"
        if self.dice.chance(20):
            inner.names.loop = False
            head += " if " + self.expr(inner, "test")
            inner.names.loop = True
        branches = [(head, self.body(inner, 4))]
        if self.dice.chance(20):
            branches.append(("else", self.body(scope.inner(), 2)))
        return [self.section(*branches, end="endfor")]

    def recursive_for(self, scope: Scope) -> list[Node]:
        inner = scope.inner(control=True, recursive=True, buffered=True)
        name = self.new("x")
        inner.names.plain += [f"{name}.name"]
        inner.names.loop = True
        again = Section(((f"if {name}.children", [Streamed(f"loop({name}.children)")]),), "endif")
        body = [*self.body(inner, 2), again, *self.body(inner, 2)]
        branches: list[tuple[str, Body]] = [(f"for {name} in tree recursive", body)]
        if self.dice.chance(20):
            outer = scope.inner(buffered=True, control=False)
            branches.append(("else", self.body(outer, 2)))
        return [self.section(*branches, end="endfor")]

    def set_(self, scope: Scope) -> list[Node]:
        name = self.new("v")
        value = self.expr(scope, self.pick("text", "number", "any"))
        if scope.macros and self.dice.chance(30):
            value = self.call_of(self.dice.pick(scope.macros), scope)
            scope.names.captured.append(name)
        else:
            scope.names.plain.append(name)
        return [self.tag(f"set {name} = {value}")]

    def set_block(self, scope: Scope) -> list[Node]:
        name = self.new("c")
        inner = scope.inner(buffered=True)
        body = self.body(inner, 3)
        filters = "|" + self.dice.pick(SAFE_FILTERS) if self.dice.chance(30) else ""
        scope.names.captured.append(name)
        return [self.section((f"set {name}{filters}", body), end="endset", captured=True)]

    def with_(self, scope: Scope) -> list[Node]:
        inner = scope.inner()
        one, two = self.new("w"), self.new("w")
        inner.names.plain += [one, two]
        head = f"with {one} = {self.expr(scope)}, {two} = {self.expr(scope, 'any')}"
        if self.dice.chance(20):
            head = "with"
        return [self.section((head, self.body(inner, 3)), end="endwith")]

    def autoescape(self, scope: Scope) -> list[Node]:
        switch = self.pick("true", "false", "b0", "not b1")
        body = self.body(scope.inner(), 3)
        return [self.section((f"autoescape {switch}", body), end="endautoescape")]

    def filter_(self, scope: Scope) -> list[Node]:
        name = self.dice.pick(SAFE_FILTERS if self.marks else FREE_FILTERS)
        body = self.body(scope.inner(buffered=True), 3)
        return [self.section((f"filter {name}", body), end="endfilter", captured=True)]

    def namespace(self, scope: Scope) -> list[Node]:
        name = self.new("ns")
        scope.names.plain.append(f"{name}.v")
        nodes: list[Node] = [self.tag(f"set {name} = namespace(v={self.expr(scope)})")]
        inner = scope.inner(control=True)
        inner.names.loop = True
        change = Tag(f"set {name}.v = {self.expr(inner)}")
        body = [change, *self.body(inner, 2)]
        return [*nodes, self.section((f"for i in {self.pick('l0', 'xs')}", body), end="endfor")]

    def trans(self, scope: Scope) -> list[Node]:
        one, count = self.expr(scope), self.pick("n0", "l0|length", "tick()")
        around = [Text(self.dice.pick(TRANS_TEXTS)) for _ in range(2)]
        body: list[Node] = [around[0], Value("one"), around[1]]
        trimmed = self.pick("", " trimmed")
        if self.dice.chance(50):
            head = f"trans{trimmed} one={one}"
            return [self.section((head, body), end="endtrans", captured=True)]
        head = f"trans{trimmed} count={count}, one={one}"
        plural: list[Node] = [Value("count"), around[0], Value("one")]
        return [self.section((head, body), ("pluralize", plural), end="endtrans", captured=True)]

    def do(self, scope: Scope) -> list[Node]:
        return [self.tag(f"do acc.append({self.expr(scope)})")]

    # Macros and what calls them.

    def parameters(self, scope: Scope, inner: Scope) -> tuple[tuple[str, ...], str]:
        plain = [self.new("p") for _ in range(self.dice.number(0, 2))]
        defaults = [self.new("p") for _ in range(self.dice.number(0, 2))]
        inner.names.plain += plain + defaults
        shown = plain + [f"{name}={self.expr(scope)}" for name in defaults]
        return (*plain, *defaults), ", ".join(shown)

    def macro(self, scope: Scope) -> list[Node]:
        inner = scope.function().inner(macro=True, inherits=False)
        inner.names.loop = False
        name = self.new("m")
        parameters, shown = self.parameters(scope, inner)
        asks = self.dice.chance(50)
        body = self.body(inner, 3)
        if asks:
            body += [Section((("if caller", [Streamed("caller('c')")]),), "endif")]
        scope.macros.append(Macro(name, parameters, asks))
        return [self.section((f"macro {name}({shown})", body), end="endmacro")]

    def recursive_macro(self, scope: Scope) -> list[Node]:
        inner = scope.function().inner(macro=True, inherits=False)
        inner.names.loop = False
        inner.names.plain.append("n")
        name = self.new("m")
        test = "if n is number and n > 0 and n < 4"
        again = Section(((test, [Streamed(f"{name}(n - 1)")]),), "endif")
        body = [*self.body(inner, 2), again, *self.body(inner, 1)]
        scope.macros.append(Macro(name, ("n",)))
        return [self.section((f"macro {name}(n=2)", body), end="endmacro")]

    def call_of(self, macro: Macro, scope: Scope) -> str:
        count = self.dice.number(0, len(macro.parameters))
        if count == len(macro.parameters) and self.dice.chance(5):
            count += 2
        shown = [self.expr(scope) for _ in range(count)]
        if self.dice.chance(40):
            shown += [f"{name}={self.expr(scope)}" for name in macro.parameters[count:][:1]]
        if self.dice.chance(5):
            shown.append(self.dice.pick(EXTRA))
        return f"{macro.name}({', '.join(shown)})"

    def streamed(self, scope: Scope) -> list[Node]:
        return [Streamed(self.call_of(self.dice.pick(scope.macros), scope))]

    def call(self, scope: Scope) -> list[Node]:
        macro = self.dice.pick(scope.macros)
        if not macro.caller:
            macro = self.dice.pick([m for m in scope.macros if m.caller] or [macro])
        inner = scope.function()
        head = self.pick("call", "call(a)", "call(a='d', b=s0)", "call(*args)")
        inner.names.plain += [name for name in ("a", "b") if name in head[4:]]
        head = head.replace("(*args)", "(a=1)")
        call = self.call_of(macro, scope)
        return [self.section((f"{head} {call}", self.body(inner, 3)), end="endcall")]

    def arguments(self, scope: Scope) -> list[Node]:
        shown = self.pick("varargs|join(',')", "kwargs|length", "kwargs.extra", "varargs", "name")
        return [Value(shown)]

    def caller(self, scope: Scope) -> list[Node]:
        shown: Node = Streamed(self.pick("caller()", f"caller({self.expr(scope)})"))
        return [Section((("if caller", [Text("("), shown]),), "endif")]

    # Loops.

    def control(self, scope: Scope) -> list[Node]:
        leave: Body = [self.text(), Tag(self.pick("break", "continue"))]
        test = self.pick("loop.index > 1", "loop.first", "tick() % 3 == 0")
        if not scope.names.loop:
            test = "tick() % 3 == 0"
        return [self.section((f"if {test}", leave), end="endif")]

    def loop_call(self, scope: Scope) -> list[Node]:
        if self.dice.chance(60):
            return [Value("loop.depth"), Text("."), Value("loop.depth0")]
        return [Streamed(self.pick("loop([])", "loop('')"))]

    # Inheritance.

    def free_blocks(self, scope: Scope) -> list[str]:
        return [name for name in BLOCKS[scope.rank + 1 :] if name not in self.blocks]

    def block(self, scope: Scope) -> list[Node]:
        name = self.dice.pick(self.free_blocks(scope))
        self.blocks.add(name)
        scoped = self.dice.chance(40)
        inner = scope.inner() if scoped else Scope(Names(wild=scope.names.wild), [*scope.macros])
        inner = replace(
            inner, rank=BLOCKS.index(name), control=False, recursive=False, top=False,
            parts=scope.parts, imports=scope.imports, inherits=self.child, buffered=False,
        )  # fmt: skip
        required = self.dice.chance(4)
        head = f"block {name}" + " scoped" * scoped + " required" * required
        body = [] if required else self.body(inner, 4)
        return [self.section((head, body), end=f"endblock {self.pick('', name)}")]

    def super_(self, scope: Scope) -> list[Node]:
        if self.marks or self.dice.chance(70):
            return [Streamed("super()")]
        return [Value(self.pick("super()|upper", "super.super()", "super()|length"))]

    def self_call(self, scope: Scope) -> list[Node]:
        name = self.dice.pick(BLOCKS[scope.rank + 1 :])
        call: Node = Streamed(f"self.{name}()")
        return [Section(((f"if self.{name} is defined", [Text("="), call]),), "endif")]

    # Other templates.

    def include(self, scope: Scope) -> list[Node]:
        name = self.dice.pick(scope.parts)
        shown = self.pick(
            f"'{name}'", f"['missing.html', '{name}']", f"('{name}', 'missing.html')",
            f"'{name}' if b0 else ['{name}']", f"'missing.html' if b0 else '{name}'",
        )  # fmt: skip
        if "part.html" in scope.parts:
            shown = self.pick(shown, shown, shown, "part", "part_name", "[part_name, part]")
        if shown == "part_name" or "else" in shown or self.dice.chance(20):
            shown += " ignore missing"
        context = ["", "", " with context", " with context", " without context"]
        return [self.tag(f"include {shown}" + self.pick(*context[: 4 if scope.buffered else 5]))]

    def import_(self, scope: Scope) -> list[Node]:
        context = self.pick(" with context", " with context", "", " without context")
        name = self.pick("'lib.html'", "lib_name")
        if self.dice.chance(50):
            module = self.new("lib")
            scope.macros += [replace(m, name=f"{module}.{m.name}") for m in LIBRARY]
            scope.names.captured.append(f"{module}.held")
            return [self.tag(f"import {name} as {module}{context}")]
        alias = self.new("im")
        scope.macros += [LIBRARY[0], replace(LIBRARY[1], name=alias)]
        return [self.tag(f"from {name} import row, cell as {alias}{context}")]


# What every lib.html defines, whatever the bodies.
LIBRARY = (Macro("row", ("a", "b"), True), Macro("cell", ("a",)), Macro("wrap", (), True))
