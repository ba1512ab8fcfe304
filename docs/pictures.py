"""Writes the pictures of the documentation: the dashboards, and the table.

    python -m docs.pictures

It runs docs/examples/dashboard, live and table at their own pace, and photographs them in
Chromium and Firefox, which must be installed, as soon as each part is there. It needs Pillow, which
comes with the extra 'bench', and the font Inter.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

from tests.adapters.http_client import fetch
from tests.adapters.launch import ROOT, free_port, module, running
from tests.browsers.driver import Browser, Page, browser

FOLDER = ROOT / "docs" / "_static"
DESKTOP, PHONE, WHOLE, TABLE = (1080, 1020), (390, 844), (1080, 1396), (1080, 760)
"""Width and height of windows; the whole page is in the last one."""

BAR = 44
"""Pixels of the bar with a clock, above the animated page."""

STEP, REST = 100, 3000
"""Milliseconds that a frame is shown, and the last one."""

BARS = {"light": ("#e6e2d8", "#1d2823", "#2f6b4f"), "dark": ("#2a332e", "#e8ece8", "#74bd97")}
"""The bar's colours: its ground, its text, and the line that grows."""

RESTS = """document.getAnimations().every(animation =>
    animation.animationName === 'wait' || animation.playState === 'finished')"""
"""Whether what has arrived is fully there; placeholders never rest."""


SOLD = "+document.querySelector('#figures dd').textContent"

Colour = tuple[int, int, int]


class Moment(NamedTuple):
    """What the page looks like from some time on: seconds since it was asked for."""

    time: float
    picture: Image.Image


def main() -> None:
    with example("live/app") as address, browser("chromium") as chromium:
        chromium.screen(900, 800, prefers_reduced_motion="reduce")
        page = chromium.open(address)
        sold = page.evaluate(SOLD)
        page.wait_for(f"{SOLD} === {sold + 2}")
        photograph_page(page, "events/live.png")
    with example("dashboard/flask_app") as address:
        with browser("firefox") as firefox:
            firefox.screen(*WHOLE)
            save(comes_in(firefox, address)[-1].picture, "deferred/complete-firefox.png")
        with browser("chromium") as chromium:
            photograph(chromium, address)
    with example("table/app") as address, browser("chromium") as chromium:
        chromium.screen(*TABLE, prefers_color_scheme="light")
        photograph_page(chromium.open(f"{address}?sort=-euros&page=2"), "parts/table.png")


@contextmanager
def example(app: str) -> Iterator[str]:
    """Run an example in Flask, without htmx; gives its address."""
    port = free_port()
    command = module("flask", "--app", f"docs/examples/{app}", "run", "--port", str(port))
    variables = {"HTMX": "data:text/javascript,"}
    with (
        tempfile.TemporaryDirectory() as name,
        running(command, port, Path(name) / "log", variables),
    ):
        fetch(port)  # the first one also compiles the templates
        yield f"http://127.0.0.1:{port}/"


