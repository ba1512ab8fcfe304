"""Deferred regions: what generated code asks for is fetched under the names of the vocabulary.

- ``region``: one region, and all changes of its state; ``snapshot``: what it sees of the variables;
- ``document``: the places of a stream's regions in the document, and their patches; ``groups``:
  which of them are shown together;
- ``threads``, ``tasks``: where they are rendered, in sync and in async environments;
- ``markup``, ``balancing``, ``patch_script``: how they get into their place; ``failures``: their
  errors; ``page_script``: what tells htmx and listeners of it;
- ``plain``: the tags in environments that do not stream.
"""

from streamtmpl.vocabulary import fetching

__getattr__ = fetching(__name__)
