"""Applications whose pages streamtmpl renders, for real servers: see :mod:`tests.browsers.sites`."""
