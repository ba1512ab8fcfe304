"""The documentation is built, and screens show all of each page. Needs the extra `docs`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from .driver import Browser

ROOT = Path(__file__).resolve().parents[2]
PHONE = 390
SCREENS = (PHONE, 1024, 1320)
"""Widths in CSS pixels; from 1008 and 1312 on, the theme has a sidebar more."""

WIDTH = "document.documentElement.scrollWidth"

CUT_OFF = """
[...document.querySelectorAll("article *")].filter(each => {
    const box = each.getBoundingClientRect();
    if (!box.width || box.right <= innerWidth + 1) return false;
    for (let around = each; around.matches("article *"); around = around.parentElement)
        if (["auto", "scroll"].includes(getComputedStyle(around).overflowX)) return false;
    return true;
}).map(each => each.outerHTML.slice(0, 80))
"""
"""What stands beyond the edge of the screen, and not in a box that scrolls."""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The pages as HTML; whatever Sphinx warns of is an error."""
    missing = [name for name in ("sphinx", "furo", "myst_parser") if find_spec(name) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed: pip install streamtmpl[docs]")
    target = tmp_path_factory.mktemp("html")
    command = [sys.executable, "-m", "sphinx", "-W", "-n", "-q", "-E", "docs", str(target)]
    built = subprocess.run(
        command, cwd=ROOT, encoding="utf-8", stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert built.returncode == 0, built.stdout
    return sorted(target.glob("*.html"))


@pytest.fixture
def window(chromium: Browser) -> Iterator[Browser]:
    yield chromium
    chromium.screen(0, 0)


def test_every_source_is_a_page(pages: list[Path]) -> None:
    sources = {path.stem for path in (ROOT / "docs").glob("*") if path.suffix in {".rst", ".md"}}
    assert sources <= {page.stem for page in pages}


def test_no_page_is_wider_than_the_screen(pages: list[Path], window: Browser) -> None:
    wrong = []
    for path in pages:
        page = window.open(path.as_uri())
        for screen in SCREENS:
            window.screen(screen, 844)
            width, cut_off = page.evaluate(WIDTH), page.evaluate(CUT_OFF)
            if width > screen or cut_off:
                wrong.append((path.name, screen, width, cut_off))
    assert wrong == []


@pytest.mark.parametrize(
    ("body", "width", "cut_off"),
    [
        ("<pre style='width: 600px'>wide</pre>", 600, 1),
        ("<div style='overflow: hidden'><pre style='width: 600px'>wide</pre></div>", PHONE, 1),
        ("<div style='overflow: auto'><pre style='width: 600px'>wide</pre></div>", PHONE, 0),
    ],
)
def test_what_is_too_wide_would_be_found(
    body: str, width: int, cut_off: int, window: Browser, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        "<!doctype html><meta name='viewport' content='width=device-width'>"
        f"<body style='margin: 0'><article>{body}</article>"
    )
    window.screen(PHONE, 844)
    shown = window.open(page.as_uri())
    assert shown.evaluate(WIDTH) == width
    assert len(shown.evaluate(CUT_OFF)) == cut_off


@pytest.mark.parametrize(
    ("features", "shown"),
    [
        ({}, "comes-in-light.gif"),
        ({"prefers_color_scheme": "dark"}, "comes-in-dark.gif"),
        ({"prefers_reduced_motion": "reduce"}, "partly.png"),
    ],
)
def test_the_start_page_shows_the_picture_that_is_wanted(
    features: dict[str, Any], shown: str, pages: list[Path], window: Browser
) -> None:
    window.screen(1024, 800, **features)
    page = window.open(f"{pages[0].with_name('index.html').as_uri()}?{shown}")
    pictures = page.evaluate(
        "[...document.querySelectorAll('figure img')].filter(each => each.offsetWidth)"
        ".map(each => each.src.split('/').pop())"
    )
    assert pictures == [shown]
