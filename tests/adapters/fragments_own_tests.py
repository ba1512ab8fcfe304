"""Run jinja2-fragments' own tests with its blocks rendered by ``block=``.

    python tests/adapters/fragments_own_tests.py

The sources are cloned from GitHub into a temporary directory (or taken from ``--source``): the
archive on PyPI lacks the templates of the tests. They run twice: as they are, and with this file as
a pytest plugin, by which every environment of Jinja2 streams, and the four functions that the whole
package renders blocks with call ``render_block`` of our templates. The command fails if a test
fails in the second run only; none is meant to. It takes what those tests need:

    python -m pip install -e '.[test]' pytest-asyncio sanic-ext sanic-testing litestar

Where GitHub cannot be reached, it ends with status 77, which .ci/run takes for "not run".
"""

from __future__ import annotations

import argparse
import importlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
REPOSITORY = "https://github.com/sponsfreixes/jinja2-fragments"
NOT_RUN = 77


def main() -> int:
    parser = argparse.ArgumentParser(description="Run jinja2-fragments' own tests with block=.")
    parser.add_argument("--source", type=Path, help="its repository, if already at hand")
    parser.add_argument("pytest_args", nargs="*", help="arguments for pytest, after '--'")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="streamtmpl-fragments-") as scratch:
        source = options.source.resolve() if options.source else Path(scratch, "source")
        command = ["git", "clone", "--quiet", "--depth=1", REPOSITORY, str(source)]
        if not options.source and subprocess.run(command).returncode:
            print(f"{REPOSITORY} cannot be cloned")
            return NOT_RUN
        plain = failures(source, "plain", Path(scratch), options.pytest_args)
        parts = failures(source, "parts", Path(scratch), options.pytest_args)
    new = sorted(parts - plain)
    print(f"failing with and without streamtmpl: {', '.join(sorted(plain & parts)) or 'none'}")
    print(f"failing with streamtmpl only: {', '.join(new) or 'none'}")
    return 1 if new else 0


def failures(source: Path, way: str, scratch: Path, pytest_args: list[str]) -> set[str]:
    """Run the tests in one way; gives those that have failed."""
    command = [sys.executable, "-m", "pytest", "-p", "fragments_own_tests"]
    command += ["-p", "no:cacheprovider", "--quiet", "--tb=short", "tests", *pytest_args]
    report = scratch / f"failures-{way}"
    path = os.pathsep.join(map(str, (HERE, HERE.parents[1], source / "src")))
    environment = {**os.environ, "PYTHONPATH": path, "FRAGMENTS_OWN_TESTS": f"{way} {report}"}
    status = subprocess.run(command, cwd=source, env=environment).returncode
    if status not in (0, 1):
        sys.exit(
            f"pytest could not run the tests of jinja2-fragments ({way}): it ended with {status}"
        )
    return set(report.read_text().split("\n")) - {""}


def pytest_load_initial_conftests() -> None:
    """Put ``block=`` into jinja2-fragments, as a pytest plugin, before anything imports it."""
    way, report = os.environ["FRAGMENTS_OWN_TESTS"].split(" ", 1)
    Path(report).write_text("")
    if way == "parts":
        put_parts()


def put_parts() -> None:
    import jinja2  # noqa: PLC0415 - the command itself needs none of these

    from streamtmpl import UnknownBlockError  # noqa: PLC0415
    from streamtmpl.compiler import StreamCodeGenerator  # noqa: PLC0415
    from streamtmpl.environment import StreamTemplate  # noqa: PLC0415

    package: Any = importlib.import_module("jinja2_fragments")
    jinja2.Environment.code_generator_class = StreamCodeGenerator
    jinja2.Environment.template_class = StreamTemplate

    def not_found(error: UnknownBlockError, template: Any) -> Exception:
        missing = str(error).split("'")[1]
        found: Exception = package.BlockNotFoundError(missing, template)
        return found

    def render_block(
        environment: Any, template_name: Any, block_name: Any, *a: Any, **k: Any
    ) -> Any:
        try:
            return environment.get_template(template_name).render_block(block_name, *a, **k)
        except UnknownBlockError as error:
            raise not_found(error, template_name) from error

    async def render_block_async(
        environment: Any, template_name: Any, block_name: Any, *a: Any, **k: Any
    ) -> Any:
        template = environment.get_template(template_name)
        try:
            return await template.render_block_async(block_name, *a, **k)
        except UnknownBlockError as error:
            raise not_found(error, template_name) from error

    def of_several(function: Any) -> Any:
        def render(
            environment: Any, template_name: Any, block_names: Any, *a: Any, **k: Any
        ) -> Any:
            return function(environment, template_name, block_names, *a, **k)

        return render

    package.render_block, package.render_blocks = render_block, of_several(render_block)
    package.render_block_async = render_block_async
    package.render_blocks_async = of_several(render_block_async)


def pytest_runtest_logreport(report: Any) -> None:
    """Note a test that has failed."""
    if report.failed:
        _, path = os.environ["FRAGMENTS_OWN_TESTS"].split(" ", 1)
        with Path(path).open("a") as failed:
            failed.write(f"{report.nodeid}\n")


if __name__ == "__main__":
    sys.exit(main())
