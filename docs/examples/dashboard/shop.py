"""A day of a tea merchant's, and how long it takes to ask for each part of it.

The same for all apps of this folder; DASHBOARD_PACE=0.1 in the environment makes them ten times as
fast.
"""

import asyncio
import os
import time

PACE = float(os.environ.get("DASHBOARD_PACE", "1"))
SECONDS = {"figures": 0.9, "orders": 2.0, "hours": 3.2, "deliveries": 4.6}

FIGURES = [  # name, value, and the change since the same day of the week before, in per cent
    ("Orders", "128", 12),
    ("Revenue", "€ 18,419", 9),
    ("Average basket", "€ 143.90", -3),
    ("New customers", "17", 21),
]
HOURS = [  # hour, orders in it, orders in it a week before
    (8, 4, 5),
    (9, 9, 7),
    (10, 14, 12),
    (11, 19, 15),
    (12, 23, 18),
    (13, 17, 19),
    (14, 12, 13),
    (15, 16, 12),
    (16, 10, 8),
    (17, 4, 5),
]
ORDERS = [  # number, time, customer, tea, kilograms, euros, state
    (4128, "17:42", "Bakery Ōta", "Sencha, first flush", 12, 338.40, "new"),
    (4127, "17:20", "Ruiz & Sons", "Assam, second flush", 40, 612.00, "new"),
    (4126, "17:08", "Hotel Bellevue", "Earl Grey", 25, 410.00, "new"),
    (4125, "17:01", "Café Luna", "Darjeeling, autumn", 6, 214.80, "packed"),
    (4124, "16:55", "Moreau et Fils", "Lapsang Souchong", 8, 176.00, "packed"),
    (4123, "16:47", "The Corner Cup", "English Breakfast", 30, 429.00, "packed"),
    (4122, "16:31", "Ada & Daughters", "Jasmine Pearls", 3, 148.50, "sent"),
    (4121, "16:12", "Teehaus Lindner", "Rooibos, organic", 20, 236.00, "sent"),
]
DELIVERIES = [  # town, chests, when they arrive, per cent of the way behind them
    ("Hamburg", 24, "18:10", 92),
    ("Hannover", 16, "18:45", 74),
    ("Groningen", 31, "19:30", 55),
    ("Aarhus", 12, "22:05", 28),
]
PARTS = {"figures": FIGURES, "orders": ORDERS, "hours": HOURS, "deliveries": DELIVERIES}


def query(part, fail=False):
    """What a database or another service says, in its own time; for threads."""
    time.sleep(SECONDS[part] * PACE)
    return answer(part, fail)


async def query_async(part, fail=False):
    """As :func:`query`, for tasks."""
    await asyncio.sleep(SECONDS[part] * PACE)
    return answer(part, fail)


def answer(part, fail):
    if fail:
        raise ConnectionError(f"tracking.carrier.internal:8443 refused to tell the {part}")
    return PARTS[part]


def stopwatch():
    """A function that says how many seconds have gone by since."""
    start = time.perf_counter()
    return lambda: f"{time.perf_counter() - start:.1f} s"
