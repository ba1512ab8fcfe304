"""How pictures look: colours for light and dark surroundings, patterns, and the styles of text.

The colours of what is drawn are those of Okabe and Ito, which people who see fewer colours can tell
apart; nothing is told by its colour alone.
"""

from __future__ import annotations

PREFIX = "streamtmpl"
"""What the classes and ids of a picture begin with: it may stand in a page that has its own."""

_FONTS = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"
_MONOSPACE = "ui-monospace, 'SF Mono', Menlo, 'DejaVu Sans Mono', monospace"

_TEXTS = (
    f".{PREFIX} text {{ font: 12px {_FONTS} }}",
    f".{PREFIX} .title {{ font-size: 18px; font-weight: 600 }}",
    f".{PREFIX} .name {{ font-weight: 600 }}",
    f".{PREFIX} .small {{ font-size: 11px }}",
    f".{PREFIX} .place {{ font: 11px {_MONOSPACE} }}",
    f".{PREFIX} .halo {{ paint-order: stroke; stroke-width: 4px; stroke-linejoin: round }}",
)

_COLOURS = {
    "ground": ("fill: #ffffff", "fill: #15181c"),
    "halo": ("stroke: #ffffff", "stroke: #15181c"),
    "ink": ("fill: #1b1f23", "fill: #e8eaed"),
    "soft": ("fill: #545d66", "fill: #a9b1ba"),
    "grid": ("stroke: #dfe3e8", "stroke: #30363d"),
    "edge": ("stroke: #1b1f23", "stroke: #e8eaed"),
    "chunk": ("fill: #0072b2", "fill: #56b4e9"),
    "page": ("fill: #d6eaf8; stroke: #0072b2", "fill: #1c3a4d; stroke: #56b4e9"),
    "region": ("fill: #cdebe1; stroke: #009e73", "fill: #12443a; stroke: #009e73"),
    "source": ("fill: #e69f00; stroke: #8a5f00", "fill: #e69f00; stroke: #e69f00"),
    "source-line": ("stroke: #6b4a00", "stroke: #3d2a00"),
    "await": ("fill: #cc79a7; stroke: #7d3f61", "fill: #cc79a7; stroke: #cc79a7"),
    "await-dot": ("fill: #4a1f37", "fill: #33101f"),
    "ready": ("fill: #009e73; stroke: #ffffff", "fill: #009e73; stroke: #15181c"),
    "wrong": ("stroke: #d55e00", "stroke: #d55e00"),
    "wrong-edge": ("stroke: #ffffff", "stroke: #15181c"),
    "left": ("fill: #ffffff; stroke: #545d66", "fill: #15181c; stroke: #a9b1ba"),
}
"""What each class looks like in light and in dark surroundings."""


def style() -> str:
    """The style sheet of pictures; it is the same for all of them."""
    light, dark = (
        "\n".join(f".{PREFIX} .{name} {{ {looks[scheme]} }}" for name, looks in _COLOURS.items())
        for scheme in (0, 1)
    )
    texts = "\n".join(_TEXTS)
    return (
        f"<style>\n{texts}\n{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n</style>"
    )


def patterns(number: int) -> str:
    """What waits are filled with, in the picture *number* of a page: see :func:`filling`."""
    return (
        f'<pattern id="{PREFIX}-{number}-source" width="7" height="7"'
        ' patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect class="source" width="7" height="7" stroke="none" style="stroke: none"/>'
        '<path class="source-line" d="M1 0V7" stroke-width="2"/></pattern>'
        f'<pattern id="{PREFIX}-{number}-await" width="6" height="6"'
        ' patternUnits="userSpaceOnUse">'
        '<rect class="await" width="6" height="6" style="stroke: none"/>'
        '<circle class="await-dot" cx="3" cy="3" r="1.4"/></pattern>'
    )


def filling(number: int, kind: str) -> str:
    """The attribute that fills with the pattern for waits of this *kind*."""
    return f'style="fill: url(#{PREFIX}-{number}-{kind})"'
