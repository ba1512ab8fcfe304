"""Finds the templates of a command line: one file that is given by path, the others by name."""

import os
from collections.abc import Callable, Sequence

import jinja2

from .data import not_utf8


class FileLoader(jinja2.FileSystemLoader):
    """Loads the template file *path*, and by name what it extends, includes and imports.

    Names are looked for in *folders* and then in the file's own folder. The file itself is
    :attr:`main`: its path below the first of *folders* that holds it, else its last part. That
    name always means this file. A *path* that does not exist is looked for in *folders*.
    """

    def __init__(self, path: str, folders: Sequence[str]) -> None:
        """Find *path*.

        :raises jinja2.TemplateNotFound: there is no such file.
        """
        self._path = _find(path, folders)
        own_folder = os.path.dirname(self._path) or os.curdir
        super().__init__([*folders, own_folder])
        self.main = _name_below(self._path, [*folders, own_folder])

    def get_source(
        self, environment: jinja2.Environment, template: str
    ) -> tuple[str, str, Callable[[], bool]]:
        """Source, file name and freshness.

        :raises jinja2.TemplateError: it cannot be read.
        """
        try:
            if template == self.main:
                return self._main_source()
            return super().get_source(environment, template)
        except jinja2.TemplateNotFound as error:
            problem = f"template {template!r} not found in {_listed(self.searchpath)}"
            raise jinja2.TemplateNotFound(template, problem) from error
        except OSError as error:
            problem = f"template {template!r} cannot be read: {error.strerror}"
            raise jinja2.TemplateError(problem) from error
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            problem = f"template {template!r}, line {line}: {not_utf8(error.object[error.start])}"
            raise jinja2.TemplateError(problem) from error

    def _main_source(self) -> tuple[str, str, Callable[[], bool]]:
        with open(self._path, encoding=self.encoding) as file:
            return file.read(), self._path, lambda: True


def _find(path: str, folders: Sequence[str]) -> str:
    candidates = [path, *(os.path.join(folder, path) for folder in folders)]
    found = next(filter(os.path.exists, candidates), None)
    if found is None:
        elsewhere = f", nor below {_listed(folders)}" if folders else ""
        problem = f"template {path!r} not found: there is no such file{elsewhere}"
        raise jinja2.TemplateNotFound(path, problem)
    return found


def _listed(folders: Sequence[str]) -> str:
    return " or ".join(map(repr, folders))


def _name_below(path: str, folders: Sequence[str]) -> str:
    """The template name of *path*, which is in or below one of *folders*."""
    names = (os.path.relpath(path, folder) for folder in folders)
    name = next(name for name in names if name.split(os.sep)[0] != os.pardir)
    return name.replace(os.sep, "/")
