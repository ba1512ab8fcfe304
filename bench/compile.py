"""``python -m bench.compile``: what templates cost before their first render.

A hundred templates are compiled, loaded, and loaded from a bytecode cache, by Jinja2 and by
streamtmpl. Every round takes all templates and engines in a new random order, and a ratio compares
two engines in the same round. Jinja2 takes part twice: how far the second ratio is from 1 is the
noise. Times are CPU seconds, and each begins with nothing to collect, as in ``bench.contest``.
"""

from __future__ import annotations

import argparse
import gc
import marshal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import median, quantiles

from jinja2 import DictLoader, Environment, FileSystemBytecodeCache

from bench.contest import CONTROL, own_garbage_only
from bench.pages import pages
from bench.report import duration, machine
from streamtmpl import StreamEnvironment

ALLOWED = 1.5
"""The ratio that each step of streamtmpl's must stay within."""

ENGINES: Mapping[str, type[Environment]] = {
    "Jinja2": Environment,
    "streamtmpl": StreamEnvironment,
    "Jinja2" + CONTROL: Environment,
}
"""The first is the baseline."""

STEPS = ("compile", "load", "load from the bytecode cache")

Step = Callable[[str], object]


@dataclass(frozen=True)
class Entry:
    """One engine, set up with all templates."""

    label: str
    steps: Mapping[str, Step]
    """What takes each step with the template of the name that it is called with."""
    source: int
    """Characters of Python that all templates together become."""
    code: int
    """Bytes of code that they become."""
    seconds: Mapping[str, list[float]] = field(default_factory=lambda: {step: [] for step in STEPS})
    """CPU seconds of each step with all templates, one for each round."""

    def ratios(self, baseline: Entry, step: str) -> list[float]:
        """The seconds over the baseline's in the same round."""
        pairs = zip(self.seconds[step], baseline.seconds[step], strict=True)
        return [mine / theirs for mine, theirs in pairs]


def enter(label: str, sources: Mapping[str, str], folder: Path, is_async: bool) -> Entry:
    """Set up an engine; the bytecode of all templates goes to *folder*."""

    def environment(cache: FileSystemBytecodeCache | None) -> Environment:
        made = ENGINES[label](
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
    return Entry(label, steps, source, code)


def measure(entries: Sequence[Entry], names: Sequence[str], rounds: int, random: Random) -> None:
    """Take all steps *rounds* times, and add their seconds to *entries*."""
    with own_garbage_only():
        for _ in range(rounds):
            for step in STEPS:
                seconds = [0.0] * len(entries)
                for name in random.sample(names, len(names)):
                    for index in random.sample(range(len(entries)), len(entries)):
                        seconds[index] += timed(entries[index].steps[step], name)
                for entry, sum_of_all in zip(entries, seconds, strict=True):
                    entry.seconds[step].append(sum_of_all)


def timed(step: Step, name: str) -> float:
    """CPU seconds of one step with one template."""
    gc.collect()
    start = time.process_time()
    made = step(name)
    seconds = time.process_time() - start
    del made  # not earlier: dropping a template takes time as well
    return seconds


def table(entries: Sequence[Entry], count: int) -> str:
    """A Markdown table of the steps, for *count* templates: a row for each engine."""
    baseline, *others = entries
    rows = [
        ["", *STEPS, "generated source", "bytecode"],
        ["---", *["---:"] * (len(STEPS) + 2)],
        [
            baseline.label,
            *(f"1 ({duration(median(baseline.seconds[step]) / count)})" for step in STEPS),
            f"1 ({baseline.source / count / 1000:.1f} kB)",
            f"1 ({baseline.code / count / 1000:.1f} kB)",
        ],
    ]
    for entry in others:
        cells = [described(entry.ratios(baseline, step)) for step in STEPS]
        cells += [f"{entry.source / baseline.source:.2f}", f"{entry.code / baseline.code:.2f}"]
        rows.append([entry.label, *cells])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def described(found: Sequence[float]) -> str:
    """The median of some ratios and the bounds of their middle half."""
    if len(found) < 2:
        return f"{found[0]:.2f}"
    low, _, high = quantiles(found, n=4, method="inclusive")
    return f"{median(found):.2f} ({low:.2f}-{high:.2f})"


def report(entries: Sequence[Entry], sources: Mapping[str, str], command: str) -> str:
    """The table with what is needed to read it."""
    lines = [source.count("\n") + 1 for source in sources.values()]
    rounds = len(entries[0].seconds[STEPS[0]])
    return "\n".join(
        [
            "CPU time over Jinja2's, less is faster: the median of the rounds and, in brackets,",
            "the bounds of their middle half; in the first row the time for one template.",
            "Compiling is `Environment.compile()`, loading `get_template()` with no template kept.",
            "",
            table(entries, len(sources)),
            "",
            f"{len(sources)} templates of {median(lines):g} lines in the median,"
            f" {max(lines)} at most; {rounds} rounds.",
            f"Machine: {machine()}. Python {sys.version.split()[0]}.",
            f"Command: `{command}`",
            "",
        ]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table; return 1 if a step takes longer than is allowed."""
    parser = argparse.ArgumentParser(prog="python -m bench.compile", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10, help="default: %(default)s")
    parser.add_argument("--async", dest="is_async", action="store_true", help="async environments")
    parser.add_argument("--output", type=Path, metavar="FILE", help="also write the table to FILE")
    chosen = parser.parse_args(arguments)
    if chosen.rounds < 1:
        parser.error("at least 1 round is needed")
    sources = pages()
    with tempfile.TemporaryDirectory() as folder:
        entries = [
            enter(label, sources, Path(folder, str(index)), chosen.is_async)
            for index, label in enumerate(ENGINES)
        ]
        measure(entries, list(sources), chosen.rounds, Random())
    command = f"python -m bench.compile --rounds {chosen.rounds}" + " --async" * chosen.is_async
    found = report(entries, sources, command)
    print(found, end="")
    if chosen.output:
        chosen.output.write_text(found, encoding="utf-8")
    baseline, ours, *_ = entries
    within = all(median(ours.ratios(baseline, step)) <= ALLOWED for step in STEPS)
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
