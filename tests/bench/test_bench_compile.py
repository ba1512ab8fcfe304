"""The compile benchmark compares equal work. No test here depends on how long anything takes."""

from __future__ import annotations

import time
from pathlib import Path
from random import Random

import jinja2
import pytest

from bench import compile as bench_compile
from bench.compile import ENGINES, LONG, STEPS, Entry, enter, main, measure, measure_long, met, text
from bench.pages import SHAPES, pages
from bench.workloads import WORKLOADS

FEW = {"a.html": "{% for n in rows %}<{{ n }}>{% endfor %}", "b.html": "{{ x }}"}


def test_a_hundred_pages_that_are_always_the_same() -> None:
    found = pages()
    assert len(found) == 100
    assert pages() == found
    for workload in WORKLOADS:
        for name, source in workload.sources.items():
            assert found[f"{workload.name}/{name}"] == source


@pytest.mark.parametrize("shape", SHAPES)
def test_pages_of_a_shape_differ_and_are_of_real_size(shape: str) -> None:
    sources = [source for name, source in pages().items() if name.startswith(shape)]
    assert len(set(sources)) == len(sources) == SHAPES[shape][1]
    assert all(25 <= source.count("\n") <= 300 for source in sources)
    assert not any("[%" in source or "[[" in source for source in sources)


def test_pages_have_what_templates_are_made_of() -> None:
    trees = [jinja2.Environment().parse(source) for source in pages().values()]
    for kind in (
        *(jinja2.nodes.Extends, jinja2.nodes.Include, jinja2.nodes.Import, jinja2.nodes.Macro),
        *(jinja2.nodes.CallBlock, jinja2.nodes.FilterBlock, jinja2.nodes.With, jinja2.nodes.Assign),
        *(jinja2.nodes.Filter, jinja2.nodes.Test, jinja2.nodes.CondExpr, jinja2.nodes.If),
    ):
        assert sum(tree.find(kind) is not None for tree in trees) >= 5, kind


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("label", ENGINES)
def test_every_step_is_taken(
    label: str, is_async: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = enter(ENGINES[label], FEW, tmp_path / "cache", is_async)
    assert len(list((tmp_path / "cache").iterdir())) == len(FEW)
    compiled: list[str] = []
    parse = jinja2.Environment._parse

    def watched(self: jinja2.Environment, source: str, *args: str | None) -> jinja2.nodes.Template:
        compiled.append(source)
        return parse(self, source, *args)

    monkeypatch.setattr(jinja2.Environment, "_parse", watched)
    code, loaded, cached = (entry.steps[step]("a.html") for step in STEPS)
    assert compiled == [FEW["a.html"]] * 2, "all but the bytecode cache compile"
    assert type(code) is type(test_every_step_is_taken.__code__)
    for template in (loaded, cached):
        assert isinstance(template, jinja2.Template)
        assert template.environment.is_async is is_async
        assert hasattr(template.root_render_func, "into") is (label == "streamtmpl")
        assert template.render(rows=[1, 2]) == "<1><2>"


def test_rounds(tmp_path: Path) -> None:
    entries = {label: enter(kind, FEW, tmp_path / label, False) for label, kind in ENGINES.items()}
    results = measure(entries, list(FEW), 3, Random())
    assert set(results) == {(label, step) for label in ENGINES for step in STEPS}
    for seconds in results.values():
        assert len(seconds) == 3
        assert min(seconds) > 0


def test_the_seconds_of_all_templates_are_added_up() -> None:
    def wait(name: str) -> None:
        begin = time.process_time()
        while time.process_time() - begin < {"short": 0.001, "long": 0.005}[name]:
            pass

    entry = Entry(dict.fromkeys(STEPS, wait), 0, 0)
    results = measure({"one": entry}, ["short", "long"], 1, Random())
    assert min(seconds for (seconds,) in results.values()) >= 0.006


def test_text() -> None:
    entries = {"Jinja2": Entry({}, 2000, 3000), "streamtmpl": Entry({}, 3000, 6000)}
    results = {
        (label, step): seconds
        for label, seconds in (("Jinja2", [0.01, 0.02]), ("streamtmpl", [0.02, 0.02]))
        for step in STEPS
    }
    long = {("Jinja2", "5 lines"): [1.0, 2.0], ("streamtmpl", "5 lines"): [1.5, 2.0]}
    long["Jinja2 (again)", "5 lines"] = [1.0, 2.0]
    lines = text(results, entries, {"a": "1\n2\n3", "b": "1"}, long).splitlines()
    assert lines[5:9] == [
        "|  | compile | load | load from the bytecode cache | generated source | bytecode |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        "| Jinja2 | 1 (7.5 ms) | 1 (7.5 ms) | 1 (7.5 ms) | 1 (1.0 kB) | 1 (1.5 kB) |",
        "| streamtmpl | 1.50 (1.25-1.75) | 1.50 (1.25-1.75) | 1.50 (1.25-1.75) | 1.50 | 2.00 |",
    ]
    assert lines[10:16] == [
        "Compiling one long template:",
        "",
        "|  | 5 lines |",
        "| --- | ---: |",
        "| Jinja2 | 1 (1.5 s) |",
        "| streamtmpl | 1.25 (1.12-1.38) |",
    ]
    assert lines[-1] == "Goal for streamtmpl: at most 1.5: met."
    results["streamtmpl", "load"] = [0.03, 0.03]
    assert not met(results)
    long["streamtmpl", "5 lines"] = [2.0, 4.0]
    results["streamtmpl", "load"] = [0.02, 0.02]
    lines = text(results, entries, {"a": "1\n2\n3", "b": "1"}, long).splitlines()
    assert lines[-1] == "Goal for streamtmpl: at most 1.5: MISSED."


def test_long_templates_are_as_long_as_they_are_called() -> None:
    lines = {size: made().count("\n") for size, made in LONG.items()}
    blocks = LONG["2,000 blocks"]().count("{% block")
    assert lines == {
        "500 lines": 500,
        "5,000 lines": 5000,
        "20,000 lines": 20000,
        "2,000 blocks": 6000,
    }
    assert blocks == 2000


@pytest.mark.parametrize("is_async", [False, True])
def test_long_templates_are_compiled_by_each_engine(is_async: bool) -> None:
    results = measure_long({"small": "{{ x }}"}, is_async, 2, Random())
    assert set(results) == {(label, "small") for label in ENGINES}
    assert all(len(seconds) == 2 and min(seconds) > 0 for seconds in results.values())


@pytest.mark.parametrize(("allowed", "code"), [(1e9, 0), (0.0, 1)])
def test_command(
    allowed: float,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(bench_compile, "pages", lambda: FEW)
    monkeypatch.setattr(bench_compile, "ALLOWED", allowed)
    monkeypatch.setattr(bench_compile, "LONG", {"5 lines": lambda: "{{ x }}\n" * 5})
    assert main(["--rounds", "1", "--output", str(tmp_path / "table.md")]) == code
    written = (tmp_path / "table.md").read_text(encoding="utf-8")
    assert written == capsys.readouterr().out
    assert "2 templates" in written
    assert f"at most {allowed:.1f}: {'MISSED' if code else 'met'}." in written
    assert "Command: `python -m bench.compile --rounds 1`" in written
