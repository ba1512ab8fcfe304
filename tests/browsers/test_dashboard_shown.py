"""The dashboard of the documentation as a browser shows it, while it comes and in the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette", reason="the extra 'starlette' is not installed")
pytest.importorskip("uvicorn", reason="uvicorn is not installed: see the extra 'servers'")

from tests.adapters.launch import free_port, module, running

from .driver import Browser, Page

PARTS = ("figures", "hours", "deliveries", "orders")
WAITING = "document.querySelectorAll('[aria-busy]').length"
TOO_WIDE = "document.documentElement.scrollWidth - innerWidth"
PLACES = """[...document.querySelectorAll('section, footer')].map(element => {
    const box = element.getBoundingClientRect()
    return [box.x, box.y, box.width, box.height].map(Math.round)
})"""
COLOURS = """['ink', 'quiet', 'accent', 'mark', 'card', 'paper'].map(name => {
    document.body.style.color = `var(--${name})`
    return getComputedStyle(document.body).color.match(/[0-9]+/g).map(Number)
})"""


class Dashboard:
    """The dashboard behind a server, opened in a browser; its queries wait."""

    def __init__(self, browser: Browser, address: str, gates: Path) -> None:
        self._browser, self._address, self._gates = browser, address, gates

    def begin(self, width: int, path: str = "", **features: str) -> Page:
        """The page, when all of it is there but for its regions."""
        self._browser.screen(width, 800, **features)
        page = self._browser.open(self._address + path, wait=False)
        page.wait_for("document.querySelector('footer p')")
        return page

    def let(self, *parts: str) -> None:
        """Let these queries through, and those that begin later."""
        for part in parts:
            (self._gates / part).touch()


@pytest.fixture
def dashboard(chromium: Browser, tmp_path: Path) -> Iterator[Dashboard]:
    port = free_port()
    command = module("uvicorn", "tests.adapters.apps.gated_dashboard:app", "--port", str(port))
    variables = {"DASHBOARD": "starlette_app", "GATES": str(tmp_path)}
    with running(command, port, tmp_path / "log", variables):
        opened = Dashboard(chromium, f"http://127.0.0.1:{port}/", tmp_path)
        yield opened
        opened.let(*PARTS)
        chromium.screen(0, 0)


@pytest.mark.parametrize("path", ["", "?fail=1"])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_too_wide_or_moves_when_a_region_comes(
    width: int, path: str, dashboard: Dashboard
) -> None:
    page = dashboard.begin(width, path)
    assert page.evaluate("innerWidth") == width
    assert page.evaluate(WAITING) == 4
    places = page.evaluate(PLACES)
    assert len(places) == 5
    for waiting, part in zip((3, 2, 1, 0), reversed(PARTS), strict=True):
        assert page.evaluate(TOO_WIDE) <= 0
        dashboard.let(part)
        page.wait_for(f"{WAITING} === {waiting}")
        assert page.evaluate(PLACES) == places
    page.wait_until_loaded()
    assert page.evaluate(TOO_WIDE) <= 0
    assert page.evaluate("document.querySelectorAll('tbody tr').length") == 8


def test_the_table_is_scrolled_in_its_box(dashboard: Dashboard) -> None:
    dashboard.let(*PARTS)
    page = dashboard.begin(390)
    page.wait_until_loaded()
    scrolls = "document.querySelector('.scrolls')"
    assert page.evaluate(f"{scrolls}.scrollWidth > {scrolls}.clientWidth")
    assert page.evaluate(f"{scrolls}.tabIndex") == 0  # so that keys scroll it


def test_text_can_be_read_in_the_light_and_in_the_dark(dashboard: Dashboard) -> None:
    dashboard.let(*PARTS)
    papers = []
    for scheme in ("light", "dark"):
        page = dashboard.begin(1280, f"?{scheme}", prefers_color_scheme=scheme)
        page.wait_until_loaded()
        *texts, card, paper = page.evaluate(COLOURS)
        papers.append(luminance(paper))
        for background in (card, paper):
            assert min(contrast(text, background) for text in texts) >= 4.5  # as WCAG asks
    light, dark = papers
    assert light > 0.8
    assert dark < 0.05


def luminance(colour: list[int]) -> float:
    """How light a colour is, by the definition of WCAG."""
    shares = [value / 255 for value in colour]
    linear = [
        share / 12.92 if share <= 0.04 else ((share + 0.055) / 1.055) ** 2.4 for share in shares
    ]
    return sum(value * part for value, part in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))


def contrast(one: list[int], other: list[int]) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("motion", "moves"), [("reduce", False), ("no-preference", True)])
def test_placeholders_rest_where_motion_is_not_wanted(
    motion: str, moves: bool, dashboard: Dashboard
) -> None:
    page = dashboard.begin(390, prefers_reduced_motion=motion)
    animations: Any = page.evaluate("document.getAnimations().length")
    assert (animations > 0) is moves


def test_the_chart_has_a_name_and_a_description(dashboard: Dashboard) -> None:
    dashboard.let(*PARTS)
    page = dashboard.begin(1280)
    page.wait_until_loaded()
    chart = "document.querySelector('svg[role=img]')"
    named = f"{chart}.getAttribute('aria-labelledby').split(' ')"
    title, text = page.evaluate(f"{named}.map(id => document.getElementById(id).textContent)")
    assert title == "Orders by the hour"
    assert "12:00: 23 orders, a week before 18." in text
    assert page.evaluate(f"{chart}.querySelectorAll('rect').length") == 10
