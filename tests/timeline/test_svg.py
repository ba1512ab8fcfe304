"""The timeline as a picture: what is in it, where, and that it is an SVG document for anybody."""

from __future__ import annotations

import math
import re
from itertools import combinations, pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamtmpl.observing import (
    BoundaryFailed,
    Chunk,
    Observer,
    RegionDropped,
    RegionFailed,
    RegionStarted,
    StreamClosed,
    StreamStarted,
    Waited,
)
from streamtmpl.timeline import Timeline
from streamtmpl.timeline.labels import placed
from streamtmpl.timeline.style import _COLOURS

from .told import PAGE, START, chunks, close, dashboard, start

SVG = "{http://www.w3.org/2000/svg}"
LEFT, RIGHT = 176, 784
"""Where the bars are."""


class Drawn:
    """A picture that has been parsed."""

    def __init__(self, svg: str) -> None:
        self.root = ElementTree.fromstring(svg)

    @property
    def texts(self) -> list[str]:
        return [text.text or "" for text in self.root.iter(f"{SVG}text")]

    def rects(self, kind: str) -> list[dict[str, float]]:
        """Those with a tip; samples in the key have none."""
        found = self.root.findall(f".//{SVG}rect[@class='{kind}'][{SVG}title]")
        names = ("x", "y", "width", "height")
        return [{name: float(rect.attrib[name]) for name in names} for rect in found]

    def tips(self, kind: str) -> list[str]:
        return [tip.text or "" for tip in self.root.findall(f".//*[@class='{kind}']/{SVG}title")]

    def marks(self, kind: str) -> int:
        """How many marks of a kind there are, but for the one in the key."""
        return len(self.root.findall(f".//*[@class='{kind}']")) - 1


def drawn(tell) -> Drawn:
    timeline = Timeline()
    tell(timeline)
    return Drawn(timeline.svg())


def x(seconds: float, whole: float = 2.352) -> float:
    return LEFT + seconds / whole * (RIGHT - LEFT)


def test_each_chunk_stands_where_it_has_left_and_is_as_tall_as_it_is_long() -> None:
    bars = drawn(dashboard).rects("chunk")
    middles = [bar["x"] + bar["width"] / 2 for bar in bars]
    times = [0.12, 1.12, 1.15, 1.18, 2.34, 2.35]
    assert middles == pytest.approx([x(time) for time in times], abs=0.2)
    heights = [bar["height"] for bar in bars]
    assert heights[1] == heights[2] == max(heights)
    assert heights[3] > heights[0] > heights[4] > heights[5] >= 4
    assert len({bar["y"] + bar["height"] for bar in bars}) == 1


def test_each_chunk_tells_when_how_much_and_why() -> None:
    tips = drawn(dashboard).tips("chunk")
    assert tips[0] == "1 chunk after 0.12 s, 3,920 bytes, cut because: a wait came next"
    assert tips[1] == "1 chunk after 1.12 s, 16.4 kB, cut because: enough had collected"
    assert tips[5] == "1 chunk after 2.35 s, 14 bytes, cut because: the end"


def test_waits_are_bars_within_the_bar_of_what_waits() -> None:
    picture = drawn(dashboard)
    (document,) = picture.rects("page")
    sales, deliveries, weather = picture.rects("region")
    in_sales, in_document = sorted(picture.rects("source"), key=lambda bar: bar["width"])
    short, long = sorted(picture.rects("await"), key=lambda bar: bar["width"])
    assert document["x"] == LEFT
    assert document["width"] == RIGHT - LEFT
    assert sales["x"] == pytest.approx(x(0.3), abs=0.1)
    assert sales["x"] + sales["width"] == pytest.approx(x(1.0), abs=0.2)
    assert in_document["x"] == pytest.approx(x(1.1 - 0.97), abs=0.1)
    assert in_document["width"] == pytest.approx(x(0.97) - LEFT, abs=0.2)
    for wait, bar in (in_document, document), (short, document), (in_sales, sales):
        assert bar["y"] < wait["y"]
        assert wait["y"] + wait["height"] < bar["y"] + bar["height"]
    assert long["y"] - deliveries["y"] == in_sales["y"] - sales["y"]
    assert document["y"] < sales["y"] < deliveries["y"] < weather["y"]


