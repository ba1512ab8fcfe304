"""Rows written by a flat template, and from inside of what templates can nest.

In each nested template the loop over the rows stands in the innermost place, so that what a row
costs there is what passing text outwards through all levels costs.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from bench.ways import Peer, Way
from bench.workloads import MAIN, Context, Workload

if TYPE_CHECKING:
    from collections.abc import Callable

DEPTH = 20
"""How deep."""

LOOP = """\
{% for row in rows %}\
<tr><td>{{ row.id }}</td><td>{{ row.name }}</td></tr>
{% endfor %}"""
FLAT = f"<table>\n{LOOP}</table>\n"
BASE = "<table>\n{% block body %}{% endblock %}</table>\n"


def _extending() -> dict[str, str]:
    """A chain of templates that extend each other; the last one fills the base's block."""
    chain = {f"level {n}": f'{{% extends "level {n - 1}" %}}' for n in range(1, DEPTH)}
    last = f'{{% extends "level {DEPTH - 1}" %}}{{% block body %}}{LOOP}{{% endblock %}}'
    return {"level 0": BASE, **chain, MAIN: last}


def _super() -> dict[str, str]:
    """Such a chain in which every template shows its parent's block; the base writes the rows."""
    base = BASE.replace("{% endblock %}", LOOP + "{% endblock %}")
    block = "{% block body %}{{ super() }}{% endblock %}"
    names = ["level 0", *(f"level {n}" for n in range(1, DEPTH)), MAIN]
    chain = {name: f'{{% extends "{parent}" %}}{block}' for parent, name in pairwise(names)}
    return {"level 0": base, **chain}


def _including() -> dict[str, str]:
    """Templates that include each other; the innermost one writes the rows."""
    chain = {f"level {n}": f'{{% include "level {n + 1}" %}}' for n in range(1, DEPTH)}
    main = '<table>\n{% include "level 1" %}</table>\n'
    return {MAIN: main, **chain, f"level {DEPTH}": LOOP}


def _macros() -> dict[str, str]:
    """Macros that call each other; the innermost one writes the rows."""
    inner = f"{{% macro m{DEPTH}(rows) %}}{LOOP}{{% endmacro %}}"
    outer = [
        f"{{% macro m{n}(rows) %}}{{{{ m{n + 1}(rows) }}}}{{% endmacro %}}" for n in range(1, DEPTH)
    ]
    return {MAIN: inner + "".join(outer) + "<table>\n{{ m1(rows) }}</table>\n"}


def _callers() -> dict[str, str]:
    """Called blocks in called blocks; the innermost one writes the rows."""
    macro = "{% macro wrap() %}{{ caller() }}{% endmacro %}"
    calls = "{% call wrap() %}" * DEPTH + LOOP + "{% endcall %}" * DEPTH
    return {MAIN: f"{macro}<table>\n{calls}</table>\n"}


NESTED = {
    f"{DEPTH} extends": _extending(),
    f"{DEPTH} super()": _super(),
    f"{DEPTH} includes": _including(),
    f"{DEPTH} macros": _macros(),
    f"{DEPTH} caller()": _callers(),
}
"""Templates by title. All render what `FLAT` renders."""


def _table(rows: int) -> Callable[[], Context]:
    data = [{"id": number, "name": f"customer {number}"} for number in range(rows)]
    return lambda: {"rows": data}


def workload(rows: int) -> Workload:
    """The flat template and a list of rows."""
    title = f"{rows:,} rows, flat and nested"
    return Workload("nesting", title, {MAIN: FLAT}, partial(_table, rows))


def nested(name: str, load: Callable[[Workload], Way]) -> Peer:
    """One way of one engine as a peer: with the flat template, then with each nested one."""
    ways = {title: partial(_load, load, sources) for title, sources in NESTED.items()}
    return Peer(name, (), {"flat": load, **ways})


def _load(load: Callable[[Workload], Way], sources: dict[str, str], flat: Workload) -> Way:
    return load(replace(flat, sources=sources))
