"""Compiling generated source so that tracebacks and debuggers can show it.

Generated code gets a file name of its own, ``<streamtmpl page.html>``, under which its source is
registered with :mod:`linecache`. Jinja2's traceback rewriting, which names the template's own file
and line, goes by the template's ``filename`` instead: :func:`template_filename` gives it back.
"""

from __future__ import annotations

import linecache
from itertools import count
from typing import TYPE_CHECKING, Any
from weakref import finalize

if TYPE_CHECKING:
    from types import CodeType

_PREFIX, _SUFFIX = "<streamtmpl ", ">"
_ANONYMOUS = "<template>"
_numbers = count(1)


def compile_generated(source: str, filename: str) -> CodeType:
    """Compile generated *source* of the template file *filename* and register the source."""
    label = f"{filename} {next(_numbers)}" if filename == _ANONYMOUS else filename
    name = f"{_PREFIX}{label}{_SUFFIX}"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    return compile(source, name, "exec")


def template_filename(code: CodeType) -> str:
    """The file name of the template that *code* was compiled from."""
    name = code.co_filename
    if not (name.startswith(_PREFIX) and name.endswith(_SUFFIX)):
        return name
    label = name[len(_PREFIX) : -len(_SUFFIX)]
    return _ANONYMOUS if label.startswith(_ANONYMOUS) else label


def forget_with(template: Any, code: CodeType) -> None:
    """Drop the registered source of an anonymous template when *template* is gone."""
    if code.co_filename.startswith(_PREFIX + _ANONYMOUS):
        finalize(template, linecache.cache.pop, code.co_filename, None).atexit = False