def test_long_waits_have_their_place_and_seconds_in_the_picture_and_in_the_list() -> None:
    texts = drawn(dashboard).texts
    for label in (
        "0.97 s at shop/dashboard.html:12",
        "0.50 s at shop/dashboard.html:22",
        "1.80 s at shop/dashboard.html:33",
        "0.10 s at shop/table.html:8",
    ):
        assert label in texts
    listed = texts[texts.index("Longest waits") + 1 :]
    assert listed[:3] == ["1.80 s", "shop/dashboard.html:33", "an await, in a region"]


def test_the_time_to_the_first_chunk_is_a_line_with_a_label() -> None:
    picture = drawn(dashboard)
    assert "first chunk after 0.12 s" in picture.texts
    line = picture.root.findall(f".//{SVG}path[@class='edge']")[0].attrib["d"]
    assert float(line[1:].split()[0]) == pytest.approx(x(0.12), abs=0.1)


def test_what_becomes_of_a_region_is_said_in_words_and_by_marks() -> None:
    picture = drawn(dashboard)
    for text in ("ready, 0.70 s", "timed out, 2.02 s", "failed, 0.52 s"):
        assert text in picture.texts
    assert "shop/parts.html:4: region 3 has failed with KeyError." in picture.texts
    assert picture.marks("ready") == 1
    assert picture.marks("wrong") == 2
    assert picture.tips("region")[2] == ("Region 3, shop/parts.html:4: failed: KeyError, 0.52 s")


def test_the_axis_has_units() -> None:
    texts = drawn(dashboard).texts
    assert [t for t in texts if re.fullmatch(r"[\d.]+ s", t)][:5] == [
        *("0 s", "0.5 s", "1.0 s", "1.5 s", "2.0 s")
    ]


def test_the_key_explains_what_is_there_and_only_that() -> None:
    whole = drawn(dashboard).texts
    for meaning in (
        "until the first chunk nobody sees anything",
        "a chunk leaves for the reader: the taller, the more text",
        "the page, from its start to its end",
        "a deferred region, beside the rest of the page",
        "waiting for the next item of a source",
        "waiting for something that is awaited",
        "a region is ready",
        "an error, or a region's time is over",
    ):
        assert meaning in whole
    assert "given up: nobody wants the rest" not in whole

    timeline = Timeline()
    start(timeline)
    timeline(StreamClosed(1, START + 1, "consumer", None))
    bare = Drawn(timeline.svg()).texts
    assert "given up: nobody wants the rest" in bare
    assert not any("chunk leaves" in text or "wait" in text or "region" in text for text in bare)


def test_who_does_not_see_it_is_told_what_it_shows() -> None:
    root = drawn(dashboard).root
    assert root.attrib["role"] == "img"
    named = [root.find(f".//*[@id='{each}']") for each in root.attrib["aria-labelledby"].split()]
    title, summary = (element.text for element in named if element is not None)
    assert title == "Timeline of shop/dashboard.html"
    assert summary == (
        "Complete after 2.35 s. First chunk after 0.12 s. 6 chunks, 46.4 kB."
        " The page waited 1.07 s. 3 deferred regions."
    )


def test_it_needs_nothing_from_elsewhere_and_runs_nothing() -> None:
    timeline = Timeline()
    dashboard(timeline)
    svg = timeline.svg()
    root = ElementTree.fromstring(svg)
    kinds = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert kinds <= {
        *("svg", "title", "desc", "style", "defs", "pattern", "rect", "circle", "path", "text")
    }
    addresses = set(re.findall(r"https?:[^\"']*", svg))
    assert addresses == {"http://www.w3.org/2000/svg"}
    ids = {element.attrib["id"] for element in root.iter() if "id" in element.attrib}
    assert set(re.findall(r"url\(#([^)]*)\)", svg)) <= ids
    assert "@import" not in svg


