"""The floors of the package: who may import whom. docs/how-it-works draws them."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from graphlib import TopologicalSorter
from importlib.util import resolve_name
from pathlib import Path

import pytest

import streamtmpl

TOP = Path(__file__).parents[1]
DRAWING = TOP / "docs" / "how-it-works.rst"
ROOT = Path(streamtmpl.__file__).parents[1]
FLOORS = (
    {"vocabulary", "context", "decoding", "exceptions", "extras"}
    | {"observing", "tracing", "version"},
    {"chunks", "testing", "timeline"},
    {"compiler", "runtime", "pytest_plugin"},  # compiler and runtime agree on the vocabulary
    {"regions"},
    {"rendering", "rechunking", "rows", "explaining"},
    {"environment", "events"},
    {"enabling", "sandbox", "responses"},
    {"", "pallets", "wsgi", "asgi", "doctor"},  # "": what "import streamtmpl" gives
    {"cli", "starlette", "litestar", "aiohttp", "flask", "quart", "django", "opentelemetry"},
    {"__main__"},
)
"""The wings by name, the lowest floor first: packages, and modules beside them."""

FLOOR = {wing: number for number, floor in enumerate(FLOORS, 1) for wing in floor}
FRAMEWORKS = {"starlette", "litestar", "aiohttp", "flask", "quart", "django", "opentelemetry"}


def _name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {_name(path): path for path in (ROOT / "streamtmpl").rglob("*.py")}


def imports(module: str) -> Iterator[str]:
    """What a module imports, anywhere in it and for types as well: modules, and names in them."""
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = resolve_name("." * node.level + (node.module or ""), package)
            yield from (f"{start}.{each.name}" for each in node.names)


def imported(module: str) -> set[str]:
    """The modules of the package among them."""
    found = (name if name in MODULES else name.rpartition(".")[0] for name in imports(module))
    return {name for name in found if name in MODULES}


def wing(module: str) -> str:
    return f"{module}.".split(".")[1]


def test_every_module_has_a_floor() -> None:
    assert set(map(wing, MODULES)) == FLOOR.keys()


def test_a_module_imports_from_lower_floors_and_its_own_package_only() -> None:
    wrong = [
        f"{module} imports {other}"
        for module in MODULES
        for other in imported(module)
        if wing(other) != wing(module) and FLOOR[wing(other)] >= FLOOR[wing(module)]
    ]
    assert wrong == []


def test_the_documentation_draws_these_floors() -> None:
    drawn = re.findall(r"^ {4,5}\d+  (.*)$", DRAWING.read_text(encoding="utf-8"), re.MULTILINE)
    floors = [{"" if name == "streamtmpl" else name for name in line.split()} for line in drawn]
    assert floors == list(reversed(FLOORS))


@pytest.mark.parametrize("paper", ["docs/how-it-works.rst", ".github/CONTRIBUTING.md"])
def test_papers_say_what_is_in_each_wing(paper: str) -> None:
    table = (TOP / paper).read_text(encoding="utf-8").partition("Where things are")[2]
    assert FLOOR.keys() - {""} <= set(re.findall(r"`(\w+)(?:/|\.py)?`", table))


def test_no_circle() -> None:
    # CycleError would name the modules.
    assert list(TopologicalSorter({name: imported(name) for name in MODULES}).static_order())


def test_frameworks_are_imported_by_their_adapter_alone() -> None:
    found = {(wing(module), name.split(".")[0]) for module in MODULES for name in imports(module)}
    assert {pair for pair in found if pair[1] in FRAMEWORKS} == {
        (name, name) for name in FRAMEWORKS
    }


PACKAGES = [name for name, path in MODULES.items() if path.name == "__init__.py" and "." in name]


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_says_what_is_in_it(package: str) -> None:
    said = ast.get_docstring(ast.parse(MODULES[package].read_text(encoding="utf-8"))) or ""
    named = set(re.findall(r"`[.~\w]*?(\w+)/?`", said))
    inside = (name.rpartition(".") for name in MODULES)
    assert {name for outer, _, name in inside if outer == package} <= named


def test_no_two_files_of_tests_have_one_name() -> None:
    names = Counter(path.name for path in (TOP / "tests").rglob("test_*.py"))
    assert [name for name, count in names.items() if count > 1] == []
