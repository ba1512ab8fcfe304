"""What the adapters of Flask and Quart have in common. Neither is imported here.

- ``config``: the keys of the configuration; ``extension``: how an application is set up;
- ``environment``: its template environment;
- ``contexts``, ``session``: those of a request while its response is streamed;
- ``compression``: streams that an extension is to compress.
"""
