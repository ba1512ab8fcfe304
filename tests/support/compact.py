"""Which code a template is compiled to: quick, or compact as that of a long one."""

from __future__ import annotations

import pytest

from streamtmpl.compiler import analysis

CODE = {"quick": analysis.LONG, "compact": -1}
"""How many nodes are not long yet, for all templates to be compiled to such code."""


def compiled_to(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Have all templates compiled to code of that kind."""
    monkeypatch.setattr(analysis, "LONG", CODE[code])
