"""Random and hand-written templates through both engines: Jinja2 is the oracle."""

import pytest

# The laws assert outside of test modules: show the values there too.
pytest.register_assert_rewrite(f"{__name__}.laws")
