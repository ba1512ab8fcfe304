"""The cache of templates gives what Jinja2's gives, and drops the same ones where it is small."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jinja2
import pytest
from jinja2.utils import LRUCache

from streamtmpl import SandboxedStreamEnvironment, StreamEnvironment, enable_streaming
from streamtmpl.environment import TemplateCache


class Loader(jinja2.DictLoader):
    """Notes which templates are loaded."""

    def __init__(self, mapping: dict[str, str]) -> None:
        super().__init__(mapping)
        self.loaded: list[str] = []

    def get_source(self, environment: jinja2.Environment, template: str) -> Any:
        self.loaded.append(template)
        return super().get_source(environment, template)


def enabled(**options: Any) -> jinja2.Environment:
    return enable_streaming(jinja2.Environment(**options))


KINDS = [StreamEnvironment, SandboxedStreamEnvironment, enabled]
NAMES = [f"t{n}" for n in range(12)]


def of(kind: Any, **options: Any) -> Any:
    loader = Loader({name: f"{name}: {{{{ x }}}}" for name in NAMES})
    return kind(loader=loader, **options)


def asked(environment: Any, numbers: list[int]) -> list[str]:
    """The names of the templates that are loaded where these are asked for."""
    for number in numbers:
        template = environment.get_template(NAMES[number])
        assert template.render(x=number) == f"t{number}: {number}"
    return list(environment.loader.loaded)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [0, 1, 2, 3, 7, -1, 400])
def test_what_is_asked_for_again_and_again(kind: Any, size: int) -> None:
    for numbers in ([0, 0, 1, 0, 1, 2, 1], [*range(12), *range(12)], [0, 1, 2, 3, 4, 0, 5, 0]):
        theirs, ours = of(jinja2.Environment, cache_size=size), of(kind, cache_size=size)
        had, wanted = asked(ours, numbers), asked(theirs, numbers)
        # Whoever fills a cache to the brim in turn may lose another one than in Jinja2.
        assert len(had) == len(wanted)
        assert set(had) == set(wanted)
        assert (ours.cache is None) is (size == 0)


def test_what_is_used_stays_in_a_full_cache() -> None:
    environment = of(StreamEnvironment, cache_size=4)
    asked(environment, [0, 1, 2, 3])
    for number in range(4, 12):
        asked(environment, [0, number, 0])
    assert environment.loader.loaded.count("t0") == 1
    assert len(environment.cache) == 4


def test_the_order_of_use_is_kept_from_half_full_on() -> None:
    cache = TemplateCache(4)
    for key in "abc":
        cache[key] = key.upper()
    assert cache.get("a") == "A"
    assert cache.get("nothing") is None
    assert cache.get("nothing", 1) == 1
    assert list(cache) == ["a", "c", "b"]
    few = TemplateCache(7)
    few["a"], few["b"], few["c"] = "A", "B", "C"
    assert few.get("a") == "A"
    assert few.get("nothing", 1) == 1
    assert list(few) == ["c", "b", "a"]


@pytest.mark.parametrize("kind", KINDS)
def test_changed_templates_are_loaded_anew(kind: Any) -> None:
    for reload, wanted in ((True, "new"), (False, "old")):
        sources = {"a": "old"}
        loader = jinja2.DictLoader(sources)
        environment = kind(loader=loader, auto_reload=reload)
        assert environment.get_template("a").render() == "old"
        sources["a"] = "new"
        assert environment.get_template("a").render() == wanted
        environment.cache.clear()
        assert environment.get_template("a").render() == "new"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [0, 2, -1])
def test_overlays_have_a_cache_of_their_own(kind: Any, size: int) -> None:
    environment = of(kind, cache_size=size)
    asked(environment, [0])
    sizes: list[dict[str, int]] = [{}, {"cache_size": 5}, {"cache_size": 0}, {"cache_size": -1}]
    for options in sizes:
        overlay = environment.overlay(**options)
        plain = of(jinja2.Environment, cache_size=size).overlay(**options)
        kinds = type(plain.cache), type(overlay.cache)
        assert kinds in ((LRUCache, TemplateCache), (dict, dict), (type(None), type(None)))
        assert getattr(overlay.cache, "capacity", None) == getattr(plain.cache, "capacity", None)
        assert overlay.cache is None or overlay.cache is not environment.cache
        assert asked(overlay, [0, 0])[-1] == "t0"


@pytest.mark.parametrize("kind", KINDS)
def test_copied_environments(kind: Any) -> None:
    environment = kind(loader=jinja2.DictLoader({"a": "{{ x }}"}), cache_size=3)
    cache = environment.cache
    for copied in (pickle.loads(pickle.dumps(cache)), copy.copy(cache), cache.copy()):
        assert type(copied) is TemplateCache
        assert copied.capacity == 3
        copied["key"] = 1
        assert copied.get("key") == 1
        assert "key" not in cache


class OwnCache(LRUCache):
    """What a user has put in the place of Jinja2's."""


def test_a_cache_of_the_users_stays() -> None:
    environment: Any = jinja2.Environment(loader=jinja2.DictLoader({"a": "{{ x }}"}))
    environment.cache = OwnCache(3)
    enable_streaming(environment)
    assert type(environment.cache) is OwnCache
    assert environment.get_template("a").render(x=1) == "1"


@pytest.mark.parametrize("size", [1, 5, 30])
def test_threads(size: int) -> None:
    environment = of(StreamEnvironment, cache_size=size)

    def ask(start: int) -> None:
        for step in range(30):
            number = (start * 5 + step * step) % len(NAMES)
            assert environment.get_template(NAMES[number]).render(x=1) == f"t{number}: 1"

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(ask, range(12)))
    assert len(environment.cache) <= size
