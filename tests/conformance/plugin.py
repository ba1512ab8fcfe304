"""A pytest plugin that puts streamtmpl in Jinja2's place while Jinja2's own tests run.

``run.py`` loads it into a pytest that runs Jinja2's tests. It must be imported before them, because
they create environments while they are being collected. ``STREAMTMPL_CONFORMANCE`` names the way in
which the environments of those tests become streaming ones:

``attributes``
    the class attributes of ``jinja2.Environment`` name our code generator and template class;
``environments``
    the names ``Environment``, ``SandboxedEnvironment`` ... that the tests import are our classes;
``enable``
    every environment is passed to ``enable_streaming`` when it has been created.

``NativeEnvironment`` stays Jinja2's in all of them. Whatever the way, the plugin counts which
generator compiled each template and which class each template object has, and fails the run if a
single one was not ours.
"""

from __future__ import annotations

import functools
import os
from collections import Counter
from collections.abc import Callable
from typing import Any

import differences
import jinja2
import jinja2.compiler
import jinja2.environment
import jinja2.meta
import jinja2.nativetypes
import jinja2.sandbox
import pytest

from streamtmpl import SandboxedStreamEnvironment, StreamEnvironment, enable_streaming
from streamtmpl.compiler import StreamCodeGenerator
from streamtmpl.environment import StreamTemplate

Environment = jinja2.environment.Environment
NativeEnvironment = jinja2.nativetypes.NativeEnvironment
# Finds undeclared names for jinja2.meta. It is a code generator whose code is thrown away.
ANALYSIS = jinja2.meta.TrackingCodeGenerator


class ImmutableSandboxedStreamEnvironment(
    SandboxedStreamEnvironment, jinja2.sandbox.ImmutableSandboxedEnvironment
):
    """What ``ImmutableSandboxedEnvironment`` is replaced with."""


def put_attributes() -> None:
    Environment.code_generator_class = StreamCodeGenerator
    Environment.template_class = StreamTemplate


def put_environments() -> None:
    top: Any = jinja2
    module: Any = jinja2.environment
    sandbox: Any = jinja2.sandbox
    top.Environment = module.Environment = StreamEnvironment
    sandbox.SandboxedEnvironment = SandboxedStreamEnvironment
    sandbox.ImmutableSandboxedEnvironment = ImmutableSandboxedStreamEnvironment


def put_enable() -> None:
    plain_init = Environment.__init__

    @functools.wraps(plain_init)
    def init(self: Environment, *args: Any, **kwargs: Any) -> None:
        plain_init(self, *args, **kwargs)
        if not isinstance(self, NativeEnvironment):
            enable_streaming(self)

    Environment.__init__ = init  # type: ignore[method-assign]


WAYS: dict[str, Callable[[], None]] = {
    "attributes": put_attributes,
    "environments": put_environments,
    "enable": put_enable,
}


class Census:
    """Counts code generators and template objects by whose they are."""

    def __init__(self) -> None:
        self.compiled: Counter[str] = Counter()
        self.created: Counter[str] = Counter()
        self.foreign: list[str] = []

    def count(self, counter: Counter[str], cls: type, ours: type, native: type) -> None:
        if issubclass(cls, ours):
            counter["ours"] += 1
        elif issubclass(cls, native):
            counter["native"] += 1
        else:
            counter["foreign"] += 1
            where = os.environ.get("PYTEST_CURRENT_TEST", "collection")
            self.foreign.append(f"{where}: {cls.__module__}.{cls.__qualname__}")

    def watch(self) -> None:
        """Count every code generator and every template object from here on."""
        base: Any = jinja2.compiler.CodeGenerator
        template: Any = jinja2.environment.Template
        plain_init = base.__init__
        plain_from_namespace = template._from_namespace.__func__

        @functools.wraps(plain_init)
        def init(generator: Any, *args: Any, **kwargs: Any) -> None:
            native = jinja2.nativetypes.NativeCodeGenerator
            if not isinstance(generator, ANALYSIS):
                self.count(self.compiled, type(generator), StreamCodeGenerator, native)
            plain_init(generator, *args, **kwargs)

        @functools.wraps(plain_from_namespace)
        def from_namespace(cls: type, *args: Any, **kwargs: Any) -> Any:
            native = jinja2.nativetypes.NativeTemplate
            self.count(self.created, cls, StreamTemplate, native)
            return plain_from_namespace(cls, *args, **kwargs)

        base.__init__ = init
        template._from_namespace = classmethod(from_namespace)

    @property
    def complete(self) -> bool:
        return bool(self.compiled["ours"] and self.created["ours"] and not self.foreign)

    def lines(self) -> list[str]:
        return [
            f"{what}: {counter['ours']} by streamtmpl, {counter['native']} by NativeEnvironment, "
            f"{counter['foreign']} by others"
            for what, counter in (
                ("templates compiled", self.compiled),
                ("template objects created", self.created),
            )
        ]


census = Census()
census.watch()
WAYS[os.environ["STREAMTMPL_CONFORMANCE"]]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    replace_imported_names(items)
    expect_differences(items)


def replace_imported_names(items: list[pytest.Item]) -> None:
    """Replace the classes that tests construct or derive from themselves.

    Only in the tests' own modules: streamtmpl and Jinja2 must go on seeing Jinja2's.
    """
    ours = {
        jinja2.environment.Template: StreamTemplate,
        jinja2.compiler.CodeGenerator: StreamCodeGenerator,
    }
    for module in {item.module for item in items if isinstance(item, pytest.Function)}:
        for name, value in list(vars(module).items()):
            if isinstance(value, type) and value in ours:
                setattr(module, name, ours[value])


def expect_differences(items: list[pytest.Item]) -> None:
    """Expect the listed tests to fail in an assertion; a list entry without a test is an error."""
    by_id = {item.nodeid: item for item in items}
    unknown = sorted(differences.DIFFERENT.keys() - by_id.keys())
    if unknown:
        raise pytest.UsageError(f"differences.py lists tests that do not exist: {unknown}")
    for nodeid, reason in differences.DIFFERENT.items():
        mark = pytest.mark.xfail(reason=reason, raises=AssertionError, strict=True)
        by_id[nodeid].add_marker(mark)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.exitstatus == pytest.ExitCode.OK and not census.complete:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any) -> None:
    way = os.environ["STREAMTMPL_CONFORMANCE"]
    terminalreporter.section(f"streamtmpl in Jinja2's place: {way}")
    for line in census.lines():
        terminalreporter.write_line(line)
    if not census.complete:
        terminalreporter.write_line("FAILED: every template must be ours, and at least one")
        for line in census.foreign:
            terminalreporter.write_line(f"  not ours: {line}")
