"""What is said where a framework is missing, or is of a version that an adapter does not know."""

from __future__ import annotations

import subprocess
import sys

import pytest

FRAMEWORKS = ("flask", "quart", "starlette", "litestar", "aiohttp", "django")
EXTRAS = (*FRAMEWORKS, "opentelemetry")


def run(program: str) -> str:
    """What *program* prints; it must end well."""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


@pytest.mark.parametrize("hidden", ["missing", "none"])
@pytest.mark.parametrize("adapter", EXTRAS)
def test_a_missing_framework_names_the_extra(adapter: str, hidden: str) -> None:
    hide = {
        "none": "for name in names: sys.modules[name] = None",
        "missing": """
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Hidden())
""",
    }[hidden]
    said = run(f"""
import sys
names = {{{adapter!r}, "aiohttp_jinja2", "asgiref"}}
{hide}
try:
    import streamtmpl.{adapter}
except ModuleNotFoundError as error:
    print(error)
""")
    assert said == (
        f"streamtmpl.{adapter} needs {adapter}, which is not installed:"
        f" pip install 'streamtmpl[{adapter}]'"
    )


@pytest.mark.parametrize("adapter", FRAMEWORKS)
def test_what_else_is_missing_is_not_hidden(adapter: str) -> None:
    said = run(f"""
import sys
sys.modules["streamtmpl.responses.policy"] = None
try:
    import streamtmpl.{adapter}
except ModuleNotFoundError as error:
    print(error.name)
""")
    assert said in ("streamtmpl.responses.policy", "")


@pytest.mark.parametrize(
    ("adapter", "version", "advice"),
    [
        ("flask", "3.3.0", "keeps the contexts of Flask 2.3 to 3.2 for a stream, and not those of"),
        ("flask", "2.2.5", "'Flask<3.3'"),
        ("quart", "0.24.0", "keeps the contexts of Quart 0.19 to 0.23 for a stream, and not"),
    ],
)
def test_the_version_is_looked_at_before_names_are_imported_that_have_gone(
    adapter: str, version: str, advice: str
) -> None:
    pytest.importorskip(adapter)
    said = run(f"""
import importlib.metadata, sys, types
installed = importlib.metadata.version
importlib.metadata.version = lambda name: {version!r} if name == {adapter!r} else installed(name)
import {adapter}
for name in [name for name in sys.modules if name.startswith("{adapter}.")]:
    sys.modules[name] = types.ModuleType(name)  # whatever there was has gone
try:
    import streamtmpl.{adapter}
except ImportError as error:
    print(error)
""")
    assert f"streamtmpl.{adapter} keeps" in said
    assert advice in said