def test_pictures_in_one_page_have_ids_of_their_own() -> None:
    timeline = Timeline()
    dashboard(timeline, 1)
    dashboard(timeline, 2)
    ids = re.findall(r' id="([^"]*)"', timeline.html())
    assert len(ids) == len(set(ids)) == 8


def test_there_are_colours_for_both_surroundings_and_every_class_has_one() -> None:
    timeline = Timeline()
    dashboard(timeline)
    svg = timeline.svg()
    light, dark = svg.split("@media (prefers-color-scheme: dark)")
    for name in _COLOURS:
        assert f".streamtmpl .{name} {{" in light
        assert f".streamtmpl .{name} {{" in dark
    used = {name for names in re.findall(r'class="([^"]*)"', svg) for name in names.split()}
    styled = set(re.findall(r"\.streamtmpl \.([\w-]+) ", svg))
    assert used - {"streamtmpl"} <= styled


def linear(colour: str) -> list[float]:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def luminance(colour: str) -> float:
    red, green, blue = linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """As the Web Content Accessibility Guidelines define it."""
    dark, light = sorted(map(luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def colour(scheme: int, name: str, what: str = "fill") -> str:
    """Of a class of elements, in light (0) or dark (1) surroundings."""
    found = re.search(rf"{what}: #(\w+)", _COLOURS[name][scheme])
    assert found is not None
    return found[1]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_texts_and_marks_stand_out(scheme: int) -> None:
    ground = colour(scheme, "ground")
    for text in ("ink", "soft"):
        assert contrast(colour(scheme, text), ground) >= 4.5
    for edge in ("page", "region", "source", "await", "wrong", "edge"):
        assert contrast(colour(scheme, edge, "stroke"), ground) >= 3, edge
    assert contrast(colour(scheme, "chunk"), ground) >= 3
    assert contrast(colour(scheme, "source"), colour(scheme, "source-line", "stroke")) >= 3
    assert contrast(colour(scheme, "await"), colour(scheme, "await-dot")) >= 3


# What people see who lack one kind of cone, as factors of linear red, green and blue: the matrices
# of Machado, Oliveira and Fernandes (2009).
EYES = {
    "protanopia": (
        *((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216)),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        *((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413)),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        *((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602)),
        (0.004733, 0.691367, 0.303900),
    ),
}


def perceived(colour: str, eyes: str) -> list[float]:
    """As CIELAB, in which distances are differences that are seen; 2.3 is the least that is."""
    matrix = EYES[eyes]
    red, green, blue = (
        min(max(sum(map(float.__mul__, row, linear(colour))), 0.0), 1.0) for row in matrix
    )
    white = (
        (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505,
        0.2126 * red + 0.7152 * green + 0.0722 * blue,
        (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089,
    )
    x, y, z = (part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116 for part in white)
    return [116 * y - 16, 500 * (x - y), 200 * (y - z)]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("eyes", EYES)
def test_colours_are_told_apart_by_people_who_see_fewer(eyes: str, scheme: int) -> None:
    kinds = {
        "chunk": "fill",
        "source": "fill",
        "await": "fill",
        "region": "stroke",
        "wrong": "stroke",
    }
    seen = [perceived(colour(scheme, kind, what), eyes) for kind, what in kinds.items()]
    assert min(math.dist(one, other) for one, other in combinations(seen, 2)) > 15


names = st.text(st.characters(codec=None), max_size=100)


@settings(deadline=None)
@given(names, names, names)
def test_whatever_names_are_called_it_is_well_formed(template, region, block) -> None:
    timeline = Timeline()
    hostile = type(
        region.replace("\0", "").encode(errors="replace").decode() or "E", (Exception,), {}
    )
    timeline(StreamStarted(1, START, template, (block,)))
    timeline(Waited(1, START + 1, "source", template, 1, 1, None))
    timeline(RegionStarted(1, START + 0.5, region, template, 1))
    timeline(RegionFailed(1, START + 1, region, template, 1, hostile()))
    timeline(BoundaryFailed(1, START + 1, template, 1, hostile()))
    timeline(StreamClosed(1, START + 2, "error", hostile()))
    picture = Drawn(timeline.svg())
    assert len(picture.rects("region")) == 1
    assert {element.tag for element in picture.root.iter()} == {
        *(SVG + tag for tag in ("svg", "title", "desc", "style", "defs", "pattern")),
        *(SVG + tag for tag in ("rect", "circle", "path", "text")),
    }
    timeline.html().encode()


def test_names_are_escaped_in_the_page_too() -> None:
    timeline = Timeline()
    start(timeline, "<script>alert('&')</script>.html")
    close(timeline, 1)
    assert "<script" not in timeline.html()
    assert "&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;.html" in timeline.html()


def test_a_region_that_is_dropped() -> None:
    timeline = Timeline()
    start(timeline)
    timeline(RegionStarted(1, START + 0.1, "sales", PAGE, 3))
    timeline(RegionDropped(1, START + 0.5, "sales", PAGE, 3))
    timeline(StreamClosed(1, START + 0.5, "consumer", None))
    picture = Drawn(timeline.svg())
    assert "dropped, 400 ms" in picture.texts
    assert picture.marks("left") == 2  # that of the stream, too


def test_chunks_that_are_joined_are_counted() -> None:
    timeline = Timeline()
    start(timeline)
    end = chunks(timeline, 3000, 0.001)
    timeline(Chunk(1, end + 1, 50, 50, "end"))
    close(timeline, end - START + 1)
    tips = Drawn(timeline.svg()).tips("chunk")
    counts = [int(tip.split()[0]) for tip in tips]
    assert sum(counts) == 3001
    assert counts[-1] == 1
    assert max(counts) < 3001 / 10


labels = st.lists(
    st.tuples(st.floats(LEFT, RIGHT), st.floats(0, 10), st.text("abc字", min_size=1, max_size=50))
)


@settings(deadline=None)
@given(labels)
def test_labels_do_not_cover_each_other_and_stay_inside(wanted) -> None:
    kept = placed(wanted, LEFT, RIGHT, 0.0)
    width = {text: 6.8 * sum(2 if letter == "字" else 1 for letter in text) for *_, text in kept}
    for line in 0, 1:
        for first, second in pairwise(label for label in kept if label[1] == line):
            assert first[0] + width[first[2]] <= second[0]
    for begin, _, text in kept:
        assert begin >= LEFT
        assert begin + width[text] <= RIGHT + 0.1
    if wanted:
        heaviest = max(weight for _, weight, _ in wanted)
        assert any(text in [t for _, w, t in wanted if w == heaviest] for *_, text in kept)


def _pulls(observer: Observer) -> None:
    """A page of 10 s that waits for a tenth of them, in many pulls of 2 ms."""
    start(observer)
    for each in range(500):
        at = START + 0.02 * (each + 1)
        observer(Waited(1, at, "source", PAGE, 1, 0.002, None))
    close(observer, 10.0)


def test_bars_of_joined_waits_are_as_long_as_was_waited() -> None:
    widths = [bar["width"] for bar in drawn(_pulls).rects("source")]
    assert sum(widths) == pytest.approx((RIGHT - LEFT) / 10, rel=0.3)


def test_so_they_are_in_the_text() -> None:
    timeline = Timeline()
    _pulls(timeline)
    (page,) = [line for line in timeline.text().splitlines() if line.startswith("page ")]
    assert page.count("~") < page.count("=")
