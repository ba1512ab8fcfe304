"""Deferred regions of sync environments: in turn, or in an executor's threads."""
