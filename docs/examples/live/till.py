"""The till of a tea merchant's, at which somebody buys something every second or so.

LIVE_PACE=0.1 in the environment makes it ten times as fast.
"""

import os
import random
import threading
import time
from typing import NamedTuple

PACE = float(os.environ.get("LIVE_PACE", "1"))
TEAS = {"Sencha": 28, "Assam": 15, "Earl Grey": 16, "Darjeeling": 36, "Rooibos": 12}
"""Euros for a kilogram."""

CUSTOMERS = ("Bakery Ōta", "Ruiz & Sons", "Hotel Bellevue", "Café Luna", "The Corner Cup")


class Order(NamedTuple):
    number: int
    time: str
    customer: str
    tea: str
    kilograms: int
    euros: int


class Till:
    """The orders of the day; whoever waits for the next one is told."""

    def __init__(self):
        self._orders = []
        self._changed = threading.Condition()
        self._random = random.Random(12)
        for _ in range(40):
            self._sell()
        threading.Thread(target=self._open, daemon=True).start()

    def _open(self):
        while True:
            time.sleep(PACE)
            with self._changed:
                self._sell()
                self._changed.notify_all()

    def _sell(self):
        number, tea = len(self._orders) + 1, self._random.choice(list(TEAS))
        kilograms = self._random.randint(1, 9)
        minutes = 8 * 60 + number * 3
        self._orders.append(
            Order(
                number,
                f"{minutes // 60}:{minutes % 60:02}",
                self._random.choice(CUSTOMERS),
                tea,
                kilograms,
                kilograms * TEAS[tea],
            )
        )

    def orders_after(self, number, timeout):
        """The orders since that one; none if none has come in *timeout* seconds."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._orders) > number, timeout)
            return self._orders[number:]

    def day(self):
        """What the page shows."""
        with self._changed:
            orders = list(self._orders)
        by_tea = {tea: sum(o.kilograms for o in orders if o.tea == tea) for tea in TEAS}
        revenue = sum(order.euros for order in orders)
        return {
            "latest": orders[:-9:-1],
            "figures": [
                ("Orders", str(len(orders))),
                ("Revenue", f"€ {revenue:,}"),
                ("Average", f"€ {revenue / len(orders):.2f}"),
            ],
            "teas": [
                (tea, sold, 100 * sold / max(by_tea.values())) for tea, sold in by_tea.items()
            ],
        }