def photograph_page(page: Page, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.png"
        page.screenshot(file)
        save(Image.open(file).convert("RGB"), name)


def photograph(chromium: Browser, address: str) -> None:
    for scheme in BARS:
        chromium.screen(*DESKTOP, prefers_color_scheme=scheme, prefers_reduced_motion="reduce")
        moments = comes_in(chromium, f"{address}?{scheme}")
        animate(moments, scheme)
        if scheme == "light":
            for moment, name in ((0, "shell"), (2, "partly"), (-1, "complete")):
                save(moments[moment].picture, f"deferred/{name}.png")
        if scheme == "dark":
            chromium.screen(*PHONE, prefers_color_scheme=scheme, prefers_reduced_motion="reduce")
            shell, figures, *_, complete = comes_in(chromium, f"{address}?phone")
            save(beside(shell.picture, figures.picture, complete.picture), "deferred/phone.png")


def comes_in(opened: Browser, address: str) -> list[Moment]:
    """The page without its parts, and after each of them."""
    start = perf_counter()
    page = opened.open(address, wait=False)
    page.wait_for("document.querySelector('footer p')")
    waiting = "document.querySelectorAll('[aria-busy]').length"
    moments = []
    with tempfile.TemporaryDirectory() as name:
        for left in reversed(range(page.evaluate(waiting) + 1)):
            page.wait_for(f"{waiting} === {left}")
            time = perf_counter() - start
            page.wait_for(RESTS)
            file = Path(name) / "page.png"
            page.screenshot(file)
            moments.append(Moment(time, Image.open(file).convert("RGB")))
    return moments


def beside(*pictures: Image.Image) -> Image.Image:
    """The pictures in a row, on white."""
    gap = 24
    width, height = pictures[0].size
    row = Image.new("RGB", ((width + gap) * len(pictures) - gap, height), "white")
    for number, picture in enumerate(pictures):
        row.paste(picture, ((width + gap) * number, 0))
    return row


class Palette:
    """The most frequent colours of a picture: pages have few, and those are kept as they are."""

    def __init__(self, picture: Image.Image, most: int) -> None:
        counted = Counter(pixels(picture)).most_common(most)
        self._colours = [colour for colour, _ in counted]
        self._places = {colour: place for place, colour in enumerate(self._colours)}

    def apply(self, picture: Image.Image) -> Image.Image:
        """The picture in these colours, each of its own replaced by the nearest."""
        for colour in set(pixels(picture)) - self._places.keys():
            distances = [distance(colour, each) for each in self._colours]
            self._places[colour] = distances.index(min(distances))
        places = bytes(self._places[colour] for colour in pixels(picture))
        result = Image.frombytes("P", picture.size, places)
        result.putpalette([part for colour in self._colours for part in colour])
        return result


def distance(one: Colour, other: Colour) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def pixels(picture: Image.Image) -> Iterable[Colour]:
    parts = iter(picture.tobytes())
    return zip(parts, parts, parts, strict=True)


def save(picture: Image.Image, name: str | Path) -> None:
    Palette(picture, 128).apply(picture).save(FOLDER / name, optimize=True)


def animate(moments: list[Moment], scheme: str) -> None:
    """The page as it comes in, in its own time, as a GIF."""
    (_, shell), *later = moments
    end = moments[-1].time
    # All frames have the palette of the last one, so that only what changes is in the file.
    last = with_clock(moments[-1].picture, end, 1, scheme)
    palette = Palette(last, 96)
    frames = []
    for step in range(int(end * 1000 / STEP) + 1):
        time = step * STEP / 1000
        picture = [shell, *(moment.picture for moment in later if moment.time <= time)][-1]
        frames.append(with_clock(picture, time, time / end, scheme))
    few = [palette.apply(frame) for frame in (*frames, last)]
    few[0].save(
        FOLDER / f"deferred/comes-in-{scheme}.gif",
        save_all=True,
        append_images=few[1:],
        duration=[STEP] * len(frames) + [REST],
        loop=0,
        disposal=1,
        optimize=False,
    )


def with_clock(page: Image.Image, time: float, share: float, scheme: str) -> Image.Image:
    """The page below a bar with its address, the time and a line that grows."""
    ground, ink, accent = BARS[scheme]
    frame = Image.new("RGB", (page.width, page.height + BAR), ground)
    frame.paste(page, (0, BAR))
    draw, font = ImageDraw.Draw(frame), ImageFont.load_default(17)
    draw.text((32, BAR / 2 - 1), "localhost:5000", ink, font, anchor="lm")
    draw.text((page.width - 32, BAR / 2 - 1), f"{time:.1f} s", ink, font, anchor="rm")
    draw.rectangle((0, BAR - 3, share * page.width, BAR - 1), fill=accent)
    return frame


if __name__ == "__main__":
    main()
