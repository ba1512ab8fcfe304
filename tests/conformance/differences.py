"""Jinja2's own tests that are meant to fail here, each with its reason.

Only tests that assert the exact pieces in which Jinja2 hands out text belong in this list. The run
fails when a listed test passes, does not exist, or fails otherwise than in an assertion.
"""

from __future__ import annotations

FIRST_PIECE = "asserts that the first piece of generate_async() is the first text of the template"
ALL_PIECES = "asserts that each expression in a loop is a piece of generate_async()"

DIFFERENT: dict[str, str] = {
    "tests/test_api.py::TestStreaming::test_basic_streaming": (
        "asserts that each piece of text and each expression is a piece of its own"
    ),
    "tests/test_api.py::TestStreaming::test_buffered_streaming": (
        "asserts which three of Jinja2's pieces make up a buffered one"
    ),
    "tests/test_async.py::test_async_generate": ALL_PIECES,
    "tests/test_async.py::test_async_iteration_in_templates": ALL_PIECES,
    "tests/test_async.py::test_async_iteration_in_templates_extended": ALL_PIECES,
    "tests/test_async.py::test_basic_generate_async[asyncio]": FIRST_PIECE,
    "tests/test_async.py::test_basic_generate_async[trio]": FIRST_PIECE,
    "tests/test_async.py::test_include_generate_async[asyncio]": FIRST_PIECE,
    "tests/test_async.py::test_include_generate_async[trio]": FIRST_PIECE,
    "tests/test_async.py::test_blocks_generate_async[asyncio]": FIRST_PIECE,
    "tests/test_async.py::test_blocks_generate_async[trio]": FIRST_PIECE,
    "tests/test_async.py::test_async_extend[asyncio]": FIRST_PIECE,
    "tests/test_async.py::test_async_extend[trio]": FIRST_PIECE,
}
