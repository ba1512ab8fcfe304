"""Random pages of several templates that extend each other, whose blocks show what they can see.

The tops of the templates set what blocks may read. Everything else there calls ``outside()``, which
is not to be called where a single block is asked for.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

NAMES = ("a", "b", "c", "d", "e")
LIBRARY = (
    "{% set held = 'held' %}{% macro show(x) %}<{{ x }}{{ v1 }}>{% endmacro %}"
    "{% macro wrap() %}({{ caller() }}){% endmacro %}"
)
SHOWN = (
    "{{ v1 }}-{{ v2 }}-{{ v3 }}-{{ ns.n }}-{{ ns.seen|join(',') }}"
    "{{ lib.held if lib }}{{ m(v1) if m }}{{ show(v2) if show }}"
)


@dataclass
class Tree:
    """Writes a page of `depth` templates; `page` is the one that extends all others."""

    dice: random.Random
    depth: int
    templates: dict[str, str] = field(default_factory=lambda: {"lib": LIBRARY})

    def write(self) -> str:
        """Write the templates; returns the page's name."""
        for level in range(self.depth):
            self.templates[f"t{level}"] = self._template(level)
        return f"t{self.depth - 1}"

    def _template(self, level: int) -> str:
        blocks = list(NAMES)
        self.dice.shuffle(blocks)
        head = f"{{% extends {self._parent(level)} %}}" if level else ""
        if level == self.depth - 1:  # it runs first
            head += "{% set ns = namespace(n=0, seen=[]) %}"
        return head + self._top(level, blocks[: 5 if level == 0 else self.dice.randrange(1, 4)])

    def _parent(self, level: int) -> str:
        return self.dice.choice([f"'t{level - 1}'", f"'t{level - 1}' if v1 != 0 else 'lib'"])

    def _top(self, level: int, blocks: list[str]) -> str:
        parts = []
        while blocks or self.dice.random() < 0.6:
            if blocks and self.dice.random() < 0.4:
                parts.append(self._placed(level, blocks))
            elif self.dice.random() < 0.3:
                parts.append(self._output())
            else:
                parts.append(self._statement(level))
        return "".join(parts)

    def _placed(self, level: int, blocks: list[str]) -> str:
        """A block at the top, maybe in something, and with others in it."""
        ways = [0, 0, 0, 1] if level else [0, 0, 1, 2, 3, 4]
        way = self.dice.choice(ways)
        block = self._block(blocks, scoped=way == 2)
        return (
            block,
            f"{{% if ns %}}{block}{{% else %}}{self._output()}{{% endif %}}",
            f"{{% with v3 = v1 ~ 'with' %}}{block}{{% endwith %}}",
            f"{{% for i in [0] %}}{self._output()}{block}{{% endfor %}}",
            f"{{% if v2 %}}{self._statement(level)}{block}{{% endif %}}",
        )[way]

    def _block(self, blocks: list[str], scoped: bool = False) -> str:
        name = blocks.pop()
        body = [SHOWN]
        while self.dice.random() < 0.5:
            body.append(self._in_block(name, blocks))
        self.dice.shuffle(body)
        return f"{{% block {name}{' scoped' * scoped} %}}{name}:{''.join(body)}{{% endblock %}}"

    def _in_block(self, name: str, blocks: list[str]) -> str:
        if blocks and self.dice.random() < 0.4:
            return self._block(blocks)
        return self.dice.choice(
            [
                "[{{ super() }}]",
                "{% set v1 = 'own' %}{{ v1 }}",
                "{% for i in [1, 2] %}{{ i }}{% if i == 1 %}|{% endif %}{% endfor %}",
                "{% defer %}later{{ v1 }}{% enddefer %}",
                "{% boundary %}{{ v1.no.no }}{% fallback %}failed{% endboundary %}",
                "{% if lib %}{% call lib.wrap() %}{{ v2 }}{% endcall %}{% endif %}",
            ]
        )

    def _output(self) -> str:
        return self.dice.choice(
            [
                "text",
                "{{ outside() }}",
                "{% for i in outside() %}{% endfor %}",
                "{% if outside() %}x{% endif %}",
                "{% with v9 = outside() %}{{ v9 }}{% endwith %}",
                "{% filter upper %}{{ outside() }}{% endfilter %}",
                "{% defer %}{{ outside() }}{% enddefer %}",
            ]
        )

    def _statement(self, level: int, depth: int = 0) -> str:
        name = self.dice.choice(("v1", "v2", "v3"))
        other = self.dice.choice(("v1", "v2", "v3"))
        simple = [
            f"{{% set {name} = {other} ~ '{level}' %}}",
            f"{{% set {name} %}}<{{{{ {other} }}}}>{{% endset %}}",
            f"{{% set {name}, v3 = {other}, {name} %}}",
            "{% set ns.n = ns.n ~ 1 %}",
            "{% set ns.n %}{{ ns.n }}'{% endset %}",
            f"{{% do ns.seen.append({other}) %}}",
            "{% import 'lib' as lib %}",
            "{% from 'lib' import show with context %}",
            f"{{% macro m(x) %}}m{{{{ x }}}}{{{{ {other} }}}}{{% endmacro %}}",
        ]
        if depth == 2 or self.dice.random() < 0.7:
            return self.dice.choice(simple)
        inner, another = (self._statement(level, depth + 1) for _ in range(2))
        return self.dice.choice(
            [
                f"{{% if {other} %}}{inner}{{% else %}}{another}{{% endif %}}",
                f"{{% if not {other} %}}{self._output()}{{% elif v3 %}}{inner}{{% endif %}}",
                "{% with %}{% set ns.n = 7 %}{% endwith %}",
                f"{{% autoescape false %}}{inner}{{% endautoescape %}}",
            ]
        )
