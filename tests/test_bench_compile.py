"""The compile benchmark compares equal work. No test here depends on how long anything takes."""

from __future__ import annotations

from pathlib import Path
from random import Random

import jinja2
import pytest

from bench import compile as bench_compile
from bench.compile import ENGINES, STEPS, Entry, enter, main, measure, table
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
    entry = enter(label, FEW, tmp_path / "cache", is_async)
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
    entries = [
        enter(label, FEW, tmp_path / str(number), False) for number, label in enumerate(ENGINES)
    ]
    measure(entries, list(FEW), 2, Random())
    for entry in entries:
        assert [len(entry.seconds[step]) for step in STEPS] == [2, 2, 2]
        assert min(min(entry.seconds[step]) for step in STEPS) > 0


def test_table() -> None:
    baseline = Entry("Jinja2", {}, 2000, 3000, {step: [0.01, 0.02] for step in STEPS})
    ours = Entry("ours", {}, 3000, 6000, {step: [0.02, 0.02] for step in STEPS})
    assert table([baseline, ours], 10).splitlines() == [
        "|  | compile | load | load from the bytecode cache | generated source | bytecode |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        "| Jinja2 | 1 (1.5 ms) | 1 (1.5 ms) | 1 (1.5 ms) | 1 (0.2 kB) | 1 (0.3 kB) |",
        "| ours | 1.50 (1.25-1.75) | 1.50 (1.25-1.75) | 1.50 (1.25-1.75) | 1.50 | 2.00 |",
    ]


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
    assert main(["--rounds", "1", "--output", str(tmp_path / "table.md")]) == code
    written = (tmp_path / "table.md").read_text(encoding="utf-8")
    assert written == capsys.readouterr().out
    assert "2 templates" in written
    assert "Command: `python -m bench.compile --rounds 1`" in written


def test_command_refuses_no_rounds(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--rounds", "0"])
    assert "at least 1 round" in capsys.readouterr().err
