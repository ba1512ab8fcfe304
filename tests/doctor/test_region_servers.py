"""Deferred regions: when they come, and what a script gets of them."""

from __future__ import annotations

import pytest

pytest.importorskip("gunicorn", reason="gunicorn is not installed")

from streamtmpl.doctor import Asking, Status, diagnose
from streamtmpl.doctor.regions import RegionMarks
from tests.adapters.launch import module

from . import virtual
from .servers import APPS, ask, codes, finding, server


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    threads = ("-k", "gthread", "--threads", "4")
    app = f"{APPS}.region_pages:application"
    command = module("gunicorn", "-b", "127.0.0.1:{port}", *threads, app)
    with server(command, tmp_path_factory.mktemp("regions")) as running:
        yield running


def test_regions_that_come_one_by_one(port):
    seen = ask(port, "/")
    assert (seen.status, codes(seen)) == (Status.STREAMS, {})
    first, second = seen.exchanges[0].regions
    assert first.place_at == second.place_at
    assert first.patch_at is not None
    assert second.patch_at is not None
    assert first.patch_at - first.place_at > 0.2
    assert second.patch_at - first.patch_at > 0.2
    assert "regions-at-once" not in {each.code for each in seen.findings}
    script = seen.exchanges[-1]
    assert (script.fragment, script.regions) == (True, ())  # in their places, as all scripts get it


def test_patches_for_a_script(port):
    seen = ask(port, "/always")
    assert codes(seen) == {"patches-in-fragment": ("identity",)}
    assert seen.status is Status.HELD
    assert 'deferred="patch"' in finding(seen, "patches-in-fragment").causes[0].what
    url = f"http://127.0.0.1:{port}/always"
    asked = diagnose([url], Asking(encodings=("gzip",), fragment=True))
    assert codes(asked) == {"patches-in-fragment": ("gzip",)}


@pytest.mark.parametrize(("apart", "found"), [(0.009, True), (0.011, False)])
def test_regions_that_come_all_at_once(apart, found, network):
    places = b"".join(b'<?start name="%d">wait<?end>' % number for number in range(3))
    first, *others = (b'<template for="%d">x</template>' % number for number in range(3))
    behind = [step for patch in others for step in (apart, patch)]
    seen = virtual.ask(network.server(virtual.page(0.1, places, 0.7, first, *behind)))
    notes = {each.code: each for each in seen.findings}
    assert ("regions-at-once" in notes) is found
    if found:
        assert notes["regions-at-once"].what == "3 regions came all at once, after 0.80 s"
        assert notes["regions-at-once"].severity.value == "note"


def test_a_page_without_patches(port):
    seen = ask(port, "/plain", encodings=["identity"])
    assert (seen.status, len(seen.exchanges), codes(seen)) == (Status.STREAMS, 1, {})


def test_marks_that_come_in_pieces():
    text = '<p><?start name="ab1">wait<?end><?start name="ab2">wait<?end>'
    patches = '<template for="ab2">ready</template><template for="other">x</template>'
    marks = RegionMarks()
    for at, character in enumerate(text + patches):
        marks.feed(character, float(at))
    first, second = marks.regions()
    assert (first.name, first.place_at) == ("ab1", text.index(">wait") - 1)
    assert first.patch_at is None
    assert (second.name, second.patch_at) == ("ab2", len(text) + patches.index(">ready") - 1)
