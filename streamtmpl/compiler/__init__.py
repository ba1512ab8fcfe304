"""From Jinja2's syntax tree to a Python module of block-aligned chunk generators.

One file per concern, each a layer over the one before: :mod:`~streamtmpl.compiler.writing` (how
functions begin, write and suspend), ``expressions``, ``outputs`` (runs and calls), ``loops``,
``functions`` (the module, roots, blocks, macros), ``inheritance`` (blocks, includes, scopes).
"""

from jinja2.compiler import CodeGenerator

from .inheritance import InheritanceGenerator
from .traits import traits


class StreamCodeGenerator(InheritanceGenerator):
    """Jinja2's code generator, for templates that stream.

    Installed through :attr:`jinja2.Environment.code_generator_class`.
    """


__all__ = ["CodeGenerator", "StreamCodeGenerator", "traits"]
