"""``python -m bench.compile``: what templates cost before their first render.

A hundred templates are compiled, loaded, and loaded from a bytecode cache, by Jinja2 and by
streamtmpl. Every round takes one of these steps with all templates and engines in a new random
order, and a ratio compares two engines in the same round. Jinja2 takes part twice: how far its
second ratio is from 1 is the noise.

Templates of 500, 5,000 and 20,000 lines and one of 2,000 blocks are compiled as well, in fewer
rounds: CPython's own compiler may take more than twice as long for a module twice as long.
"""

from __future__ import annotations

import argparse
import marshal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from statistics import median

from jinja2 import DictLoader, Environment, FileSystemBytecodeCache

from bench.command import count, run
from bench.contest import CONTROL
from bench.findings import Findings, Panel, point, table
from bench.pages import long_page, page_of_blocks, pages
from bench.report import duration
from bench.rounds import Spread, interleaved
from streamtmpl import StreamEnvironment

ALLOWED = 1.5
"""The ratio that each step of streamtmpl's must stay within."""

BASELINE, OURS = "Jinja2", "streamtmpl"
ENGINES: Mapping[str, type[Environment]] = {
    BASELINE: Environment,
    OURS: StreamEnvironment,
    BASELINE + CONTROL: Environment,
}

STEPS = ("compile", "load", "load from the bytecode cache")

LONG: Mapping[str, Callable[[], str]] = {
    "500 lines": partial(long_page, 500),
    "5,000 lines": partial(long_page, 5000),
    "20,000 lines": partial(long_page, 20000),
    "2,000 blocks": partial(page_of_blocks, 2000),
}
"""The long templates, by the names of their sizes."""
LONG_ROUNDS = 3
"""How often they are compiled, unless all else is done less often."""

Results = Mapping[tuple[str, str], Sequence[float]]
"""CPU seconds for all templates by engine and step, one for each round."""


@dataclass(frozen=True)
class Entry:
    """One engine, set up with all templates."""

    steps: Mapping[str, Callable[[str], object]]
    """What takes a step with the template of the name that it is called with."""
    source: int
    """Characters of Python that all templates together become."""
    code: int
    """Bytes of code that they become."""


def enter(
    kind: type[Environment], sources: Mapping[str, str], folder: Path, is_async: bool
) -> Entry:
    """Set up an engine; the bytecode of all templates goes to *folder*."""

    def environment(cache: FileSystemBytecodeCache | None) -> Environment:
        made = kind(
            loader=DictLoader(sources),
            autoescape=True,
            enable_async=is_async,
            cache_size=0,  # every get_template() loads
            bytecode_cache=cache,
        )
        made.filters["date"] = str
        return made

    folder.mkdir()
    plain, cached = environment(None), environment(FileSystemBytecodeCache(str(folder)))
    source = code = 0
    for name, text in sources.items():
        cached.get_template(name)
        source += len(plain.compile(text, name, name, raw=True))
        code += len(marshal.dumps(plain.compile(text, name, name)))

    def compile(name: str) -> object:
        return plain.compile(sources[name], name, name)

    steps = dict(zip(STEPS, (compile, plain.get_template, cached.get_template), strict=True))
    return Entry(steps, source, code)


def timed(step: Callable[[str], object], name: str) -> float:
    """CPU seconds of one step with one template."""
    begin = time.process_time()
    made = step(name)
    seconds = time.process_time() - begin
    del made  # not earlier: dropping a template takes time as well
    return seconds


def measure(
    entries: Mapping[str, Entry], names: Sequence[str], rounds: int, random: Random
) -> Results:
    """Take each step with all templates, *rounds* times."""
    results: dict[tuple[str, str], list[float]] = {}
    for step in STEPS:
        tasks = {
            (label, name): partial(timed, entry.steps[step], name)
            for label, entry in entries.items()
            for name in names
        }
        single = interleaved(tasks, rounds, random)
        for label in entries:
            turns = zip(*(single[label, name] for name in names), strict=True)
            results[label, step] = [sum(turn) for turn in turns]
    return results


def measure_long(
    sources: Mapping[str, str], is_async: bool, rounds: int, random: Random
) -> Results:
    """Compile each long template, *rounds* times."""
    tasks = {
        (label, size): partial(timed, environment.compile, source)
        for label, kind in ENGINES.items()
        for environment in (kind(autoescape=True, enable_async=is_async),)
        for size, source in sources.items()
    }
    return interleaved(tasks, rounds, random)


