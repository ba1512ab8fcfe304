"""The measuring commands of bench/ at tiny sizes. No test depends on how long anything takes."""

from __future__ import annotations

import json
import sys
import time
import zlib
from argparse import ArgumentParser
from contextlib import closing
from functools import partial
from importlib.util import find_spec
from random import Random

import pytest
from jinja2 import DictLoader

from bench import chunk_sizes, contest, first_chunk, growth, memory, nesting, regions
from bench.command import counts, listed, run
from bench.contest import OutputsDiffer, Score, check_equal, enter
from bench.findings import Findings, Panel, Point, exact
from bench.growth import Block, Growth
from bench.rounds import Spread, interleaved
from bench.ways import AsyncPieces, Pieces, Whole
from bench.wire import GZIP, compressed, frame, framing_size
from bench.workloads import MAIN
from streamtmpl import StreamEnvironment, render_stream

TINY = {
    growth: ["--rows", "10,100", "--rounds", "1", "--nested-rows", "10", "--seconds", "0.001"],
    first_chunk: ["--rows", "10,100", "--rounds", "1", "--starts", "2"],
    chunk_sizes: ["--rows", "300", "--rounds", "1"],
}

needs_matplotlib = pytest.mark.skipif(
    find_spec("matplotlib") is None, reason="plots are drawn only with the bench extra"
)


@pytest.fixture(autouse=True)
def short_blocks(monkeypatch):
    """Blocks that are too short to tell anything, so that a command takes no time."""
    monkeypatch.setattr(contest, "BLOCK_SECONDS", (0.0005, 0.001))


def results_of(module, tmp_path, capsys):
    """Run a command; give its exit code, text and results."""
    table, results = tmp_path / "table.md", tmp_path / "results.json"
    code = module.main([*TINY[module], "--output", str(table), "--json", str(results)])
    printed = capsys.readouterr().out
    assert table.read_text(encoding="utf-8") == printed
    data = json.loads(results.read_text(encoding="utf-8"))
    assert f"Command: `{data['command']}`\n" in printed
    assert f"Machine: {data['machine']}. {data['python']}; Jinja2 " in printed
    return code, printed, data["results"]


class TestWire:
    def test_frame(self):
        assert frame(b"Hello") == b"5\r\nHello\r\n"
        assert frame(26 * b"x") == b"1a\r\n" + 26 * b"x" + b"\r\n"

    def test_an_empty_chunk_would_end_the_message(self):
        assert frame(b"") == b""

    def test_framing_size(self):
        # A digit and two line ends, two digits and two line ends, nothing, the last chunk.
        assert framing_size([b"Hello", 16 * b"x", b""]) == (1 + 4) + (2 + 4) + 0 + 5
        assert framing_size([]) == len(b"0\r\n\r\n")

    def test_every_compressed_chunk_can_be_read_on_arrival(self):
        chunks = [b"<table>", b"", b"<tr><td>1", b"<tr><td>2", b"</table>"]
        reader = zlib.decompressobj(wbits=GZIP)
        arrived = [reader.decompress(chunk) for chunk in compressed(chunks)]
        assert arrived == [chunk for chunk in chunks if chunk] + [b""]
        assert reader.eof


class TestChunkSizes:
    def test_larger_chunks_are_fewer_and_cost_fewer_bytes(self, tmp_path, capsys):
        code, _, found = results_of(chunk_sizes, tmp_path, capsys)
        assert code == 0
        wires = [entry["wire"] for entry in found.values()]
        assert {wire["body"] for wire in wires} == {wires[0]["body"]}
        for key in ("chunks", "framing"):
            values = [wire[key] for wire in wires]
            assert values == sorted(values, reverse=True)
            assert values[0] > values[1] > values[2] > values[-1]
        assert wires[0]["compressed"] > wires[1]["compressed"] > wires[-1]["compressed"]
        assert all(entry["times"][0]["rendering"] > 0 for entry in found.values())

    def test_chunks_are_those_of_the_template(self):
        found = chunk_sizes.measure([0], 300, 1, Random())
        assert {label: wire.chunks for label, wire in found.wires.items()} == {
            "Jinja2 generate": 2 + 300 * 9,  # four cells have five texts around them
            "streamtmpl stream, every boundary": 300 + 1,  # the end of the table
            "streamtmpl render": 1,
        }

    def test_framing_of_the_whole_page(self):
        wire = chunk_sizes.Wire.of([b"Hello", b"", b"World"])
        assert (wire.chunks, wire.body, wire.framing) == (2, 10, 5 + 5 + 5)

    def test_different_pages_are_an_error(self):
        pages = {chunk_sizes.PIECES: [b"a", b"b"], "other": [b"ab"]}
        chunk_sizes.check_equal(pages)
        with pytest.raises(OutputsDiffer, match="wrong gives another page"):
            chunk_sizes.check_equal({**pages, "wrong": [b"ba"]})


