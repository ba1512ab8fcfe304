"""Bytecode caches: used, and safe to share with plain Jinja2 environments."""

from __future__ import annotations

import asyncio
import gc
import io
import linecache
import pickle
from pathlib import Path
from typing import Any

import jinja2
import pytest
from jinja2.bccache import Bucket, BytecodeCache, FileSystemBytecodeCache, MemcachedBytecodeCache
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment

from streamtmpl import (
    SandboxedStreamEnvironment,
    StreamEnvironment,
    enable_streaming,
    render_stream,
)

SOURCE = "{% for n in rows %}<{{ n }}>{% endfor %}{{ f() if f }}"
CONTEXT = {"rows": [1, 2]}
LOADER = jinja2.DictLoader({"a.html": SOURCE})


class Memory(BytecodeCache):
    """Keeps bytecode in a dict and counts."""

    def __init__(self) -> None:
        self.store: dict[str, bytes] = {}
        self.loads = 0
        self.dumps = 0

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.store:
            bucket.bytecode_from_string(self.store[bucket.key])
            self.loads += bucket.code is not None

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.store[bucket.key] = bucket.bytecode_to_string()
        self.dumps += 1

    def clear(self) -> None:
        self.store.clear()


def enabled(**options: Any) -> jinja2.Environment:
    return enable_streaming(jinja2.Environment(**options))


STREAMING: list[Any] = [StreamEnvironment, SandboxedStreamEnvironment, enabled]


def forbid_compiling(monkeypatch: pytest.MonkeyPatch) -> None:
    def compile(*args: object, **kwargs: object) -> None:
        raise AssertionError("compiled, though the code is in the cache")

    monkeypatch.setattr(jinja2.Environment, "_generate", compile)


def chunks(environment: jinja2.Environment) -> list[str]:
    template = environment.get_template("a.html")
    return list(render_stream(template, CONTEXT, chunk_size=0))