def ratio(results: Results, label: str, step: str) -> Spread:
    """The seconds over the baseline's in the same round."""
    pairs = zip(results[label, step], results[BASELINE, step], strict=True)
    return Spread.of([mine / theirs for mine, theirs in pairs])


def text(
    results: Results, entries: Mapping[str, Entry], sources: Mapping[str, str], long: Results
) -> str:
    """Two tables, a row for each engine, with what is needed to read them."""
    total, baseline = len(sources), entries[BASELINE]
    times = (duration(median(results[BASELINE, step]) / total) for step in STEPS)
    sizes = (f"{size / total / 1000:.1f} kB" for size in (baseline.source, baseline.code))
    rows = [[BASELINE, *(f"1 ({one})" for one in (*times, *sizes))]]
    for label, entry in entries.items():
        if label != BASELINE:
            cells = [f"{ratio(results, label, step):.2f}" for step in STEPS]
            grown = (entry.source / baseline.source, entry.code / baseline.code)
            rows.append([label, *cells, *(f"{one:.2f}" for one in grown)])
    lines = [source.count("\n") + 1 for source in sources.values()]
    return "\n".join(
        [
            "CPU time over Jinja2's: the median of the rounds and, in brackets, the bounds of",
            f"their middle half; in the first row that of one template. {total} templates of",
            f"{median(lines):g} lines in the median, {max(lines)} at most. Compiling is",
            "`Environment.compile()`, loading `get_template()` with no template kept.",
            "",
            table(["", *STEPS, "generated source", "bytecode"], rows),
            "",
            text_long(long),
            "",
            f"Goal for streamtmpl: at most {ALLOWED:.1f}:"
            f" {'met' if met(results) and met(long) else 'MISSED'}.",
        ]
    )


def text_long(results: Results) -> str:
    """A table of the long templates, a row for each engine."""
    sizes = [size for label, size in results if label == BASELINE]
    times = (duration(median(results[BASELINE, size])) for size in sizes)
    rows = [[BASELINE, *(f"1 ({one})" for one in times)]]
    rows += [
        [label, *(f"{ratio(results, label, size):.2f}" for size in sizes)]
        for label in ENGINES
        if label != BASELINE
    ]
    return "\n".join(["Compiling one long template:", "", table(["", *sizes], rows)])


def met(results: Results) -> bool:
    """Whether all that streamtmpl does takes no longer than is allowed."""
    steps = [step for label, step in results if label == OURS]
    return all(ratio(results, OURS, step).middle <= ALLOWED for step in steps)


def panels(results: Results, labels: Sequence[str]) -> list[Panel]:
    """The ratio of each step."""
    curves = {
        label: [point(place, ratio(results, label, step)) for place, step in enumerate(STEPS)]
        for label in labels
        if label != BASELINE
    }
    title = "Before the first render"
    return [
        Panel(
            title,
            "",
            "CPU time over Jinja2's",
            curves,
            names=STEPS,
            levels={"goal": ALLOWED},
            joined=False,
        )
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table; return 1 if a step takes longer than is allowed."""
    parser = argparse.ArgumentParser(prog="python -m bench.compile", description=__doc__)
    parser.add_argument("--rounds", type=count, default=10, help="default: %(default)s")
    parser.add_argument("--async", dest="is_async", action="store_true", help="async environments")
    return run(parser, _measure, arguments)


def _measure(chosen: argparse.Namespace) -> Findings:
    sources = pages()
    with tempfile.TemporaryDirectory() as folder:
        entries = {
            label: enter(kind, sources, Path(folder, str(number)), chosen.is_async)
            for number, (label, kind) in enumerate(ENGINES.items())
        }
        results = measure(entries, list(sources), chosen.rounds, Random())
    long_sources = {size: made() for size, made in LONG.items()}
    long = measure_long(long_sources, chosen.is_async, min(chosen.rounds, LONG_ROUNDS), Random())
    command = f"python -m bench.compile --rounds {chosen.rounds}" + " --async" * chosen.is_async
    data = [
        {"engine": label, "step": step, "seconds": list(seconds)}
        for (label, step), seconds in (*results.items(), *long.items())
    ]
    shown = text(results, entries, sources, long)
    passed = met(results) and met(long)
    return Findings(command, shown, data, panels(results, list(entries)), passed)


if __name__ == "__main__":
    sys.exit(main())
