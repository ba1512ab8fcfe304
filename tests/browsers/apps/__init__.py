"""Applications whose pages streamtmpl renders, for the servers of :mod:`tests.browsers.sites`."""
