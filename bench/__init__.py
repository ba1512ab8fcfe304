"""Time rendering the same pages with Jinja2, streamtmpl and other template engines.

``pip install -e '.[bench]'`` installs the engines, ``python -m bench --help`` explains the command.
The modules, in the order of the data flow:

- ``workloads``: what is rendered
- ``ways``: how a render is consumed
- ``peers/``: the engines, one file each, and ``installed``: which of them are there
- ``contest``: the check for equal output, and the timing
- ``report``: the Markdown table; ``plot``: the same as SVG and PNG

Other commands measure one thing each. ``--help`` explains them too, and docs/performance.rst says
how its results are made again.

- ``growth`` (with ``nesting``), ``first_chunk``, ``memory`` (with ``render_to_file``) and
  ``chunk_sizes`` (with ``wire``) share ``rounds``: timing side by side, ``findings``: what was
  found, ``command``: options and files, and ``panel_plot``
- ``compile`` (with ``pages``) and ``imports`` do so as well: what comes before the first render
- ``lazy_cost``, ``regions`` and ``responsiveness`` only print
"""
