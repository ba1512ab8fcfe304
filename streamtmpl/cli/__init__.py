"""The ``streamtmpl`` command, which :func:`main` runs.

- ``command``: which command is meant; ``render``, ``doctor``, ``explain``, ``timeline``: these;
- ``arguments``, ``inputs``, ``running``: what they have in common; ``failure``: what they say about
  an error;
- ``data``, ``rows``: what templates are given, from ``files`` in ``delimited`` text and
  ``json_rows``; ``loader``: the templates; ``undefined``: names that nothing has been given for;
- ``destination``, ``progress``: where output goes; ``explained_text``: an explanation as text.
"""

from .command import main

__all__ = ["main"]
