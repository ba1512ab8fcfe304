"""Adapters, behind the servers and frameworks that people run them on."""
