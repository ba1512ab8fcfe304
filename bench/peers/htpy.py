"""htpy: elements made by Python functions, as strings or chunk by chunk.

For the same page it is given the white space that templates have between their elements. Numbers
are made strings first: htpy takes far longer to find out that something is not a string.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import htpy as h
from markupsafe import Markup

from bench.ways import Keywords, Peer, Pieces, Way
from bench.workloads import (
    Category,
    Context,
    Entry,
    Order,
    Product,
    Row,
    Setting,
    Shop,
    User,
    Workload,
    truncate,
)


def _table(rows: Iterable[h.Element]) -> h.Renderable:
    return h.table["\n", _lines(rows)]


def _lines(elements: Iterable[h.Element]) -> Iterator[h.Node]:
    for element in elements:
        yield element
        yield "\n"


def _table_of_values(table: Iterable[dict[str, int]]) -> h.Renderable:
    return _table(h.tr[(h.td[str(col)] for col in row.values())] for row in table)


def _table_of_cells(rows: Iterable[list[str]]) -> h.Renderable:
    return _table(h.tr[(h.td[cell] for cell in row)] for row in rows)


def _unpacked_rows(rows: Iterable[Row]) -> h.Renderable:
    return _table(
        h.tr[h.td[str(number)], h.td[name], h.td[note], h.td[city]]
        for number, name, note, city in rows
    )


def _greeting(name: str) -> h.Renderable:
    return h.fragment["Hello ", name, "!"]


def _objects(orders: Iterable[Order]) -> h.Renderable:
    return h.fragment[_lines(_order(order) for order in orders)]


def _order(order: Order) -> h.Element:
    return h.div(id=f"order-{order.number}", class_=order.state)[
        "\n  ",
        h.h3[f"{order.customer}, {order.city}"],
        "\n  ",
        h.p[f"{order.amount} for {order.pieces} pieces; {order.label()}"],
        "\n  ",
        h.strong["today"] if order.urgent else h.span["this week"],
        "\n  ",
        h.ul[(h.li[item] for item in order.items)],
        "\n",
    ]


def _dicts(rows: Iterable[dict[str, str]]) -> h.Renderable:
    return _table(
        h.tr[
            h.td[row["first_name"]],
            h.td[row["last_name"]],
            h.td[row["email"]],
            h.td[row["street"]],
            h.td[row["city"]],
            h.td[row["country"]],
            h.td[row["phone"]],
            h.td[row["note"]],
        ]
        for row in rows
    )


def _layout(
    shop: Shop,
    navigation: list[Entry],
    *,
    title: h.Node = None,
    head: h.Node = None,
    content: h.Node = None,
    sidebar: h.Node = None,
    language: str = "en",
    theme: str = "light",
) -> h.Renderable:
    page = h.Element("html")(lang=language)[
        "\n",
        h.head[
            "\n  ",
            h.meta(charset="utf-8"),
            "\n  ",
            h.title[title, shop.name],
            "\n  ",
            h.link(rel="stylesheet", href="/static/site.css"),
            head,
            "\n",
        ],
        "\n",
        h.body(class_=theme)[
            "\n  ",
            h.header["\n    ", h.h1[shop.name.upper()], _navigation(navigation), "\n  "],
            "\n  ",
            h.main[content or ("\n    ", h.p["Nothing here yet."]), "\n  "],
            "\n  ",
            h.aside[sidebar, "\n  "],
            "\n  ",
            h.footer[
                "\n    ",
                h.p[f"© {shop.name}, {shop.city}. {truncate(shop.notice, 60)}"],
                "\n  ",
            ],
            "\n",
        ],
        "\n",
    ]
    return h.fragment[Markup("<!DOCTYPE html>\n"), page]


def _navigation(entries: list[Entry]) -> h.Node:
    last = len(entries)
    return (
        "\n    ",
        h.nav[
            "\n      ",
            h.ul[
                (
                    (
                        "\n        ",
                        h.li(class_={"first": index == 1, "last": index == last})[
                            "\n          ", h.a(href=entry.url)[entry.label], "\n        "
                        ],
                    )
                    for index, entry in enumerate(entries, 1)
                ),
                "\n      ",
            ],
            "\n    ",
        ],
    )


def _shop_page(
    shop: Shop,
    user: User | None,
    navigation: list[Entry],
    category: Category,
    products: list[Product],
    recent: list[Product],
    settings: list[Setting],
) -> h.Renderable:
    return _layout(
        shop,
        navigation,
        title=(category.label, " - "),
        head=("\n  ", h.meta(name="keywords", content=", ".join(category.keywords))),
        content=_content(category, products, settings),
        sidebar=_sidebar(user, recent),
    )


def _content(category: Category, products: list[Product], settings: list[Setting]) -> h.Node:
    last = len(products)
    return (
        "\n    ",
        h.h2[f"{category.label.upper()} ({len(products)})"],
        "\n    ",
        h.p[category.text or "No description."],
        (
            (
                "\n    ",
                h.article(id=f"product-{index}", class_={"last": index == last})[
                    _product(product), "\n    "
                ],
            )
            for index, product in enumerate(products, 1)
        )
        if products
        else ("\n    ", h.p["No products."]),
        "\n    ",
        h.form(method="post")[
            (_field(each.name, each.value, required=each.required) for each in settings),
            "\n    ",
        ],
    )


def _product(product: Product, currency: str = "EUR") -> h.Node:
    if product.stock > 10:
        stock: h.Node = h.p["In stock"]
    elif product.stock:
        stock = h.p[f"Only {product.stock} left"]
    else:
        stock = h.p["Sold out"]
    return (
        "\n      ",
        h.h3[product.name],
        "\n      ",
        h.p[truncate(product.text, 40)],
        "\n      ",
        h.p(".price")[f"{product.price} {currency}"],
        "\n      ",
        stock,
        "\n      ",
        h.p(".tags")[", ".join(product.tags)],
    )


def _field(name: str, value: str = "", kind: str = "text", *, required: bool = False) -> h.Node:
    return (
        "\n      ",
        h.label[
            name,
            required and " *",
            "\n        ",
            h.input(type=kind, name=name, value=value),
            "\n      ",
        ],
    )


def _sidebar(user: User | None, recent: list[Product]) -> h.Node:
    return (
        "\n    ",
        h.p[f"Signed in as {user.name}"] if user else h.p["Not signed in"],
        ("\n    ", h.ol[(_recent(*numbered) for numbered in enumerate(recent, 1)), "\n    "])
        if recent
        else None,
    )


def _recent(index: int, product: Product) -> h.Node:
    return "\n      ", h.li[f"{index}. {product.name}"]


_PAGES: dict[str, Callable[..., h.Renderable]] = {
    "table of numbers": _table_of_values,
    "rows to escape": _table_of_cells,
    "real page": _shop_page,
    "rows from a generator": _unpacked_rows,
    "one line": _greeting,
    "objects": _objects,
    "dicts": _dicts,
}


def _render(workload: Workload) -> Way:
    page = _PAGES[workload.name]

    def render(**context: object) -> str:
        return str(page(**context))

    return Keywords(render)


def _chunks(workload: Workload) -> Way:
    page = _PAGES[workload.name]

    def chunks(context: Context) -> Iterator[str]:
        return page(**context).iter_chunks()

    return Pieces(chunks)


PEER = Peer(name="htpy", distributions=("htpy",), ways={"render": _render, "iter_chunks": _chunks})
