"""The benchmark compares equal work. No test here depends on how long anything takes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import Environment

from bench import __main__ as command
from bench.__main__ import main
from bench.contest import Contestant, OutputsDiffer, Score, check_equal, enter
from bench.peers.installed import KNOWN, MISSING, PEERS, Known, find
from bench.report import Report, duration, markdown
from bench.ways import Peer, Whole
from bench.workloads import MAIN, WORKLOADS, Context, truncate

ROOT = Path(__file__).resolve().parents[2]
BY_NAME = {workload.name: workload for workload in WORKLOADS}


@pytest.mark.parametrize("name", BY_NAME)
def test_all_peers_render_the_same(name: str) -> None:
    workload = BY_NAME[name]
    check_equal(workload, enter(PEERS, workload), workload.build())


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_consuming_reads_every_context_to_its_end(peer: Peer) -> None:
    workload = BY_NAME["rows from a generator"]
    make = workload.build()
    for contestant in enter([peer], workload):
        contexts = [make(), make()]
        contestant.way.consume(contexts)
        for context in contexts:
            rows = context["rows"]
            assert isinstance(rows, Iterator)
            assert next(rows, None) is None, contestant.label


def test_the_real_page_is_what_it_claims() -> None:
    workload = BY_NAME["real page"]
    page = enter(PEERS, workload)[0].way.output(workload.build()())
    assert page.count("<article ") == 30
    assert page.count("<label>") == 50
    blocks = {
        name: len(re.findall("{%-? block ", workload.sources[name])) for name in workload.sources
    }
    assert blocks == {"base.html": 6, MAIN: 4, "product.html": 0, "forms.html": 0}


def test_truncate_cuts_as_jinja2_does() -> None:
    text = "Zinc-plated steel screw with a hexagon head"
    template = Environment().from_string("{{ text|truncate(length) }}")
    for length in range(3, len(text) + 2):
        assert truncate(text, length) == template.render(text=text, length=length)


def test_every_known_peer_is_installed_or_missing() -> None:
    installed = [peer.name for peer in PEERS]
    assert installed == [name for name in KNOWN if name not in MISSING]
    assert installed[:2] == ["Jinja2", "streamtmpl"]


def test_a_peer_that_is_not_installed_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "bench.peers.mako", raising=False)
    for module in ("mako", "mako.lookup", "mako.template"):
        monkeypatch.setitem(sys.modules, module, None)
    peers, missing = find()
    assert "Mako" in missing
    assert [peer.name for peer in peers] == [peer.name for peer in PEERS if peer.name != "Mako"]


def test_a_peer_file_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KNOWN, "Nothing", Known("nothing"))
    with pytest.raises(ModuleNotFoundError, match=r"bench\.peers\.nothing"):
        find()


def test_django_takes_part_without_settings() -> None:
    """Other tests in this process may need settings of their own."""
    pytest.importorskip("django", reason="the peers come with the bench extra")
    script = """
from bench.peers.django import PEER
from bench.workloads import WORKLOADS
for workload in WORKLOADS:
    PEER.ways["render"](workload).output(workload.build()())