class TestNesting:
    @pytest.mark.parametrize("label", growth.LOADS)
    def test_all_templates_render_the_same(self, label):
        workload = nesting.workload(7)
        contestants = enter([nesting.nested(label, growth.LOADS[label])], workload)
        assert len(contestants) == 1 + len(nesting.NESTED)
        make = workload.build()
        check_equal(workload, contestants, make)
        assert contestants[0].way.output(make()).count("<tr>") == 7

    @pytest.mark.parametrize("title", nesting.NESTED)
    def test_rows_leave_one_by_one_however_deep(self, title):
        with render_stream(template(title), nested_rows(7), chunk_size=0) as stream:
            assert sum(chunk.count("<tr>") == 1 for chunk in stream) == 7

    @pytest.mark.parametrize(
        ("title", "tag"),
        [
            ("20 extends", "{% extends"),
            ("20 super()", "{{ super() }}"),
            ("20 includes", "{% include"),
            ("20 macros", "{% macro"),
            ("20 caller()", "{% call "),
        ],
    )
    def test_templates_are_as_deep_as_they_claim(self, title, tag):
        depth = int(title.split()[0])
        assert sum(source.count(tag) for source in nesting.NESTED[title].values()) == depth


def template(title):
    loader = DictLoader(nesting.NESTED[title])
    return StreamEnvironment(loader=loader, autoescape=True).get_template(MAIN)


def nested_rows(count):
    return nesting.workload(count).build()()


class TestGrowth:
    def test_the_command(self, tmp_path, capsys):
        code, printed, found = results_of(growth, tmp_path, capsys)
        assert ("missed" in printed) == bool(code)
        assert [(each["way"], each["rows"]) for each in found["growth"]] == [
            (label, rows) for label in growth.LOADS for rows in (10, 100)
        ]
        # Every block renders as many rows as the longest page has.
        assert {block["rows"] for each in found["growth"] for block in each["blocks"]} == {100}
        assert found["nesting"].keys() == growth.LOADS.keys()

    def test_rows_note_the_time_at_each_tenth(self, monkeypatch):
        clock = iter(range(100))
        monkeypatch.setattr(time, "process_time", lambda: next(clock))
        marks = [12.5]
        rows = list(growth.marked_rows(25, marks))
        assert len(rows) == 25
        assert marks == list(range(11))
        assert len({len(str(row["id"])) for row in rows}) == 1

    def test_last_over_first(self):
        assert Block(100, 10.0, [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 21]).last_over_first == 1.5

    @pytest.mark.parametrize("last", [1.0, 1.2])
    @pytest.mark.parametrize("nested", [1.0, 1.2])
    def test_goals(self, last, nested):
        block = Block(10, 1.0, [0, 1, *range(2, 10), 9 + last])
        scores = [score("flat", 1.0), score("flat (again)", 1.3)]
        scores += [score(title, nested) for title in nesting.NESTED]
        found = Growth(
            [10],
            {(label, 10): [block] for label in growth.LOADS},
            dict.fromkeys(growth.LOADS, scores),
        )
        missed = found.missed()
        assert ("streamtmpl stream: the last tenth takes 1.20 times the first" in missed) == (
            last > 1.1
        )
        assert (
            "streamtmpl stream async: 20 macros take 1.20 times the flat template" in missed
        ) == (nested > 1.1)
        assert bool(missed) == (max(last, nested) > 1.1)
        assert not [words for words in missed if "Jinja2" in words or "flat (again)" in words]


def score(label, ratio):
    return Score("nesting", label, (ratio,), (ratio,))


class TestFirstChunk:
    def test_the_command(self, tmp_path, capsys):
        code, printed, found = results_of(first_chunk, tmp_path, capsys)
        assert code == 0
        assert "|  | 10 rows | 100 rows |" in printed
        labels = {each["contestant"] for each in found}
        assert labels > {"streamtmpl stream", "Jinja2 generate", "Jinja2 render"}
        assert len(found) == 2 * len(labels)
        assert all(each["seconds"][0] > 0 for each in found)

    @pytest.mark.parametrize("is_async", [False, True])
    def test_a_stream_is_timed_until_its_first_piece_and_closed(self, is_async):
        happened = []

        def pieces(context):
            happened.append(context)
            try:
                yield "a"
                happened.append("never asked for")
            finally:
                happened.append("closed")

        async def async_pieces(context):
            with closing(pieces(context)) as items:
                for item in items:
                    yield item

        stream = AsyncPieces(async_pieces) if is_async else Pieces(pieces)
        first_chunk.seconds_to_first(stream, {"n": 1}, 2)
        assert happened == [{"n": 1}, "closed"] * 2

    def test_a_whole_page_is_timed_as_a_whole(self):
        rendered = []

        def render(context):
            rendered.append(context)
            return ""

        first_chunk.seconds_to_first(Whole(render), {"n": 1}, 3)
        assert rendered == [{"n": 1}] * 3

    def test_first_chunks_hold_the_head(self):
        """Those that stream are compared at about the same amount of text."""
        environment = StreamEnvironment(autoescape=True)
        with render_stream(
            environment.from_string(first_chunk.SOURCE), first_chunk.page(1000)
        ) as stream:
            first = next(stream)
        assert first.startswith(first_chunk.HEAD)
        assert first.count("<tr>") == 1


