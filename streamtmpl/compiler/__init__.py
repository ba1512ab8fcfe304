"""From Jinja2's syntax tree to a Python module of block-aligned chunk generators.

One file per concern, each a layer over the one before:

- :mod:`~streamtmpl.compiler.writing`: how functions begin, write, suspend, and what they know;
- ``expressions``, ``filters``: what may be awaited, and what filters pull from;
- ``lookups``, ``lifting``, ``calls``, ``shortcuts``: the quick ways, with Jinja2's own beside them;
- ``outputs``: runs, and the calls that stream;
- ``watching``, ``counters``, ``selecting``, ``loops``: ``{% for %}``;
- ``functions``: the module, roots, blocks and macros; ``inheritance``: blocks, includes, scopes.
"""

from jinja2.compiler import CodeGenerator

from .regions import RegionGenerator


class StreamCodeGenerator(RegionGenerator):
    """Jinja2's code generator, for templates that stream.

    Installed through :attr:`jinja2.Environment.code_generator_class`.
    """


__all__ = ["CodeGenerator", "StreamCodeGenerator"]
