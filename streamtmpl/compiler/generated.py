"""Compiling generated source so that tracebacks and debuggers can show it.

Generated code gets a file name of its own, ``<streamtmpl page.html 1f0c8a2b>``, under which its
source is registered with :mod:`linecache` for as long as the code lives. The code itself tells
whoever runs it the template's own file, as ``__file__``: that is what errors name.
"""

from __future__ import annotations

import linecache
from collections import Counter
from hashlib import sha1
from typing import TYPE_CHECKING
from weakref import finalize

if TYPE_CHECKING:
    from types import CodeType

_alive: Counter[str] = Counter()


def compile_generated(source: str, filename: str) -> CodeType:
    """Compile generated *source* of the template file *filename* and register the source.

    The name says which source it is, so that code from a bytecode cache is never shown with that
    of another version, and an async environment's not with that of a sync one.
    """
    digest = sha1(source.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
    name = f"<streamtmpl {filename} {digest[:8]}>"
    try:
        code = compile(f"{source}\n__file__ = {str.__str__(filename)!r}", name, "exec")
    except SyntaxError as error:  # such as a break outside a loop
        error.filename = filename
        raise
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    _alive[name] += 1
    finalize(code, _forget, name).atexit = False
    return code


def _forget(name: str) -> None:
    _alive[name] -= 1
    if not _alive[name]:
        del _alive[name]
        linecache.cache.pop(name, None)
