"""The survey's answers are those of looking for the nodes themselves."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import jinja2
import pytest
from jinja2 import nodes
from jinja2.compiler import DependencyFinderVisitor, find_undeclared

from streamtmpl.compiler.analysis import (
    ASSIGNMENT,
    CROSSING,
    EXTENDS,
    FILTER,
    FUNCTION,
    INCLUDE,
    LOCALS_USER,
    LOOP_TARGET,
    SCOPED_BLOCK,
    Survey,
    contains,
    undeclared,
)

ENVIRONMENT = jinja2.Environment(extensions=["jinja2.ext.do", "jinja2.ext.i18n"])
SPECIAL = ("caller", "kwargs", "loop", "self", "super", "varargs")

SOURCES = [
    "",
    "text {{ x }}",
    "{% set x = 1 %}",
    "{% if a %}{% set x %}text{% endset %}{% else %}{{ b|upper }}{% endif %}{{ c is odd }}",
    "{% for a in b %}{% macro m() %}{{ caller() }}{{ varargs }}{% endmacro %}{% endfor %}",
    "{% macro m(caller, x=kwargs) %}{{ caller() }}{% set kwargs = 1 %}{{ kwargs }}{% endmacro %}",
    "{% call m() %}{{ loop }}{% endcall %}",
    "{% for loop in x %}{% endfor %}{% for a, loop in x %}{% endfor %}",
    "{% for a in b if loop.index is even %}{{ loop.last }}{% else %}{{ self.x() }}{% endfor %}",
    "{% for a in b recursive %}{{ loop(a|list) }}{% endfor %}",
    "{% extends a %}{% block b %}{{ super() }}{{ x|lower }}{% endblock %}{{ self.b() }}",
    "{% block a %}{{ x is odd }}{% block b scoped %}{{ super()|e }}{% endblock %}{% endblock %}",
    "{% for a in b %}{% block c scoped %}{{ loop.index }}{% endblock %}{% endfor %}",
    "{% for a in b %}{% block c %}{{ loop.index }}{% set x = 1 %}{% endblock %}{% endfor %}",
    "{% include 'a' %}{% include 'b' without context %}",
    "{% import 'a' as b %}{% from 'a' import b with context %}{% import 'a' as b with context %}",
    "{% filter upper|trim %}{{ x is odd }}{% endfilter %}",
    "{% with a = b|first %}{% set a = 2 %}{% endwith %}{% do x.append(1|string) %}",
    "{% autoescape true %}{{ x|e }}{% endautoescape %}{% trans n=x|length %}{{ n }}{% endtrans %}",
    "{% set loop = 1 %}{{ loop }}{% set ns.loop = 2 %}",
    "{{ f(*varargs, **kwargs) }}{{ [self, {'a': caller}] }}{{ super if x else loop[1:] }}",
]


def below(body: list[nodes.Node]) -> Iterator[nodes.Node]:
    """*body*'s nodes and all nodes in them."""
    return chain.from_iterable((node, *node.find_all(nodes.Node)) for node in body)


def has(node: nodes.Node, what: int) -> bool:
    """Whether *node* alone has the flag *what*."""
    if what == ASSIGNMENT:
        return isinstance(node, (nodes.Assign, nodes.AssignBlock))
    if what == FUNCTION:
        return isinstance(node, (nodes.Macro, nodes.CallBlock))
    if what == SCOPED_BLOCK:
        return isinstance(node, nodes.Block) and node.scoped
    if what == LOCALS_USER:
        if isinstance(node, (nodes.Import, nodes.FromImport)):
            return node.with_context
        return isinstance(node, (nodes.OverlayScope, nodes.DerivedContextReference))
    if what == INCLUDE:
        return isinstance(node, nodes.Include) and node.with_context
    if what == CROSSING:
        return isinstance(node, (nodes.Block, nodes.Include, nodes.Import, nodes.FromImport))
    if what in (EXTENDS, FILTER):
        return isinstance(node, nodes.Extends if what == EXTENDS else nodes.Filter)
    assert what == LOOP_TARGET
    return isinstance(node, nodes.Name) and node.name == "loop" and node.ctx == "store"