class TestRounds:
    def test_spread(self):
        assert Spread.of([5, 1, 4, 2, 3]) == Spread(3, 2, 4)
        assert Spread.of([7]) == Spread(7, 7, 7)
        assert f"{Spread(1.0, 0.5, 2.0).scaled(2):.1f}" == "2.0 (1.0-4.0)"

    def test_every_task_runs_once_a_round_in_changing_order(self):
        ran = []

        def task(name):
            ran.append(name)
            return len(ran)

        tasks = {name: partial(task, name) for name in "abcdef"}
        results = interleaved(tasks, 4, Random(1))
        rounds = [ran[at : at + 6] for at in range(0, 24, 6)]
        assert [sorted(each) for each in rounds] == [list("abcdef")] * 4
        assert len({tuple(each) for each in rounds}) > 1
        assert results == {
            name: [at + 1 for at, each in enumerate(ran) if each == name] for name in "abcdef"
        }


class TestCommand:
    def test_numbers_of_rows(self):
        assert counts("100,10,100") == [10, 100]
        assert counts(listed([1, 20])) == [1, 20]

    @pytest.mark.parametrize("goals_met", [True, False])
    def test_exit_code(self, goals_met, capsys):
        found = Findings("python -m bench.this", "a table", {}, [], goals_met)
        assert run(ArgumentParser(), lambda chosen: found, []) == (0 if goals_met else 1)
        assert capsys.readouterr().out.startswith("a table\n\nMachine: ")

    @pytest.mark.parametrize("module", [*TINY, memory])
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["--rows", "0"], "at least 1 is needed"),
            (["--output", "no-such-directory/x.md"], "there is no directory no-such-directory"),
        ],
    )
    def test_refuses(self, module, arguments, message, capsys):
        with pytest.raises(SystemExit) as caught:
            module.main(arguments)
        assert caught.value.code == 2
        assert message in capsys.readouterr().err

    @pytest.mark.parametrize("module", [*TINY, memory])
    def test_a_missing_matplotlib_is_told_before_measuring(self, module, monkeypatch, capsys):
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        monkeypatch.setattr(module, "_measure", lambda chosen: pytest.fail("it measures"))
        with pytest.raises(SystemExit) as caught:
            module.main(["--plot", "never.svg"])
        assert caught.value.code == 1
        assert "pip install -e '.[bench]'" in capsys.readouterr().err


@needs_matplotlib
class TestPlots:
    PANELS = (
        Panel("a", "rows", "time", {"one": [Point(1, 2, 1, 3), exact(10, 2)]}, log_y=True),
        Panel("b", "size", "n", {"two": [exact(0, 1)]}, names=["s"], levels={"one": 2}, unit="B"),
    )

    def test_the_same_panels_are_the_same_file(self, tmp_path):
        from bench.panel_plot import draw  # noqa: PLC0415 - needs matplotlib

        first, second = tmp_path / "first", tmp_path / "second"
        for folder in (first, second):
            folder.mkdir()
            draw(self.PANELS, "a machine", folder / "plot.v1.svg")
        for name in ("plot.v1.png", "plot.v1.svg"):
            assert (first / name).read_bytes() == (second / name).read_bytes()
        assert b"<svg" in (first / "plot.v1.svg").read_bytes()

    @pytest.mark.parametrize("module", TINY)
    def test_commands_draw(self, module, tmp_path):
        module.main([*TINY[module], "--plot", str(tmp_path / "plot.svg")])
        assert sorted(path.name for path in tmp_path.iterdir()) == ["plot.png", "plot.svg"]


def test_regions(capsys: pytest.CaptureFixture[str]) -> None:
    assert regions.main(["--rows", "1,2", "--rounds", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "bytes of markup for each region" in lines[2]
    assert 0 < float(lines[2].partition(" ")[0]) <= 80
    assert [line.partition(" | ")[0] for line in lines[4:]] == [
        "| rows",
        "| ---:",
        "| 1",
        "| 2",
    ]


def test_the_pages_of_regions_are_the_same_text() -> None:
    env = StreamEnvironment(autoescape=True)
    texts = {
        env.from_string(page).render(regions.data(2)) for page in (regions.PAGE, regions.PLAIN)
    }
    assert len(texts) == 1