@pytest.mark.parametrize("make", STREAMING)
def test_the_second_load_comes_from_the_cache(
    make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def environment() -> Any:
        cache = FileSystemBytecodeCache(str(tmp_path))
        return make(loader=LOADER, bytecode_cache=cache)

    assert chunks(environment()) == ["<1>", "<2>"]
    assert len(list(tmp_path.iterdir())) == 1
    forbid_compiling(monkeypatch)
    assert chunks(environment()) == ["<1>", "<2>"]
    assert environment().get_template("a.html").render(CONTEXT) == "<1><2>"


@pytest.mark.parametrize("make", STREAMING)
@pytest.mark.parametrize("plain", [jinja2.Environment, SandboxedEnvironment])
@pytest.mark.parametrize("ours_first", [False, True])
def test_a_folder_shared_with_plain_jinja2(
    make: Any, plain: type[jinja2.Environment], ours_first: bool, tmp_path: Path
) -> None:
    def cached(kind: Any) -> Any:
        return kind(loader=LOADER, bytecode_cache=FileSystemBytecodeCache(str(tmp_path)))

    def use_ours() -> None:
        assert chunks(cached(make)) == ["<1>", "<2>"]

    def use_plain() -> None:
        template = cached(plain).get_template("a.html")
        assert type(template) is jinja2.Template
        assert template.render(CONTEXT) == "<1><2>"
        assert not hasattr(template.root_render_func, "into")

    for use in (use_ours, use_plain, use_ours, use_plain)[:: 1 if ours_first else -1]:
        use()
    assert len(list(tmp_path.iterdir())) == 2


def test_kinds_of_environments_do_not_share_code() -> None:
    cache = Memory()
    options: dict[str, Any] = {"loader": LOADER, "bytecode_cache": cache}
    for kind in (StreamEnvironment, SandboxedStreamEnvironment):
        for is_async in (False, True):
            template = kind(enable_async=is_async, **options).get_template("a.html")
            assert template.render(CONTEXT) == "<1><2>"
    assert (cache.loads, cache.dumps, len(cache.store)) == (0, 4, 4)

    async def render() -> str:
        template = StreamEnvironment(enable_async=True, **options).get_template("a.html")
        return await template.render_async(CONTEXT)

    assert asyncio.run(render()) == "<1><2>"
    assert (cache.loads, cache.dumps) == (1, 4)


class Shouting(Context):
    def call(self, callable: Any, /, *args: Any, **kwargs: Any) -> Any:
        return super().call(callable, *args, **kwargs).upper()


class ShoutingSandbox(SandboxedStreamEnvironment):
    def call(self, context: Any, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        return super().call(context, obj, *args, **kwargs).upper()


def test_environments_that_see_calls_do_not_load_code_that_streams_them() -> None:
    cache = Memory()
    loader = jinja2.DictLoader({"a.html": "{% macro m() %}m{% endmacro %}{{ m() }}"})
    options: dict[str, Any] = {"loader": loader, "bytecode_cache": cache}
    for kind in (StreamEnvironment, SandboxedStreamEnvironment):
        assert kind(**options).get_template("a.html").render() == "m"
    environment = StreamEnvironment(**options)
    environment.context_class = Shouting
    assert environment.get_template("a.html").render() == "M"
    assert ShoutingSandbox(**options).get_template("a.html").render() == "M"


def test_a_changed_source_is_compiled_again() -> None:
    cache = Memory()
    for source, expected in (("a{{ 1 }}", "a1"), ("b", "b"), ("b", "b")):
        loader = jinja2.DictLoader({"a.html": source})
        environment = StreamEnvironment(loader=loader, bytecode_cache=cache)
        assert environment.get_template("a.html").render() == expected
    assert (cache.loads, cache.dumps) == (1, 2)


def test_an_entry_of_another_version_is_ignored(tmp_path: Path) -> None:
    cache = FileSystemBytecodeCache(str(tmp_path))
    assert chunks(StreamEnvironment(loader=LOADER, bytecode_cache=cache)) == ["<1>", "<2>"]
    (path,) = tmp_path.iterdir()
    path.write_bytes(b"j2 of another version")
    assert chunks(StreamEnvironment(loader=LOADER, bytecode_cache=cache)) == ["<1>", "<2>"]
    assert path.read_bytes() != b"j2 of another version"


@pytest.mark.parametrize("kept", [0, 3, 20, 60, -1])
def test_a_broken_entry_is_compiled_again(kept: int, tmp_path: Path) -> None:
    cache = FileSystemBytecodeCache(str(tmp_path))
    assert chunks(StreamEnvironment(loader=LOADER, bytecode_cache=cache)) == ["<1>", "<2>"]
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[:kept])
    assert chunks(StreamEnvironment(loader=LOADER, bytecode_cache=cache)) == ["<1>", "<2>"]
    assert len(path.read_bytes()) == len(whole)


class Counting(io.BytesIO):
    """Counts how often it is read from."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.count = 0

    def read(self, size: int | None = -1) -> bytes:
        self.count += 1
        return super().read(size)

    def readinto(self, buffer: Any) -> int:
        self.count += 1
        return super().readinto(buffer)


def test_an_entry_is_read_at_once() -> None:
    reads = []
    for count in (1, 50):
        source = "{% for n in rows %}<{{ n|upper }}>{% endfor %}" * count
        cache = Memory()
        loader = jinja2.DictLoader({"a.html": source})
        environment = StreamEnvironment(loader=loader, bytecode_cache=cache)
        expected = environment.get_template("a.html").render(rows="ab")
        (data,) = cache.store.values()
        file = Counting(data)
        environment = StreamEnvironment(loader=loader, bytecode_cache=Lending(file))
        assert environment.get_template("a.html").render(rows="ab") == expected
        reads.append(file.count)
    assert 0 < reads[1] <= reads[0] + 1  # pickle may look further ahead


class Lending(Memory):
    """Has one entry, in an open file."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__()
        self.file = file

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.load_bytecode(self.file)
        assert bucket.code is not None


def test_a_cache_with_buckets_of_its_own() -> None:
    class Special(Bucket):
        pass

    class Cache(Memory):
        def get_bucket(
            self, environment: jinja2.Environment, name: str, filename: str | None, source: str
        ) -> Bucket:
            bucket = Special(environment, self.get_cache_key(name), source)
            self.load_bytecode(bucket)
            return bucket

        def set_bucket(self, bucket: Bucket) -> None:
            assert type(bucket) is Special
            super().set_bucket(bucket)

    cache = Cache()
    for _ in range(2):
        assert chunks(StreamEnvironment(loader=LOADER, bytecode_cache=cache)) == ["<1>", "<2>"]
    assert (cache.loads, cache.dumps) == (1, 1)


@pytest.mark.parametrize("make", STREAMING)
def test_a_cache_that_is_set_later(make: Any) -> None:
    cache = Memory()
    environment = make(loader=LOADER)
    environment.bytecode_cache = cache
    assert chunks(environment) == ["<1>", "<2>"]
    assert len(cache.store) == 1
    plain = jinja2.Environment(loader=LOADER, bytecode_cache=cache)
    assert plain.get_template("a.html").render(CONTEXT) == "<1><2>"
    assert (cache.loads, cache.dumps) == (0, 2)
    environment.bytecode_cache = None
    assert environment.bytecode_cache is None


@pytest.mark.parametrize("make", STREAMING)
def test_overlays_with_a_cache_of_their_own(make: Any) -> None:
    cache = Memory()
    plain = jinja2.Environment(loader=LOADER, bytecode_cache=cache)
    assert plain.get_template("a.html").render(CONTEXT) == "<1><2>"
    overlay = make(loader=LOADER).overlay(bytecode_cache=cache)
    assert chunks(overlay) == ["<1>", "<2>"]
    assert (cache.loads, cache.dumps) == (0, 2)


@pytest.mark.parametrize("make", STREAMING)
def test_overlays_share_the_cache(make: Any) -> None:
    cache = Memory()
    environment = make(loader=LOADER, bytecode_cache=cache)
    assert chunks(environment) == chunks(environment.overlay()) == ["<1>", "<2>"]
    assert (cache.loads, cache.dumps) == (1, 1)


def test_enabling_does_not_load_what_plain_jinja2_stored() -> None:
    cache = Memory()
    environment = jinja2.Environment(loader=LOADER, bytecode_cache=cache)
    assert environment.get_template("a.html").render(CONTEXT) == "<1><2>"
    enable_streaming(environment)
    assert chunks(environment) == ["<1>", "<2>"]
    assert (cache.loads, cache.dumps) == (0, 2)


def test_attributes_of_the_cache_are_there(tmp_path: Path) -> None:
    cache = FileSystemBytecodeCache(str(tmp_path), "%s.test")
    environment: Any = StreamEnvironment(loader=LOADER, bytecode_cache=cache)
    assert environment.bytecode_cache.directory == str(tmp_path)
    chunks(environment)
    assert [path.suffix for path in tmp_path.iterdir()] == [".test"]
    environment.bytecode_cache.clear()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(AttributeError):
        environment.bytecode_cache.nope  # noqa: B018


def test_cached_code_is_not_shown_as_the_code_of_another_template() -> None:
    def label(source: str, cache: Memory) -> str:
        loader = jinja2.DictLoader({"a.html": source})
        template: Any = StreamEnvironment(loader=loader, bytecode_cache=cache).get_template(
            "a.html"
        )
        name: str = template.root_render_func.into.__code__.co_filename
        return name

    cache = Memory()
    compiled = label("cached {{ x }}", cache)
    gc.collect()
    assert label("other {{ x }}", Memory()) != compiled
    assert label("cached {{ x }}", cache) == compiled
    assert cache.loads == 1
    gc.collect()
    assert linecache.getlines(compiled) == []


def test_memcached() -> None:
    class Client:
        store: dict[str, bytes] = {}  # noqa: RUF012

        def get(self, key: str) -> bytes | None:
            return self.store.get(key)

        def set(self, key: str, value: bytes, timeout: int | None = None) -> None:
            self.store[key] = value

    for _ in range(2):
        client: Any = Client()
        cache = MemcachedBytecodeCache(client)
        assert chunks(StreamEnvironment(loader=LOADER, bytecode_cache=cache)) == ["<1>", "<2>"]
    assert len(Client.store) == 1


def test_an_environment_with_a_cache_can_be_pickled(tmp_path: Path) -> None:
    cache = FileSystemBytecodeCache(str(tmp_path))
    for environment in (
        StreamEnvironment(loader=LOADER, bytecode_cache=cache),
        enabled(loader=LOADER, bytecode_cache=cache),
    ):
        copy = pickle.loads(pickle.dumps(environment))
        assert chunks(copy) == ["<1>", "<2>"]
    assert len(list(tmp_path.iterdir())) == 1


def test_errors_from_cached_code_name_the_template(template_frames: Any) -> None:
    cache = Memory()

    def fail() -> list[tuple[str, int, str]]:
        loader = jinja2.DictLoader({"a.html": "\n{{ 1 / 0 }}"})
        environment = StreamEnvironment(loader=loader, bytecode_cache=cache)
        with pytest.raises(ZeroDivisionError) as caught:
            environment.get_template("a.html").render()
        frames: list[tuple[str, int, str]] = template_frames(caught.value)
        return frames

    assert fail() == fail() == [("<template>", 2, "top-level template code")]
    assert cache.loads == 1


def test_jinja2_need_not_say_its_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The attribute goes with Jinja2 3.3."""
    monkeypatch.delattr(jinja2, "__version__", raising=False)
    cache = jinja2.FileSystemBytecodeCache(str(tmp_path))
    loader = jinja2.DictLoader({"page": "{{ x }}"})
    for _ in range(2):
        made = StreamEnvironment(loader=loader, bytecode_cache=cache)
        assert made.get_template("page").render(x=1) == "1"
