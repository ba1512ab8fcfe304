"""Each optimisation of the generated code keeps Jinja2's meaning: a file for each, at its edge.

An optimisation takes a short way for what templates mostly meet: exact ``dict`` and ``str``, plain
functions, Jinja2's own filters. These tests bring everything that is nearly that, and environments
in which a user has replaced what the short way leaves out.
"""
