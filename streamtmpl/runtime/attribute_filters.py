"""Jinja2's filters that look up an attribute of each item, which find plain ones by themselves.

Jinja2 asks the environment for each part of each item's attribute.
"""

from __future__ import annotations

import sys
from functools import partial
from itertools import chain, groupby
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, filters
from jinja2.runtime import Undefined
from jinja2.utils import internalcode

from streamtmpl.vocabulary import own_method

from .lookups import NOT_FOUND, item_missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from jinja2.nodes import EvalContext

    Attribute = str | int | None
    Getter = Callable[[Any], Any]


def attribute_getter(
    environment: Environment,
    attribute: Attribute,
    default: Any = None,
    ignore_case: bool = False,
) -> Getter:
    """What looks up *attribute* of an item, by the rules of *environment*.

    :param attribute: a name, or several in a row with dots between them; ``None``: the item itself.
    :param default: what stands for each of them that is undefined, unless it is ``None``.
    :param ignore_case: whether a text is put in lower case.
    """
    if attribute is None:
        return filters.ignore_case if ignore_case else same
    looks_up = own_method(environment, "getitem")
    plain = looks_up is Environment.getitem
    if type(attribute) is str and (plain or _is_of_sandbox(looks_up)):
        if attribute.isidentifier():
            return partial(_found, environment, plain, set(), None, attribute, default, ignore_case)
        *first, last = attribute.split(".")
        # Jinja2 takes what is a number for one.
        if not last.isdigit() and not any(map(str.isdigit, first)):
            get: Getter | None = None
            for name in first:
                get = partial(_found, environment, plain, set(), get, name, default, False)
            return partial(_found, environment, plain, set(), get, last, default, ignore_case)
    post = filters.ignore_case if ignore_case else None
    return filters.make_attrgetter(environment, attribute, post, default)


def same(value: Any) -> Any:
    """The value itself."""
    return value


def _is_of_sandbox(looks_up: Any) -> bool:
    """Whether a method is that of Jinja2's sandbox, which finds a dict's items as they are."""
    sandbox = sys.modules.get("jinja2.sandbox")  # who is sandboxed has it
    return sandbox is not None and looks_up is sandbox.SandboxedEnvironment.getitem


@internalcode
def _found(
    environment: Environment,
    plain: bool,
    itemless: set[type],
    before: Getter | None,
    name: str,
    default: Any,
    ignore_case: bool,
    item: Any,
) -> Any:
    """What one *name* finds in *item*: an item of a dict, an attribute of what can have no items.

    :param plain: whether the environment looks up as Jinja2's does, not as its sandbox.
    :param itemless: the classes of which this is known.
    :param before: what finds in *item* what is looked into.
    """
    if before is not None:
        item = before(item)
    kind = type(item)
    if kind is dict:
        try:
            found = item[name]
        except NOT_FOUND:
            found = (
                item_missing(environment, item, name) if plain else environment.getitem(item, name)
            )
    elif plain and (kind in itemless or _has_no_items(kind, itemless)):
        try:
            found = getattr(item, name)
        except AttributeError:
            found = environment.undefined(obj=item, name=name)
    else:
        found = environment.getitem(item, name)
    if default is not None and isinstance(found, Undefined):
        found = default
    return found.lower() if ignore_case and isinstance(found, str) else found


def _has_no_items(kind: Any, itemless: set[type]) -> bool:
    """Whether an object of *kind* can have no items, to ask for which takes long; it is noted."""
    if type(kind) is not type or hasattr(kind, "__getitem__") or issubclass(kind, type):
        return False
    itemless.add(kind)
    return True


# -- the filters, with the arguments of Jinja2's


@internalcode
def quicker_sort(
    environment: Environment,
    value: Iterable[Any],
    reverse: bool = False,
    case_sensitive: bool = False,
    attribute: Attribute = None,
) -> list[Any]:
    """``sort``, by several attributes if there are commas between them."""
    if attribute is None or (type(attribute) is str and "," not in attribute):
        get = attribute_getter(environment, attribute, None, not case_sensitive)
        return sorted(value, key=lambda item: [get(item)], reverse=reverse)
    names: Any = attribute.split(",") if isinstance(attribute, str) else [attribute]
    getters = [attribute_getter(environment, name, None, not case_sensitive) for name in names]
    return sorted(value, key=lambda item: [get(item) for get in getters], reverse=reverse)


def _extreme(choose: Callable[..., Any], name: str) -> Callable[..., Any]:
    @internalcode
    def extreme(
        environment: Environment,
        value: Iterable[Any],
        case_sensitive: bool = False,
        attribute: Attribute = None,
    ) -> Any:
        iterator = iter(value)
        try:
            first = next(iterator)
        except StopIteration:
            return environment.undefined("No aggregated item, sequence was empty.")
        key = attribute_getter(environment, attribute, None, not case_sensitive)
        return choose(chain([first], iterator), key=key)

    extreme.__qualname__ = name
    return extreme


quicker_min = _extreme(min, "do_min")
quicker_max = _extreme(max, "do_max")
quicker_sort.__qualname__ = "do_sort"  # errors of a call's arguments name the function


@internalcode
def sync_do_sum(
    environment: Environment, iterable: Iterable[Any], attribute: Attribute = None, start: Any = 0
) -> Any:
    """``sum`` of a sync environment."""
    if attribute is not None:
        iterable = map(attribute_getter(environment, attribute), iterable)
    return sum(iterable, start)


@internalcode
def sync_do_join(
    eval_ctx: EvalContext, value: Iterable[Any], d: str = "", attribute: Attribute = None
) -> str:
    """``join`` of a sync environment."""
    if attribute is not None:
        value = map(attribute_getter(eval_ctx.environment, attribute), value)
    # A list has been looked at where it is joined.
    if type(value) is not list and type(d) is str and eval_ctx.autoescape:
        value = list(value)
        text = joined_texts(value, d)
        if text is not None:
            return text
    return filters.sync_do_join(eval_ctx, value, d)


def joined_texts(value: Any, d: Any = "") -> str | None:
    """What Jinja2's ``join`` gives for plain texts in a list or tuple; ``None`` for all else.

    The filter itself looks at each item whether it is HTML, and wants to know whether to escape.
    """
    kind = type(value)
    if type(d) is not str or (kind is not list and kind is not tuple):
        return None
    for item in value:
        if type(item) is not str:
            return None
    return d.join(value)


@internalcode
def sync_do_unique(
    environment: Environment,
    value: Iterable[Any],
    case_sensitive: bool = False,
    attribute: Attribute = None,
) -> Iterator[Any]:
    """``unique`` of a sync environment."""
    get = attribute_getter(environment, attribute, None, not case_sensitive)
    seen = set()
    for item in value:
        key = get(item)
        if key not in seen:
            seen.add(key)
            yield item


@internalcode
def sync_do_groupby(
    environment: Environment,
    value: Iterable[Any],
    attribute: str | int,
    default: Any = None,
    case_sensitive: bool = False,
) -> list[Any]:
    """``groupby`` of a sync environment."""
    key = attribute_getter(environment, attribute, default, not case_sensitive)
    groups = [(named, list(items)) for named, items in groupby(sorted(value, key=key), key)]
    if groups and not case_sensitive:
        name = attribute_getter(environment, attribute, default)
        groups = [(name(items[0]), items) for _, items in groups]
    return [filters._GroupTuple(*each) for each in groups]
