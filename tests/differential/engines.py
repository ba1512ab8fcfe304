"""One description of an environment, built with Jinja2 and with streamtmpl."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import jinja2
from jinja2 import pass_context, pass_environment, pass_eval_context
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup

from streamtmpl import SandboxedStreamEnvironment, StreamEnvironment

from .syntax import DELIMITERS, Delimiters

EXTENSIONS = [
    "jinja2.ext.i18n",
    "jinja2.ext.do",
    "jinja2.ext.loopcontrols",
    "jinja2.ext.debug",
]

UNDEFINED: dict[str, type[jinja2.Undefined]] = {
    "default": jinja2.Undefined,
    "chainable": jinja2.ChainableUndefined,
    "debug": jinja2.DebugUndefined,
    "strict": jinja2.StrictUndefined,
}


def without_none(value: object) -> object:
    return "" if value is None else value


@pass_context
def with_context(context: Any, value: object) -> object:
    return context.get("nil", "unset") if value is None else value


@pass_eval_context
def with_eval_context(eval_ctx: Any, value: object) -> object:
    return ("escaped" if eval_ctx.autoescape else "plain") if value is None else value


@pass_environment
def with_environment(environment: Any, value: object) -> object:
    return type(environment.loader).__name__ if value is None else value


def in_brackets(value: object) -> object:
    if isinstance(value, str):
        return Markup("[{}]").format(value)
    return value


FINALIZE: dict[str, Callable[..., object] | None] = {
    "none": None,
    "plain": without_none,
    "brackets": in_brackets,
    "context": with_context,
    "eval context": with_eval_context,
    "environment": with_environment,
}


def loader(templates: Mapping[str, str]) -> jinja2.BaseLoader:
    """Gives each template a file name, so that tracebacks tell templates apart."""

    def load(name: str) -> tuple[str, str, Callable[[], bool]] | None:
        return (templates[name], name, lambda: True) if name in templates else None

    return jinja2.FunctionLoader(load)


def by_name(name: str | None) -> bool:
    return name is not None and name.endswith(".html")


def shouted(text: str) -> str:
    """A stand-in translation: it changes the text but keeps placeholders and marks."""
    return "¡" + text


def shouted_plural(singular: str, plural: str, count: int) -> str:
    return shouted(singular if count == 1 else plural)


async def later(value: str) -> str:
    """A filter that has to be waited for."""
    await asyncio.sleep(0)
    return value.upper()


def true_now(value: object) -> bool:
    return bool(value)


async def true_later(value: object) -> bool:
    await asyncio.sleep(0)
    return bool(value)


@dataclass(frozen=True)
class Setup:
    autoescape: str = "off"
    undefined: str = "default"
    finalize: str = "none"
    delimiters: Delimiters = DELIMITERS
    trim_blocks: bool = False
    lstrip_blocks: bool = False
    keep_trailing_newline: bool = False
    newline_sequence: str = "\n"
    optimized: bool = True
    newstyle_gettext: bool = False
    translated: bool = False
    sandboxed: bool = False
    is_async: bool = False

    def arguments(self, templates: Mapping[str, str]) -> dict[str, Any]:
        return {
            **asdict(self.delimiters),
            "autoescape": {"off": False, "on": True, "by name": by_name}[self.autoescape],
            "undefined": UNDEFINED[self.undefined],
            "finalize": FINALIZE[self.finalize],
            "trim_blocks": self.trim_blocks,
            "lstrip_blocks": self.lstrip_blocks,
            "keep_trailing_newline": self.keep_trailing_newline,
            "newline_sequence": self.newline_sequence,
            "optimized": self.optimized,
            "enable_async": self.is_async,
            "extensions": EXTENSIONS,
            "loader": loader(templates),
        }

    def oracle(self, templates: Mapping[str, str]) -> jinja2.Environment:
        kind = SandboxedEnvironment if self.sandboxed else jinja2.Environment
        return self.finish(kind(**self.arguments(templates)))

    def subject(self, templates: Mapping[str, str]) -> jinja2.Environment:
        kind = SandboxedStreamEnvironment if self.sandboxed else StreamEnvironment
        return self.finish(kind(**self.arguments(templates)))

    def finish(self, environment: jinja2.Environment) -> jinja2.Environment:
        environment.filters["later"] = later if self.is_async else str.upper
        environment.tests["later"] = true_later if self.is_async else true_now
        install: Any = environment
        if self.translated:
            install.install_gettext_callables(
                shouted, shouted_plural, newstyle=self.newstyle_gettext
            )
        else:
            install.install_null_translations(newstyle=self.newstyle_gettext)
        return environment
