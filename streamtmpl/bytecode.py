"""Bytecode caches that streaming and plain Jinja2 environments can share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jinja2
from jinja2.bccache import BytecodeCache

from .compiler import traits
from .version import __version__

if TYPE_CHECKING:
    from jinja2 import Environment
    from jinja2.bccache import Bucket


class SaltedBytecodeCache(BytecodeCache):
    """A bytecode cache seen by a streaming environment: the same store under keys of its own.

    Jinja2's key does not know which code generator made the code, nor for what traits of the
    environment. Other attributes are those of
    the cache inside.
    """

    def __init__(self, cache: BytecodeCache) -> None:
        """Put the entries of streaming environments beside the others in *cache*."""
        self._cache = cache

    def get_bucket(
        self, environment: Environment, name: str, filename: str | None, source: str
    ) -> Bucket:
        """The bucket for a template's code, loaded if the store has it."""
        salt = f"streamtmpl {__version__} jinja2 {jinja2.__version__} {traits(environment)}"
        return self._cache.get_bucket(environment, f"{salt} {name}", filename, source)

    def set_bucket(self, bucket: Bucket) -> None:
        """Store a bucket."""
        self._cache.set_bucket(bucket)

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill a bucket from the store."""
        self._cache.load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Write a bucket to the store."""
        self._cache.dump_bytecode(bucket)

    def clear(self) -> None:
        """Empty the whole store."""
        self._cache.clear()

    def __getattr__(self, name: str) -> Any:
        if name == "_cache":  # not set yet, while unpickling
            raise AttributeError(name)
        return getattr(self._cache, name)


def salted(cache: BytecodeCache | None) -> BytecodeCache | None:
    """*cache* as a streaming environment may use it."""
    if cache is None or isinstance(cache, SaltedBytecodeCache):
        return cache
    return SaltedBytecodeCache(cache)
