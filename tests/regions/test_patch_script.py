"""The patch script as text. What it does is in tests/browsers."""

from __future__ import annotations

import base64
import hashlib

from streamtmpl.regions.patch_script import PATCH_SCRIPT, PATCH_SCRIPT_HASH

MOST = 1024
"""Bytes that every page with a deferred region may carry for browsers that need the script."""


def test_the_script_is_small():
    assert len(PATCH_SCRIPT.encode("ascii")) <= MOST


def test_the_script_cannot_end_its_element():
    for text in ("</script", "<!--", "<script", "\n", "\r"):
        assert text not in PATCH_SCRIPT.lower()


def test_the_hash_is_the_scripts():
    digest = hashlib.sha256(PATCH_SCRIPT.encode("utf-8")).digest()
    assert f"sha256-{base64.b64encode(digest).decode()}" == PATCH_SCRIPT_HASH
