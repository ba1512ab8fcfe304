"""From Jinja2's syntax tree to a Python module of block-aligned chunk generators.

The code generator is layers of one class, a file for each concern. From the lowest:

- :mod:`~streamtmpl.compiler.writing`: how functions begin, write and suspend, and what they know;
- ``expressions/``:

  - ``awaiting``: folding constants; what may be awaitable is awaited;
  - ``filters``: what filters pull from, and pipes of them;
  - ``lifting``: the statements that may precede an expression, and what a strategy is;
  - ``loop_attributes``: ``loop.index`` and its like, of loops that count;
  - ``lookups``, ``calls``, ``shortcuts``: the quick ways, with Jinja2's own beside them;
  - ``strategies``: the list of what is tried to get a value into a local, in order;

- ``texts``: the text of a value;
- ``outputs``: runs, and the calls that stream;
- ``branches``: ``{% if %}``;
- ``loops/``: ``{% for %}``;

  - ``watching``: the code around each pull;
  - ``counters``: which loops count;
  - ``selecting``: awaiting and testing items;
  - ``statement``: the loop as a whole;
  - ``joining``: inner loops of one run, which are one write where they can be;

- ``parts``: what a page still does where single blocks of it are asked for;
- ``functions``: the module, roots, blocks and macros;
- ``inheritance``: blocks, includes, and what else ends at a boundary;
- ``regions``: ``{% defer %}`` and ``{% boundary %}``.

They read ``analysis``, what is to be known of the tree, and ``loop_needs``, what of the bodies of
loops; ``traits``, what is to be known of the environment; and ``tags`` and ``region_tags``, which
parse the tags that Jinja2 does not have. ``plain_tags`` has these tags where nothing streams, and
``region_markup`` the end tags that may be left out around a region. ``records`` has the base of
their classes of named values, and ``runs`` a run of which text is known and where the rest will be.
Beside them are ``generated``, which compiles the module so that tracebacks show it, and
``bytecode``, which stores what that gives.
"""

from jinja2.compiler import CodeGenerator

from .regions import RegionGenerator


class StreamCodeGenerator(RegionGenerator):
    """Jinja2's code generator, for templates that stream.

    Installed through :attr:`jinja2.Environment.code_generator_class`.
    """


__all__ = ["CodeGenerator", "StreamCodeGenerator"]
