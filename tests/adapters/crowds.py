"""How many clients come one after another, or at once."""

from __future__ import annotations

import pytest

CROWDS = pytest.mark.parametrize("crowd", [40, pytest.param(200, marks=pytest.mark.comparison)])
"""What each client leaves behind is seen with some of them; many are a comparison of their own."""
