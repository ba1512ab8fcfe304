"""What causes name as the page to read is there."""

from __future__ import annotations

from importlib import import_module

from streamtmpl.doctor import Cause
from streamtmpl.doctor.parties import PARTIES
from tests.adapters.launch import ROOT

MODULES = ("browsers", "causes", "hops", "judging", "notes", "parties")


def test_the_pages_of_all_causes_are_there():
    modules = [import_module(f"streamtmpl.doctor.{name}") for name in MODULES]
    found = [value for module in modules for value in vars(module).values()]
    found += [cause for party in PARTIES for cause in (party.collects, party.compresses)]
    causes = [each for each in found if isinstance(each, Cause)]
    assert len(causes) > 20
    pages = {path.stem for path in (ROOT / "docs").glob("*.rst")}
    assert {cause.page for cause in causes} <= pages
