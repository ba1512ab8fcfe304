"""Deferred regions and error boundaries, in tasks, in threads and in turn."""
