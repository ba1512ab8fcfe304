"""What README.md and CHANGELOG.md promise beside their examples."""

from __future__ import annotations

import re
from pathlib import Path

import streamtmpl

ROOT = Path(__file__).resolve().parents[1]
LINKS = [r"\]\(\s*<?([^\s)>]+)", r"^\[[^\]]+\]:\s+(\S+)", r"\b(?:href|src)=[\"']?([^\"'\s>]+)"]
"""Those of Markdown, in the line and by name, and those of HTML."""


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def relative_links(markdown: str) -> list[str]:
    found = [link for pattern in LINKS for link in re.findall(pattern, markdown, re.MULTILINE)]
    return [link for link in found if not link.startswith(("https://", "#"))]


def description() -> str:
    """What the metadata of the package ships, for the page that an index makes of it."""
    settings = text("pyproject.toml")
    name = re.search(r'^fragments = \[\{ path = "(.+)" \}\]$', settings, re.MULTILINE)
    left_out = re.search(
        r"^substitutions = \[\{ pattern = '(.+)', replacement = \"\" \}\]$", settings, re.MULTILINE
    )
    assert name is not None
    assert left_out is not None
    return re.sub(left_out[1], "", text(name[1]))


def test_no_link_of_the_description_needs_the_repository() -> None:
    assert relative_links(description()) == []


def test_the_pictures_of_the_readme_are_there() -> None:
    pictures = re.findall(r'\b(?:src|srcset)="([^"]+)"', text("README.md"))
    assert len(pictures) == 3
    assert [name for name in pictures if not (ROOT / name).is_file()] == []


def test_relative_links_would_be_found() -> None:
    links = (
        "[a](docs/a.rst) [b](https://example.com) ![c](<c.png>) [d](#try-it)\n"
        '[e]: e.md\n<a href="f.html"><img src=g.svg alt=""><img src=\'h.svg\'>'
    )
    assert relative_links(links) == ["docs/a.rst", "c.png", "e.md", "f.html", "g.svg", "h.svg"]


def test_the_readme_names_every_page() -> None:
    named = set(re.findall(r"`docs/([\w-]+)\.rst`", text("README.md")))
    assert named == {page.stem for page in (ROOT / "docs").glob("*.rst")} - {"index"}


def test_the_start_page_links_every_page() -> None:
    linked = re.findall(r":doc:`(?:[^`<]+<)?([\w-]+)>?`", text("docs/index.rst"))
    assert set(linked) == {page.stem for page in (ROOT / "docs").glob("*.[rm][sd]*")} - {"index"}


def test_the_version_has_a_heading_in_the_changelog() -> None:
    heading = r"^## \[(.+?)\](?: - \d{4}-\d{2}-\d{2})?$"
    headings = re.findall(heading, text("CHANGELOG.md"), re.MULTILINE)
    assert headings[:2] == ["Unreleased", streamtmpl.__version__]
