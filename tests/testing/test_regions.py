"""What `regions()` finds in pages: those that streamtmpl makes, and markup of others."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from streamtmpl import StreamEnvironment, render_stream
from streamtmpl.testing import ChunkReader, Region, gate, regions

PAGE = """<!doctype html><body><h1>Tea</h1>
{% defer %}<p title="{{ '<template>' }}">{{ sales() }}</p>{% placeholder %}<i>...</i>{% enddefer %}
{% defer %}<template><b>{{ stock() }}</b></template>{% placeholder %}{% enddefer %}
</body>"""


def test_a_page_of_our_own() -> None:
    sales, stock = gate(name="sales"), gate(name="stock")
    template = StreamEnvironment(autoescape=True).from_string(PAGE)
    context = {"sales": lambda: sales.wait(12), "stock": lambda: stock.wait(7)}
    with ThreadPoolExecutor(2) as pool:
        stream = render_stream(template, context, executor=pool, deferred="patch")
        with ChunkReader.of(stream) as reader:
            reader.read_until("</h1>")
            sales.reached()
            stock.reached()
            stock.open()
            reader.read_until("</b></template></template>")
            (first, name_of_first), (second, _) = [
                (each, name) for name, each in regions(reader.text).items()
            ]
            assert (first.placeholder, first.patch) == ("<i>...</i>", None)
            assert (second.placeholder, second.patch) == ("", "<template><b>7</b></template>")
            assert first.name == name_of_first
            sales.open()
            found = regions(reader.read())
    assert [each.patch for each in found.values()] == [
        '<p title="&lt;template&gt;">12</p>',
        "<template><b>7</b></template>",
    ]


def test_a_page_with_its_regions_in_place_has_none() -> None:
    template = StreamEnvironment().from_string(PAGE)
    with render_stream(template, {"sales": str, "stock": str}, deferred="in-order") as stream:
        assert regions("".join(stream)) == {}


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ("", []),
        ("<p>text</p><template>none of ours</template>", []),
        ('<?start name="a">x', [Region("a", None, None)]),
        ('<?start name="a">x<?end>', [Region("a", "x", None)]),
        ('<?start name="a">x<?end><template for="a">y', [Region("a", "x", None)]),
        ('<?start name="a">x<?end><template for="a">y</tem', [Region("a", "x", None)]),
        ('<?start name="a">x<?end>\n<template for="a">\ny</template>', [Region("a", "x", "\ny")]),
        ("<?start name=\"a\"?>x<?end?><TEMPLATE for='a'>y</TEMPLATE>", [Region("a", "x", "y")]),
        ('<template for="late">y</template>', [Region("late", None, "y")]),
        (
            '<?start name="a">1<?end><?start name="b">2<?end>'
            '<template for="b">3</template><template for="a">4</template>',
            [Region("a", "1", "4"), Region("b", "2", "3")],
        ),
        (
            '<?start name="a"><?start name="b">2<?end><?end>',
            [Region("a", '<?start name="b">2<?end>', None), Region("b", "2", None)],
        ),
        ('<!-- <?start name="a">x<?end> --><script>"<template for=a>"</script>', []),
        ("<p title='<?start name=\"a\">'>", []),
    ],
)
def test_markup(html: str, found: list[Region]) -> None:
    assert list(regions(html).values()) == found
