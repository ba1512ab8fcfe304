"""``python -m bench.imports``: what ``import streamtmpl`` adds to ``import jinja2``.

Every round starts fresh interpreters that import nothing, Jinja2, and streamtmpl, in a new random
order, and takes their CPU time. A ratio compares two of the same round, less what an interpreter
needs to start; Jinja2 takes part twice, to show the noise. Modules are read from ``.pyc`` files, as
an installed package's are: where they are missing, they are written first.
"""

from __future__ import annotations

import argparse
import compileall
import os
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from random import Random
from statistics import median, quantiles

from bench.contest import CONTROL
from bench.report import duration, machine

ALLOWED = 1.15
"""The ratio of streamtmpl's import, which includes Jinja2's, that must not be exceeded."""

NOTHING, JINJA2, OURS = "nothing", "jinja2", "streamtmpl"

STATEMENTS: Mapping[str, str] = {
    NOTHING: "pass",
    JINJA2: "import jinja2",
    OURS: "import streamtmpl",
    JINJA2 + CONTROL: "import jinja2",
    "jinja2 and its first render": (
        "import jinja2\n"
        "template = jinja2.Environment().from_string('{% for n in x %}{{ n }}{% endfor %}')\n"
        "template.render(x='ab')"
    ),
    "streamtmpl and its first stream": (
        "import streamtmpl\n"
        "environment = streamtmpl.StreamEnvironment()\n"
        "template = environment.from_string('{% for n in x %}{{ n }}{% endfor %}')\n"
        "list(streamtmpl.render_stream(template, {'x': 'ab'}))"
    ),
}


def compile_modules() -> None:
    """Write the ``.pyc`` files of what is imported."""
    for name in (JINJA2, "markupsafe", OURS):
        spec = find_spec(name)
        assert spec is not None
        for folder in spec.submodule_search_locations or ():
            compileall.compile_dir(folder, quiet=1)


def seconds(statements: str) -> float:
    """CPU seconds of a fresh interpreter that runs *statements*. POSIX only."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("PYTHON")
    }
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    command = [sys.executable, "-c", statements]
    process = os.posix_spawn(sys.executable, command, environment)
    _, status, usage = os.wait4(process, 0)
    if status:
        raise SystemExit(f"error: {statements!r} ended with {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime + usage.ru_stime


def measure(rounds: int, random: Random) -> dict[str, list[float]]:
    """CPU seconds of each of the statements, one for each round."""
    found: dict[str, list[float]] = {label: [] for label in STATEMENTS}
    for _ in range(rounds):
        for label in random.sample(list(STATEMENTS), len(STATEMENTS)):
            found[label].append(seconds(STATEMENTS[label]))
    return found


def ratios(found: Mapping[str, Sequence[float]], label: str) -> list[float]:
    """The seconds over those of importing Jinja2, less those of the bare interpreter."""
    rows = zip(found[label], found[JINJA2], found[NOTHING], strict=True)
    return [(mine - bare) / (theirs - bare) for mine, theirs, bare in rows]


def table(found: Mapping[str, Sequence[float]]) -> str:
    """A Markdown table, a row for each of the statements."""
    rows = [["", "CPU time", "over Jinja2's import"], ["---", "---:", "---:"]]
    for label, times in found.items():
        low, middle, high = quantiles(ratios(found, label), n=4, method="inclusive")
        ratio = f"{middle:.2f} ({low:.2f}-{high:.2f})"
        rows.append([label, duration(median(times)), "-" if label == NOTHING else ratio])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table; return 1 if the import takes longer than is allowed."""
    parser = argparse.ArgumentParser(prog="python -m bench.imports", description=__doc__)
    parser.add_argument("--rounds", type=int, default=40, help="default: %(default)s")
    parser.add_argument("--output", type=Path, metavar="FILE", help="also write the table to FILE")
    chosen = parser.parse_args(arguments)
    if chosen.rounds < 2:
        parser.error("at least 2 rounds are needed")
    compile_modules()
    found = measure(chosen.rounds, Random())
    text = (
        f"{table(found)}\n\nMedians of {chosen.rounds} rounds and, in brackets, the bounds of the"
        f" middle half.\nMachine: {machine()}. Python {sys.version.split()[0]}.\n"
        f"Command: `python -m bench.imports --rounds {chosen.rounds}`\n"
    )
    print(text, end="")
    if chosen.output:
        chosen.output.write_text(text, encoding="utf-8")
    return 0 if median(ratios(found, OURS)) <= ALLOWED else 1


if __name__ == "__main__":
    sys.exit(main())
