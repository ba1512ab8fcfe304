"""Environments as drop-ins for those of Jinja2, and the functions that render."""
