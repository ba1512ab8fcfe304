"""Compiling generated source so that tracebacks and debuggers can show it.

Generated code gets a file name of its own, ``<streamtmpl page.html 1f0c8a2b>``, under which its
source is registered with :mod:`linecache` for as long as the code lives. Jinja2's traceback
rewriting, which names the template's own file and line, goes by the template's ``filename``
instead: :func:`template_filename` gives it back.
"""

from __future__ import annotations

import linecache
from collections import Counter
from hashlib import sha1
from typing import TYPE_CHECKING
from weakref import finalize

if TYPE_CHECKING:
    from types import CodeType

_PREFIX, _SUFFIX = "<streamtmpl ", ">"
_alive: Counter[str] = Counter()


def compile_generated(source: str, filename: str) -> CodeType:
    """Compile generated *source* of the template file *filename* and register the source.

    The name says which source it is, so that code from a bytecode cache is never shown with that
    of another version, and an async environment's not with that of a sync one.
    """
    digest = sha1(source.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
    name = f"{_PREFIX}{filename} {digest[:8]}{_SUFFIX}"
    code = compile(source, name, "exec")
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    _alive[name] += 1
    finalize(code, _forget, name).atexit = False
    return code


def _forget(name: str) -> None:
    _alive[name] -= 1
    if not _alive[name]:
        del _alive[name]
        linecache.cache.pop(name, None)


def template_filename(code: CodeType) -> str:
    """The file name of the template that *code* was compiled from."""
    name = code.co_filename
    if not (name.startswith(_PREFIX) and name.endswith(_SUFFIX)):
        return name
    return name[len(_PREFIX) : -len(_SUFFIX)].rpartition(" ")[0]
