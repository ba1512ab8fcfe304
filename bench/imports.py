"""``python -m bench.imports``: what importing streamtmpl adds to ``import jinja2``.

Every round starts fresh interpreters that import nothing, Jinja2, and streamtmpl, in a new random
order, and takes their CPU time. The least of all rounds counts, since whatever else the machine
does only adds to it; Jinja2 takes part twice, to show what noise is left. Modules are read from
``.pyc`` files, as an installed package's are: where they are missing, they are written first.
"""

from __future__ import annotations

import argparse
import compileall
import os
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from random import Random

from bench.command import count, run
from bench.contest import CONTROL
from bench.findings import Findings, Panel, exact, table
from bench.report import duration
from bench.rounds import interleaved

ALLOWED = 1.2
"""The ratio of streamtmpl's import, which includes Jinja2's, that must not be exceeded."""

NOTHING, JINJA2, OURS = "nothing", "jinja2", "streamtmpl"

STATEMENTS: Mapping[str, str] = {
    NOTHING: "pass",
    JINJA2: "import jinja2",
    OURS: "from streamtmpl import StreamEnvironment, render_stream",  # alone it imports nothing
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

Results = Mapping[str, Sequence[float]]
"""CPU seconds of an interpreter by what it runs, one for each round."""


def package(name: str) -> Path:
    """The folder of a package."""
    spec = find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def compile_modules() -> None:
    """Write the ``.pyc`` files of what is imported."""
    for name in (JINJA2, "markupsafe", OURS):
        compileall.compile_dir(package(name), quiet=1)


def seconds(statements: str) -> float:
    """CPU seconds of a fresh interpreter that runs *statements*. POSIX only."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("PYTHON")
    }
    environment["PYTHONPATH"] = str(package(OURS).parent)  # it need not be installed
    command = [sys.executable, "-c", statements]
    process = os.posix_spawn(sys.executable, command, environment)
    _, status, usage = os.wait4(process, 0)
    if status:
        raise SystemExit(f"error: {statements!r} ended with {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime + usage.ru_stime


def ratio(results: Results, label: str) -> float:
    """The seconds over those of importing Jinja2, less those of the bare interpreter."""
    mine, theirs, bare = (min(results[each]) for each in (label, JINJA2, NOTHING))
    return (mine - bare) / (theirs - bare)


def text(results: Results) -> str:
    """A table, a row for each of the statements."""
    rows = [
        [
            label,
            duration(min(times)),
            "-" if label == NOTHING else f"{ratio(results, label):.2f}",
        ]
        for label, times in results.items()
    ]
    return "\n".join(
        [
            "CPU time of a fresh interpreter, the least of all rounds; and, less what it needs to",
            "start, over that of importing Jinja2.",
            "",
            table(["import", "CPU time", "over Jinja2's"], rows),
            "",
            f"Goal for streamtmpl: at most {ALLOWED:.2f}: {'met' if met(results) else 'MISSED'}.",
        ]
    )


def met(results: Results) -> bool:
    """Whether the import takes no longer than is allowed."""
    return ratio(results, OURS) <= ALLOWED


def panels(results: Results) -> list[Panel]:
    """The ratio of what is run."""
    names = [label for label in results if label not in (NOTHING, JINJA2)]
    curves = {label: [exact(place, ratio(results, label))] for place, label in enumerate(names)}
    title = "Importing"
    return [
        Panel(
            title,
            "",
            "CPU time over Jinja2's",
            curves,
            names=names,
            levels={"goal": ALLOWED},
            joined=False,
        )
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table; return 1 if the import takes longer than is allowed."""
    parser = argparse.ArgumentParser(prog="python -m bench.imports", description=__doc__)
    parser.add_argument("--rounds", type=count, default=40, help="default: %(default)s")
    return run(parser, _measure, arguments)


def _measure(chosen: argparse.Namespace) -> Findings:
    compile_modules()
    tasks = {label: partial(seconds, code) for label, code in STATEMENTS.items()}
    results = interleaved(tasks, chosen.rounds, Random())
    command = f"python -m bench.imports --rounds {chosen.rounds}"
    data = [{"import": label, "seconds": list(times)} for label, times in results.items()]
    return Findings(command, text(results), data, panels(results), met(results))


if __name__ == "__main__":
    sys.exit(main())
