"""The tests. Each directory is named after the part of the project that it tests."""
