"""The tables that have a column for each Python, from results that are kept.

What a table says in words, such as who is ahead of whom, is worked out from its numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import geometric_mean

from bench.contest import CONTROL
from bench.findings import table
from bench.kept import Kept, Timed
from bench.report import duration
from bench.requests import STACKS, Served
from bench.ways_served import PAGES
from bench.workloads import WORKLOADS, Workload

BASELINE = "Jinja2 render"
OURS = "streamtmpl stream"
COMPARED = (BASELINE, "Jinja2 generate_async", OURS, "streamtmpl stream async")
"""The ways to render whose rows per second are told."""
MARK = "streamtmpl"
"""What the names of our ways begin with."""


def tables(found: Sequence[Kept]) -> dict[str, str]:
    """All tables in Markdown, by the names of their files."""
    return {
        "requests.md": _requests(found),
        "first-byte.md": _first_byte(found),
        "rows.md": _rows(found),
        "shares.md": _shares(found),
        "pythons.md": _conditions(found),
    }


def _pythons(found: Iterable[Kept]) -> list[str]:
    return [f"Python {kept.python}" for kept in found]


# -- servers


def _requests(found: Sequence[Kept]) -> str:
    return _served(
        found,
        "Requests a second: more is better.",
        lambda one: f"{one.per_second:,.0f}",
        "More requests a second than ours",
        lambda other, ours: round(other.per_second) > round(ours.per_second),
    )


def _first_byte(found: Sequence[Kept]) -> str:
    return _served(
        found,
        "Milliseconds to the first byte of the body, with nobody else asking: less is better.",
        lambda one: f"{one.first * 1e3:.2f}",
        "An earlier first byte than ours",
        lambda other, ours: round(other.first, 5) < round(ours.first, 5),
    )


def _served(
    found: Sequence[Kept],
    caption: str,
    cell: Callable[[Served], str],
    title: str,
    is_ahead: Callable[[Served, Served], bool],
) -> str:
    rows, ahead = [], []
    for page in PAGES:
        for framework, stack in STACKS.items():
            for way in stack.ways:
                results = [kept.sent(framework, page, way) for kept in found]
                cells = ["-" if one is None else cell(one) for one in results]
                rows.append([page, framework, _marked(way), *cells])
            for ours in (way for way in stack.ways if way.startswith(MARK)):
                others = _ahead_of(found, framework, page, ours, is_ahead)
                if others:
                    ahead.append(f"- {page}, `{ours}`: {_listed(others)}")
    head = ["page", "framework", "way", *_pythons(found)]
    return _told(caption, [table(head, rows, 3)], title, ahead)


def _ahead_of(
    found: Sequence[Kept],
    framework: str,
    page: str,
    ours: str,
    is_ahead: Callable[[Served, Served], bool],
) -> dict[str, list[str]]:
    """The other ways that were ahead of one of ours, and with which Pythons."""
    others: dict[str, list[str]] = {}
    for way in STACKS[framework].ways:
        for kept in found:
            one, mine = kept.sent(framework, page, way), kept.sent(framework, page, ours)
            if one and mine and not way.startswith(MARK) and is_ahead(one, mine):
                others.setdefault(f"`{way}`", []).append(kept.python)
    return others


# -- engines


def _rows(found: Sequence[Kept]) -> str:
    rows = [
        [
            workload.name,
            "rows" if workload.rows else "pages",
            _marked(contestant),
            *(_per_second(workload, kept.timed(workload.name, contestant)) for kept in found),
        ]
        for workload in WORKLOADS
        for contestant in COMPARED
    ]
    head = ["workload", "a second", "way", *_pythons(found)]
    return "Rows, or pages, for each second of CPU time: more is better.\n\n" + table(head, rows, 3)


def _per_second(workload: Workload, one: Timed | None) -> str:
    return "-" if one is None else f"{_rounded((workload.rows or 1) / one.seconds):,}"


def _rounded(number: float) -> int:
    """With three digits that count."""
    return int(float(f"{number:.3g}"))


def _shares(found: Sequence[Kept]) -> str:
    parts, ahead = [], []
    for workload in WORKLOADS:
        size = f"{workload.rows:,} " if workload.rows else ""
        parts += [
            f"*{workload.name.capitalize()}*: {size}{workload.title}.",
            _table(found, workload),
        ]
        others = {
            contestant: versions
            for contestant in _contestants(found)
            if (versions := _faster(found, workload, contestant))
        }
        if others:
            ahead.append(f"- {workload.name}: {_listed(others)}")
    caption = (
        f"Time as a share of `{BASELINE}`'s with the same Python, less is faster: the median of\n"
        f"the rounds. In the row of `{BASELINE}`, the time of one render."
    )
    return _told(caption, parts, f"Faster than `{OURS}`", ahead)


def _table(found: Sequence[Kept], workload: Workload) -> str:
    rows: list[tuple[float, list[str]]] = []
    for contestant in _contestants(found):
        results = [kept.timed(workload.name, contestant) for kept in found]
        ratios = [one.ratio.middle for one in results if one is not None]
        if not ratios:
            continue
        if contestant == BASELINE:
            cells = ["-" if one is None else f"1 ({duration(one.seconds)})" for one in results]
        else:
            cells = ["-" if one is None else f"{one.ratio.middle:.2f}" for one in results]
        rows.append((geometric_mean(ratios), [_marked(contestant), *cells]))
    return table(["", *_pythons(found)], [row for _, row in sorted(rows)])


def _contestants(found: Iterable[Kept]) -> list[str]:
    labels = dict.fromkeys(one.contestant for kept in found for one in kept.engines)
    return [label for label in labels if not label.endswith(CONTROL)]


def _faster(found: Iterable[Kept], workload: Workload, contestant: str) -> list[str]:
    """The Pythons with which another engine was faster than our stream, as far as is shown."""
    versions = []
    for kept in found:
        one, ours = kept.timed(workload.name, contestant), kept.timed(workload.name, OURS)
        if one is None or ours is None or contestant.startswith(MARK):
            continue
        if round(one.ratio.middle, 2) < round(ours.ratio.middle, 2):
            versions.append(kept.python)
    return versions


# -- words


def _marked(name: str) -> str:
    return f"**{name}**" if name.startswith(MARK) else name


def _listed(others: Mapping[str, Sequence[str]]) -> str:
    return ", ".join(f"{name} ({', '.join(versions)})" for name, versions in others.items())


def _told(caption: str, parts: Sequence[str], title: str, ahead: Sequence[str]) -> str:
    """A table or more, below who is ahead of ours."""
    words = [f"{title}, with which Python:", "\n".join(ahead)] if ahead else [f"{title}: nobody."]
    return "\n\n".join([caption, *words, *parts])


def _conditions(found: Sequence[Kept]) -> str:
    """What the results were measured with."""
    lines = []
    for kept in found:
        versions = ", ".join(f"{name} {version}" for name, version in kept.versions.items())
        lines.append(f"- {kept.interpreter}, {kept.machine}: {versions}. `{kept.command}`")
    noise = [
        max(abs(one.ratio.middle - 1) for one in kept.engines if one.contestant.endswith(CONTROL))
        for kept in found
        if kept.engines
    ]
    lines += [
        "",
        f"`{BASELINE}` against itself was off by at most {max(noise, default=0):.0%} in the",
        "median of a workload's rounds: differences of that size mean nothing.",
    ]
    return "\n".join(lines)
