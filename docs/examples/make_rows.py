"""Writes the CSV that report.html is made for: always the same sales, as many as are asked for.

python docs/examples/make_rows.py 1000000 > sales.csv
"""

from __future__ import annotations

import argparse
import csv
import datetime
import sys
from collections.abc import Iterator

HEADER = ("number", "date", "customer", "product", "quantity", "amount")
CUSTOMERS = (
    "Ruiz & Sons",
    "Ada <ada@example.com>",
    "Bakery Ōta",
    'The "Blue" Door',
    "Müller, Klein & Co.",
    "Nordlys",
    "O'Neill",
)
PRODUCTS = (("tea", 450), ("cups, two", 1290), ("sugar", 120), ("pot", 2400), ("spoon <small>", 75))
"""Name and price in cents."""

FIRST_DAY = datetime.date(2024, 1, 1)
SALES_PER_DAY = 1000


def sales(count: int) -> Iterator[tuple[object, ...]]:
    """Yield *count* rows, in the order of :data:`HEADER`."""
    for number in range(count):
        day = FIRST_DAY + datetime.timedelta(days=number // SALES_PER_DAY)
        product, price = PRODUCTS[number * 7919 % 13 % len(PRODUCTS)]
        quantity = number * 31 % 17 % 9 + 1
        amount = f"{price * quantity / 100:.2f}"
        customer = CUSTOMERS[number * 613 % 11 % len(CUSTOMERS)]
        yield number + 1, day.isoformat(), customer, product, quantity, amount


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a CSV of sales to standard output.")
    parser.add_argument("rows", type=int, nargs="?", default=1_000_000, help="(default: 1000000)")
    count = parser.parse_args().rows
    with open(sys.stdout.fileno(), "w", encoding="utf-8", newline="", closefd=False) as output:
        writer = csv.writer(output, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(sales(count))


if __name__ == "__main__":
    main()
