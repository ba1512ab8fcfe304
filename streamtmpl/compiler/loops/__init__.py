"""``{% for %}``: ``statement``, and what belongs to it.

- ``counters``: which loops count; ``selecting``: the items and their test;
- ``watching``: slow sources; ``joining``: inner loops that are one write.
"""