FLAGS = (
    *(ASSIGNMENT, CROSSING, FILTER, FUNCTION, SCOPED_BLOCK, LOCALS_USER, INCLUDE, EXTENDS),
    LOOP_TARGET,
)


def bodies(template: nodes.Template) -> Iterator[list[nodes.Node]]:
    """All lists of statements in *template*, and each statement and expression alone."""
    for node in (template, *template.find_all(nodes.Node)):
        yield [node]
        for name in ("body", "else_"):
            body = getattr(node, name, None)
            if isinstance(body, list):
                yield body


@pytest.mark.parametrize("source", SOURCES)
def test_contents(source: str) -> None:
    template = ENVIRONMENT.parse(source)
    survey = Survey(template)
    for flag in FLAGS:
        assert bool(survey.contents & flag) == any(has(node, flag) for node in below([template]))
        for body in bodies(template):
            assert contains(body, flag) == any(has(node, flag) for node in below(body))


@pytest.mark.parametrize("surveyed", [True, False])
@pytest.mark.parametrize("source", SOURCES)
def test_undeclared_names(source: str, surveyed: bool) -> None:
    template = ENVIRONMENT.parse(source)
    if surveyed:
        Survey(template)
    for body in bodies(template):
        assert undeclared(body, *SPECIAL) == find_undeclared(body, SPECIAL)
        for name in SPECIAL:
            assert undeclared(body, name) == find_undeclared(body, (name,))


@pytest.mark.parametrize("source", SOURCES)
def test_filters_and_tests(source: str) -> None:
    template = ENVIRONMENT.parse(source)
    survey = Survey(template)
    elsewhere = list(template.body)  # equal, but not the template's own list
    for body in (template.body, elsewhere, *(block.body for block in survey.blocks)):
        visitor = DependencyFinderVisitor()
        for node in body:
            visitor.visit(node)
        used = survey.used_by(body)
        assert (used.filters, used.tests) == (visitor.filters, visitor.tests)


@pytest.mark.parametrize("source", SOURCES)
def test_blocks_come_in_the_order_of_the_source(source: str) -> None:
    template = ENVIRONMENT.parse(source)
    expected = list(template.find_all(nodes.Block))
    found = Survey(template).blocks
    assert len(found) == len(expected)
    assert all(one is other for one, other in zip(found, expected, strict=True))


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("{{ x }}{% for a in b %}{{ a }}{% endfor %}", ""),
        ("{% set a = b %}{% if x %}{% set c, (d, e) = f %}{% endif %}", "a c d e"),
        ("{% set a %}{{ b }}{% endset %}{% set n.c = 1 %}", "a"),
        ("{% macro m(a) %}{% set b = a %}{% endmacro %}{% call(c) m() %}{% endcall %}", "m b"),
        ("{% import 'a' as b %}{% from 'c' import d, e as f %}", "b d f"),
        ("{% block a %}{% set b = 1 %}{% endblock %}", "b"),
    ],
)
def test_names_that_are_set(source: str, names: str) -> None:
    assert Survey(ENVIRONMENT.parse(source)).set_names == set(names.split())


def test_names_that_extensions_import() -> None:
    names = [object.__new__(nodes.ImportedName) for _ in range(2)]  # made by extensions alone
    for name, path in zip(names, ("os.path", "math"), strict=True):
        name.importname = path
    inner = nodes.If(names[1], [], [], [])
    template = nodes.Template([nodes.Output([names[0]]), nodes.Scope([inner])])
    assert Survey(template).imported == names


def test_a_tree_changed_between_surveys_is_surveyed_anew() -> None:
    template = ENVIRONMENT.parse("{% if a %}{% endif %}")
    Survey(template)
    (condition,) = template.body
    assert isinstance(condition, nodes.If)
    condition.body.append(nodes.Assign(nodes.Name("b", "store"), nodes.Const(1)))
    assert Survey(template).contents & ASSIGNMENT
    assert contains([condition], ASSIGNMENT)
