"""Bytecode caches that streaming and plain Jinja2 environments can share."""

from __future__ import annotations

import marshal
import pickle
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, BinaryIO

from jinja2.bccache import Bucket, BytecodeCache, bc_magic

from streamtmpl.version import __version__

from .traits import traits

if TYPE_CHECKING:
    from jinja2 import Environment


JINJA2 = version("jinja2")


class WholeBucket(Bucket):
    """A bucket in Jinja2's format whose code is read at once.

    Jinja2 hands the file to :func:`marshal.load`, which asks it for a few bytes at a time: that is
    most of the time that loading takes.
    """

    def load_bytecode(self, f: BinaryIO) -> None:
        """Take the code from an open file; none if it is of something else, or broken."""
        self.reset()
        if f.read(len(bc_magic)) != bc_magic:
            return
        try:
            if pickle.load(f) == self.checksum:
                self.code = marshal.loads(f.read())
        except (EOFError, ValueError, TypeError, pickle.UnpicklingError):
            pass


class SaltedBytecodeCache(BytecodeCache):
    """A bytecode cache seen by a streaming environment: the same store under keys of its own.

    Jinja2's key does not know which code generator made the code, nor for what traits of the
    environment. Other attributes are those of the cache inside.
    """

    def __init__(self, cache: BytecodeCache) -> None:
        """Put the entries of streaming environments beside the others in *cache*."""
        self._cache = cache

    def get_bucket(
        self, environment: Environment, name: str, filename: str | None, source: str
    ) -> Bucket:
        """The bucket for a template's code, loaded if the store has it."""
        cache = self._cache
        salt = f"streamtmpl {__version__} jinja2 {JINJA2} {traits(environment)}"
        name = f"{salt} {name}"
        if getattr(type(cache), "get_bucket", None) is not BytecodeCache.get_bucket:
            return cache.get_bucket(environment, name, filename, source)
        key, checksum = cache.get_cache_key(name, filename), cache.get_source_checksum(source)
        bucket = WholeBucket(environment, key, checksum)
        cache.load_bytecode(bucket)
        return bucket

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


def salted(cache: BytecodeCache) -> BytecodeCache:
    """*cache* as a streaming environment may use it."""
    return cache if isinstance(cache, SaltedBytecodeCache) else SaltedBytecodeCache(cache)
