"""Values and templates that several samples use."""

from __future__ import annotations

from typing import Any

from jinja2 import pass_context, pass_environment, pass_eval_context

HOSTILE = "<&\"'>"


class Counted:
    """Its text says how often it was printed."""

    def __init__(self) -> None:
        self.count = 0

    def __str__(self) -> str:
        self.count += 1
        return f"printed {self.count} times"


class Html:
    def __html__(self) -> str:
        return "<html>"

    def __str__(self) -> str:
        return "<str>"


class SubText(str):
    def __str__(self) -> str:
        return "converted <"


class SubNumber(int):
    def __str__(self) -> str:
        return "<number>"


@pass_context
def seen(context: Any, *names: str) -> str:
    return ",".join(f"{name}={context.get(name, 'unset')}" for name in names)


@pass_eval_context
def escaping(eval_ctx: Any) -> str:
    return "on" if eval_ctx.autoescape else "off"


@pass_environment
def chunks(environment: Any) -> str:
    return str(environment.block_start_string)


def apply(call: Any, *args: object) -> object:
    return call(*args)


def tree() -> list[dict[str, object]]:
    leaf = {"name": "<leaf>", "children": ()}
    return [
        {"name": "a", "children": [leaf, {"name": "b", "children": [leaf]}]},
        {"name": "c", "children": []},
    ]


TREE = {"tree": tree()}
ROWS = {"rows": ["a", "b", "c"], "empty": []}
PARENT = {
    "base.html": "<head>{% block title %}base{% endblock %}</head>"
    "{% block body %}[{% block inner %}inner{% endblock %}]{% endblock %}end",
    "mid.html": "{% extends 'base.html' %}{% block body %}mid {{ super() }}{% endblock %}"
    "{% block inner %}mid-{{ super() }}{% endblock %}",
}
LIB = {
    "lib.html": "{% macro show(a, b='<d>') %}<i>{{ a }}{{ b }}</i>{% endmacro %}"
    "{% macro wrap() %}<b>{{ caller('<x>') }}</b>{% endmacro %}"
    "{% macro twice() %}{% for i in [1, 2] %}{{ caller(i) }}{% endfor %}{% endmacro %}"
    "{% set value = 'v<' %}{% set _hidden = 1 %}text",
}
LIB["lib.txt"] = LIB["lib.html"]
BY_NAME = {"autoescape": "by name"}

PARTS = {
    "part.html": "[{{ x }}{{ loop.index if loop }}]",
    "deep.html": "{% include 'part.html' %}!",
}
