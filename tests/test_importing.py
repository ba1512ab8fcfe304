"""What importing streamtmpl loads, and what comes when it is asked for."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import streamtmpl

USUAL = "from streamtmpl import StreamEnvironment, render_stream"

LATER = [
    *("AsyncChunkStream", "SandboxedStreamEnvironment", "rechunk", "rechunk_async"),
    *("PATCH_SCRIPT", "PATCH_SCRIPT_HASH"),
    *("attachment", "csv_rows", "csv_rows_async", "json_array", "json_lines_async"),
]


def loaded_by(statements: str) -> set[str]:
    """The modules that a fresh interpreter has loaded from files after *statements*."""
    found = "[name for name, module in sys.modules.items() if getattr(module, '__file__', None)]"
    script = f"{statements}\nimport json, sys\nprint(json.dumps({found}))"
    command = [sys.executable, "-c", script]
    return set(json.loads(subprocess.run(command, capture_output=True, check=True).stdout))


SYNC_STREAM = """
import streamtmpl
environment = streamtmpl.StreamEnvironment(autoescape=True)
template = environment.from_string("{% for row in rows %}<{{ row|upper }}>{% endfor %}")
assert list(streamtmpl.render_stream(template, {"rows": iter("ab")}, chunk_size=0))
"""


def test_the_first_stream_loads_the_runtime_and_nothing_else() -> None:
    added = loaded_by(SYNC_STREAM) - loaded_by(USUAL)
    beside = {name for name in added if not name.startswith("streamtmpl.runtime")}
    assert added >= {"streamtmpl.runtime", "streamtmpl.runtime.loops"}
    assert beside == {"streamtmpl.chunks.compiled"}  # what macros and blocks are


def test_the_import_adds_hardly_any_module_to_jinja2s() -> None:
    added = loaded_by(USUAL) - loaded_by("import jinja2")
    others = {name for name in added if name.partition(".")[0] != "streamtmpl"}
    # An older MarkupSafe has no annotations to postpone.
    assert others <= {"contextvars", "_contextvars", "__future__"}


def test_by_itself_it_loads_nothing_but_its_version() -> None:
    added = loaded_by("import streamtmpl") - loaded_by("import importlib, typing")
    assert added == {"streamtmpl", "streamtmpl.version"}


def test_events_need_no_event_loop() -> None:
    assert "asyncio" not in loaded_by("import streamtmpl.events")


def test_nothing_of_observing_is_loaded_before_somebody_observes() -> None:
    added = loaded_by(SYNC_STREAM) | loaded_by(USUAL)
    assert not {name for name in added if "observ" in name or name == "dataclasses"}
    observed = SYNC_STREAM.replace("chunk_size=0", "observe=lambda event: None")
    assert "asyncio" not in loaded_by(observed)


@pytest.mark.parametrize("name", LATER)
def test_names_that_come_later(name: str) -> None:
    command = f"from streamtmpl import {name} as it; print(getattr(it, '__name__', it))"
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, check=True)
    expected = name if name.islower() or not name.isupper() else getattr(streamtmpl, name)
    assert done.stdout.decode().rstrip("\r\n") == expected
    assert getattr(streamtmpl, name) is getattr(streamtmpl, name)


@pytest.mark.parametrize("first", LATER)
def test_they_can_come_in_any_order(first: str) -> None:
    command = (
        f"import types, streamtmpl; streamtmpl.{first}\n"
        "for name in streamtmpl.__all__:\n"
        "    assert not isinstance(getattr(streamtmpl, name), types.ModuleType), name"
    )
    subprocess.run([sys.executable, "-c", command], check=True)


def test_every_public_name_is_there() -> None:
    namespace: dict[str, object] = {}
    exec("from streamtmpl import *", namespace)
    assert set(streamtmpl.__all__) <= set(namespace)
    assert set(streamtmpl.__all__) <= set(dir(streamtmpl))


def test_dir_knows_what_is_not_loaded_yet() -> None:
    command = "import streamtmpl; print(*dir(streamtmpl))"
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, check=True)
    assert set(done.stdout.decode().split()) >= set(streamtmpl.__all__)


def test_a_name_that_does_not_exist() -> None:
    with pytest.raises(AttributeError, match="'streamtmpl' has no attribute 'nope'"):
        streamtmpl.nope  # noqa: B018
