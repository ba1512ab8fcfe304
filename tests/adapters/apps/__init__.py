"""Small applications that the tests of the adapters start behind real servers."""
