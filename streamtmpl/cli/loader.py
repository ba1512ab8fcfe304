"""Finds the templates of a command line: one file that is given by path, the others by name."""

import os
from collections.abc import Callable, Sequence

import jinja2

from .destination import refuse_input
from .files import FileError, not_utf8


class FileLoader(jinja2.FileSystemLoader):
    """Loads the template file *path*, and by name what it extends, includes and imports.

    Names are looked for in *folders* and then in the file's own folder. The file itself is
    :attr:`main`: its path below the first of *folders* that holds it, else its last part. That
    name always means this file. A *path* that does not exist is looked for in *folders*.
    """

    def __init__(self, path: str, folders: Sequence[str], output: str | None = None) -> None:
        """Find *path*.

        :param output: the file that is written, which no template may be.
        :raises FileError: there is no such file.
        """
        self._path = _find(path, folders)
        self._output = output
        own_folder = os.path.dirname(self._path) or os.curdir
        super().__init__([*folders, own_folder])
        self.main = _name_below(self._path, [*folders, own_folder])

    def get_source(
        self, environment: jinja2.Environment, template: str
    ) -> tuple[str, str, Callable[[], bool]]:
        """Source, file name and freshness.

        :raises jinja2.TemplateNotFound: there is none of that name.
        :raises FileError: it cannot be read, or is to be written.
        """
        try:
            found = (
                self._main_source()
                if template == self.main
                else super().get_source(environment, template)
            )
        except jinja2.TemplateNotFound as error:
            problem = f"template {template!r} not found in {_listed(self.searchpath)}"
            raise jinja2.TemplateNotFound(template, problem) from error
        except OSError as error:
            problem = f"cannot be read: {error.strerror}"
            raise FileError(os.path.normpath(error.filename), None, problem) from error
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            problem = not_utf8(error.object[error.start])
            raise FileError(self._file_of(template), line, problem) from error
        refuse_input(self._output, found[1])
        return found

    def _main_source(self) -> tuple[str, str, Callable[[], bool]]:
        with open(self._path, encoding=self.encoding) as file:
            return file.read(), self._path, lambda: True

    def _file_of(self, template: str) -> str:
        """The file that was found by the name *template*."""
        if template == self.main:
            return self._path
        files = (os.path.join(folder, template) for folder in self.searchpath)
        return os.path.normpath(next(filter(os.path.isfile, files)))


def _find(path: str, folders: Sequence[str]) -> str:
    candidates = [path, *(os.path.join(folder, path) for folder in folders)]
    found = next(filter(os.path.exists, candidates), None)
    if found is None:
        elsewhere = f", nor one below {_listed(folders)}" if folders else ""
        raise FileError(path, None, f"template not found: there is no such file{elsewhere}")
    return found


def _listed(folders: Sequence[str]) -> str:
    return " or ".join(map(repr, folders))


def _name_below(path: str, folders: Sequence[str]) -> str:
    """The template name of *path*, which is in or below one of *folders*."""
    names = (os.path.relpath(path, folder) for folder in folders)
    name = next(name for name in names if name.split(os.sep)[0] != os.pardir)
    return name.replace(os.sep, "/")
