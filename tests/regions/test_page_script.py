"""The page script as text. What it does is in tests/browsers."""

from __future__ import annotations

import base64
import hashlib

from streamtmpl import PAGE_SCRIPT, PAGE_SCRIPT_HASH

MOST = 900
"""Bytes that it may add to a page."""


def test_the_script_is_small():
    assert len(PAGE_SCRIPT.encode("ascii")) <= MOST


def test_the_script_cannot_end_its_element():
    for text in ("</script", "<!--", "<script", "\n", "\r"):
        assert text not in PAGE_SCRIPT.lower()


def test_the_hash_is_the_scripts():
    digest = hashlib.sha256(PAGE_SCRIPT.encode("utf-8")).digest()
    assert f"sha256-{base64.b64encode(digest).decode()}" == PAGE_SCRIPT_HASH
