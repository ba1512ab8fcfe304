"""The dashboard of the documentation, each of whose queries waits until it is let through.

The variable DASHBOARD says in which framework: it is the name of one of the modules there.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from .django_gates import note, wait, wait_async

sys.path.insert(0, str(Path(__file__).parents[3] / "docs" / "examples" / "dashboard"))
shop: Any = import_module("shop")


def query(part: str, fail: bool = False) -> Any:
    note(part)
    wait(part)
    return shop.answer(part, fail)


async def query_async(part: str, fail: bool = False) -> Any:
    note(part)
    await wait_async(part)
    return shop.answer(part, fail)


shop.query, shop.query_async = query, query_async
framework: Any = import_module(os.environ["DASHBOARD"])
app: Any = getattr(framework, "app", None) or framework.application

if __name__ == "__main__":
    framework.execute_from_command_line()