from django.conf import settings
assert not settings.configured
"""
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)


def test_different_output_is_an_error_that_shows_where() -> None:
    workload = BY_NAME["one line"]
    same = Contestant("same", Whole(lambda context: "Hello World!"))
    other = Contestant("other", Whole(lambda context: "Hello there!"))
    check_equal(workload, [same, same], workload.build())
    with pytest.raises(OutputsDiffer) as caught:
        check_equal(workload, [same, other], workload.build())
    assert str(caught.value) == (
        "one line: other differs from same at character 6: 'there!' instead of 'World!'"
    )


def test_shorter_output_is_an_error() -> None:
    workload = BY_NAME["one line"]
    whole = Contestant("whole", Whole(lambda context: "Hello World!"))
    cut = Contestant("cut", Whole(lambda context: "Hello"))
    with pytest.raises(OutputsDiffer, match="at character 5"):
        check_equal(workload, [whole, cut], workload.build())


def test_table() -> None:
    found = Report(
        command="python -m bench",
        machine="a processor, 2 cores",
        python="CPython 3.11.7",
        versions={"Jinja2": "3.1.6"},
        workloads={"table of numbers": "integers", "real page": "a page"},
        scores=[
            Score("table of numbers", "Jinja2 render", (0.002, 0.004, 0.002), (1.0, 1.0, 1.0)),
            Score("table of numbers", "ours", (0.001, 0.001, 0.001), (0.5, 0.25, 0.75)),
            Score("real page", "Jinja2 render", (0.0005,), (1.0,)),
        ],
    )
    assert markdown(found).splitlines()[3:7] == [
        "|  | table of numbers | real page |",
        "| --- | ---: | ---: |",
        "| Jinja2 render | 1 (2 ms) | 1 (500 \N{MICRO SIGN}s) |",
        "| ours | 0.50 (0.38-0.62) | - |",
    ]
    assert "Machine: a processor, 2 cores. CPython 3.11.7; Jinja2 3.1.6." in markdown(found)
    assert "Rounds, by column: 3, 1." in markdown(found)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(1.5, "1.5 s"), (0.01234, "12.3 ms"), (7e-6, "7 \N{MICRO SIGN}s")],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_command_writes_table_and_rounds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, rounds = tmp_path / "table.md", tmp_path / "rounds.json"
    code = main(
        ["--workloads", "One line", "--rounds", "2", "--output", str(table), "--json", str(rounds)]
    )
    assert code == 0
    assert table.read_text(encoding="utf-8") == capsys.readouterr().out
    scores = json.loads(rounds.read_text(encoding="utf-8"))["scores"]
    labels = [contestant.label for contestant in enter(PEERS, BY_NAME["one line"])]
    labels.insert(1, "Jinja2 render (again)")
    assert [score["contestant"] for score in scores] == labels
    assert all(len(score["ratios"]) == 2 for score in scores)


def test_command_measures_chosen_peers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--peers", "STREAMTMPL", "--workloads", "one line", "--rounds", "1"]) == 0
    captured = capsys.readouterr()
    rows = re.findall(r"^\| (\w+) .* \|$", captured.out, flags=re.MULTILINE)
    assert set(rows) == {"Jinja2", "streamtmpl"}
    assert (
        "`python -m bench --peers Jinja2,streamtmpl --workloads 'one line' --rounds 1`"
        in captured.out
    )
    assert "left out" not in captured.err


def test_command_names_what_is_not_installed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "PEERS", PEERS[:1])
    monkeypatch.setattr(command, "MISSING", ("Mako",))
    assert main(["--workloads", "one line", "--rounds", "1"]) == 0
    assert (
        "left out: Mako is not installed; install it with: pip install -e '.[bench]'\n"
        in capsys.readouterr().err
    )
    with pytest.raises(SystemExit):
        main(["--peers", "Mako"])
    assert "Mako is not installed; install it with: pip install" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--workloads", "dicts,W9"],
            "no workload w9; there are table of numbers, rows to escape, ",
        ),
        (["--peers", "Mako,Nothing"], "no peer Nothing; there are Jinja2, streamtmpl, Bottle, "),
        (["--output", "no-such-directory/table.md"], "there is no directory no-such-directory"),
        (["--rounds", "0"], "at least 1 round is needed"),
        (["--seconds", "-1"], "a number of seconds above 0 is needed"),
        (["--rounds", "1", "--seconds", "1"], "not allowed with argument"),
    ],
)
def test_command_refuses(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_plot_without_matplotlib_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "bench.plot", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(SystemExit, match=r"matplotlib.*pip install -e '\.\[bench\]'"):
        main(["--plot", "never.svg"])


def test_plot_is_written_twice(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the plot is drawn only with the bench extra")
    main(["--workloads", "one line", "--rounds", "1", "--plot", str(tmp_path / "ratios.v1")])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ratios.v1.png", "ratios.v1.svg"]


def test_contexts_are_independent() -> None:
    for workload in WORKLOADS:
        make = workload.build()
        first: Context = make()
        assert make() is not first
        assert make().keys() == first.keys()
