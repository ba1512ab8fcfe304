"""Time rendering the same pages with Jinja2, streamtmpl and other template engines.

``pip install -e '.[bench]'`` installs the engines, ``python -m bench --help`` explains the command.
The modules, in the order of the data flow:

- ``workloads``: what is rendered
- ``ways``: how a render is consumed
- ``peer_*``: the engines, one file each; ``peers``: which of them are installed
- ``contest``: the check for equal output, and the timing
- ``report``: the Markdown table; ``plot``: the same as SVG and PNG
"""
